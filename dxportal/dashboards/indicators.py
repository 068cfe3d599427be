"""The road to the last year's target, what is at risk, and which indicators have gaps."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from dxportal.dashboards.indicator_values import IndicatorValues
from dxportal.dashboards.projection import Projection, Verdict, project, verdict
from dxportal.dashboards.scope import Scope
from kpi.achievement import Achievement, achievement_of
from kpi.charts import BarRow, Bars, Segment
from kpi.models import Actual, Indicator, IndicatorUse
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues
from plans.models import Measure

YEARS_UNCHANGED = 3  # so many equal actuals in a row, and no other, are 「変わっていない」


@dataclass(frozen=True)
class Road:
    """A KPI on its way: where it stands, the last target, and what the line through it says."""

    indicator: Indicator
    this_year: YearValues
    latest: YearValues | None
    last_target: YearValues | None
    projection: Projection | None
    verdict: Verdict
    measure: Measure | None = None  # where the plan uses it first: names are not unique

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.this_year)

    @property
    def against_last_target(self) -> Achievement:
        """The newest actual beside the last year's target, by the indicator's own rule."""
        target = self.last_target.target if self.last_target else None
        actual = self.latest.actual if self.latest else None
        return achievement_of(self.indicator, target, actual)

    @property
    def projection_text(self) -> str:
        return self.projection.text(self.indicator) if self.projection else ""

    @property
    def is_at_risk(self) -> bool:
        return self.verdict is Verdict.UNLIKELY or self.outcome is Outcome.NOT_REACHED

    @property
    def risk_words(self) -> str:
        words = [str(self.outcome.label)] if self.outcome is Outcome.NOT_REACHED else []
        if self.verdict is Verdict.UNLIKELY:
            words.append(f"最終目標に{self.verdict.value}")
        return "、".join(words)


@dataclass(frozen=True)
class Gap:
    """Indicators that lack something, and the list of them where a filter can name them."""

    title: str
    text: str
    indicators: list[Indicator]
    link: str = ""


class IndicatorRoads:
    """Only figures up to the shown year are known to it, as if looked at in that year."""

    def __init__(self, scope: Scope, values: IndicatorValues) -> None:
        self.scope, self.values = scope, values

    @cached_property
    def kpis(self) -> list[Road]:
        """The indicators used as KPI or outcome of a measure, in the order of the plan."""
        roles = (IndicatorUse.Role.KPI, IndicatorUse.Role.OUTCOME)
        places: dict[int, tuple[int, int]] = {}
        measures: dict[int, Measure | None] = {}
        for use in self.values.uses:
            if use.role in roles:
                rank = self.scope.order.get(use.measure_id, len(self.scope.order))
                places.setdefault(use.indicator_id, (rank, use.position))
                measures.setdefault(use.indicator_id, self.scope.by_pk.get(use.measure_id))
        chosen = [row for row in self.values.rows if row.pk in places]
        chosen.sort(key=lambda row: (places[row.pk], row.key))
        return [self.road(row, measures[row.pk]) for row in chosen]

    def road(self, indicator: Indicator, measure: Measure | None = None) -> Road:
        years = self.values.years[indicator.pk]
        now = self.scope.fiscal_year
        known = {
            actual.fiscal_year: actual.value
            for actual in indicator.actuals.all()
            if actual.kind == Actual.Kind.ACTUAL
            and actual.fiscal_year <= now
            and actual.has_number
            and actual.value is not None
        }
        latest = max((year for year in known if year in years), default=None)
        aimed = [
            values for values in years.values() if values.target and values.target.value is not None
        ]
        last = aimed[-1] if aimed else None
        seen = project(_decimals(known), last.fiscal_year) if last else None
        return Road(
            indicator=indicator,
            this_year=years[now],
            latest=years[latest] if latest else None,
            last_target=last,
            projection=seen,
            verdict=verdict(indicator, last.target if last else None, seen),
            measure=measure,
        )

    @property
    def at_risk(self) -> list[Road]:
        return [road for road in self.kpis if road.is_at_risk]

    def verdicts(self) -> list[tuple[Verdict, int]]:
        return [(kind, sum(road.verdict is kind for road in self.kpis)) for kind in Verdict]

    def verdict_chart(self) -> Bars | None:
        if not self.kpis:
            return None
        segments = tuple(
            Segment(kind.value, shade) for kind, shade in zip(Verdict, (2, 1, 3, 0), strict=True)
        )
        return Bars(
            "最終目標への見込み（KPI・成果指標の数）",
            segments,
            (BarRow("KPI・成果指標", tuple(count for _, count in self.verdicts())),),
        )

    def gaps(self) -> list[Gap]:
        """What managers ask for: nobody entered, without owner, without target, never changed."""
        year, rows = self.scope.fiscal_year, self.values.rows
        at = self.values.years

        def listed(**conditions: str) -> str:
            """The list of today; a past day has its names on the page alone."""
            if self.scope.as_of is not None:
                return ""
            return self.scope.address("kpi:indicator_list", **conditions)

        return [
            Gap(
                "実績が入力されていない",
                f"{self.scope.year.label}に測定する指標のうち、だれも入力していないもの",
                [row for row in rows if outcome_of(at[row.pk][year]) is Outcome.NOT_ENTERED],
                listed(outcome=Outcome.NOT_ENTERED.value),
            ),
            Gap(
                "所管課がない",
                "だれが入力し、答えるかが決まっていないもの",
                [row for row in rows if row.department_id is None],
                listed(no_department="true"),
            ),
            Gap(
                "目標がない",
                "計画の期間のどの年度にも目標（数値・文字）がないもの",
                [row for row in rows if not any(v.target for v in at[row.pk].values())],
            ),
            Gap(
                "値が変わっていない",
                f"{year}年度までの実績が{YEARS_UNCHANGED}年度分以上あり、すべて同じ値のもの",
                [row for row in rows if self._never_changed(row)],
            ),
        ]

    def _never_changed(self, indicator: Indicator) -> bool:
        numbers = [
            actual.value
            for actual in indicator.actuals.all()
            if actual.kind == Actual.Kind.ACTUAL
            and actual.has_number
            and actual.fiscal_year <= self.scope.fiscal_year
        ]
        return len(numbers) >= YEARS_UNCHANGED and len(set(numbers)) == 1


def _decimals(known: dict[int, Decimal | None]) -> dict[int, Decimal]:
    return {year: value for year, value in known.items() if value is not None}
