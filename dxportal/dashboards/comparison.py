"""The key figures beside those of the year before, or of a past day beside those of now."""

from dataclasses import dataclass

from dxportal.dashboards.figures import Figures
from dxportal.dashboards.scope import Scope
from kpi.models import IndicatorUse
from plans import fiscal_years

BEHIND = "遅れている施策"


@dataclass(frozen=True)
class Compared:
    """One figure twice; None where there is nothing to count."""

    label: str
    before: int | None
    now: int | None
    unit: str
    link_before: str
    link_now: str
    source: str  # the name of the figure's sum among the page's sources
    source_before: str = ""  # of a past day, what is now has its source on the page of now

    @property
    def difference(self) -> int | None:
        if self.before is None or self.now is None:
            return None
        return self.now - self.before

    @property
    def difference_text(self) -> str:
        if self.difference is None:
            return "—"
        sign = "+" if self.difference > 0 else "±" if self.difference == 0 else "−"
        return f"{sign}{abs(self.difference):,}"


@dataclass(frozen=True)
class Comparison:
    """`word` names the earlier one in a sentence (前年度, その日)."""

    title: str
    word: str
    before: str
    now: str
    rows: list[Compared]

    @property
    def behind(self) -> Compared | None:
        return next((row for row in self.rows if row.label == BEHIND), None)


def compare_with_last_year(figures: Figures) -> Comparison | None:
    """None in the plan's first year."""
    scope = figures.scope
    year, last = scope.fiscal_year, scope.fiscal_year - 1
    if not figures.has_last_year:
        return None
    standing = figures.standing

    def link(name: str, of_year: int, **more: object) -> str:
        return scope.address(name, fiscal_year=of_year, **more)

    behind = [standing.behind(last), standing.behind(year)]
    marked = [standing.marked(last), standing.marked(year)]
    rows = [
        Compared(
            BEHIND,
            len(behind[0]) if marked[0] else None,
            len(behind[1]) if marked[1] else None,
            "件",
            link("dashboard", last) + "#behind-title",
            link("dashboard", year) + "#behind-title",
            *("reviews", "reviews-last"),
        ),
        Compared(
            "評価の記載がある施策", marked[0], marked[1], "件",
            link("dashboard", last), link("dashboard", year), "reviews", "reviews-last",
        ),
    ]  # fmt: skip
    role = IndicatorUse.Role.KPI.value
    kpi = [figures.values.by_role(last).get(role), figures.kpi]
    if kpi[0] is not None and kpi[1] is not None:
        rows += [
            Compared(
                "目標に達したKPI",
                kpi[0].reached if kpi[0].judged else None,
                kpi[1].reached if kpi[1].judged else None,
                "件",
                kpi[0].reached_link, kpi[1].reached_link, "kpi", "kpi-last",
            ),
            Compared(
                "判定できるKPI", kpi[0].judged, kpi[1].judged, "件",
                kpi[0].link, kpi[1].link, "kpi", "kpi-last",
            ),
        ]  # fmt: skip
    sums = [figures.last_budget.total.amounts.current, figures.budget.total.amounts.current]
    if any(amount is not None for amount in sums):
        rows.append(
            Compared(
                "予算現額", sums[0], sums[1], "円",
                link("dashboard:budgets", last), link("dashboard:budgets", year),
                "budget", "budget-last",
            )
        )  # fmt: skip
    return Comparison(
        "前年度との比較", "前年度", fiscal_years.long_form(last), scope.year.label, rows
    )


def compare_with_today(then: Figures, now: Figures) -> Comparison:
    """The same year's figures on a past day, and as they are now."""
    day = then.scope.as_of
    before_text = f"{day:%Y年%-m月%-d日}" if day else ""
    rows = [
        Compared(
            label, before, after, unit, _at(then.scope, place), _at(now.scope, place), "", source
        )
        for (label, unit, source, place, before), (_, _, _, _, after) in zip(
            _key_figures(then), _key_figures(now), strict=True
        )
        if before is not None or after is not None
    ]
    return Comparison("その日からの変化", "その日", before_text, "いま", rows)


Place = tuple[str, str]  # a dashboard and an anchor on it


def _at(scope: Scope, place: Place) -> str:
    return f"{scope.address(place[0])}#{place[1]}"


def _key_figures(figures: Figures) -> list[tuple[str, str, str, Place, int | None]]:
    """Each figure with its unit, its sum among the sources, and the table that it counts."""
    standing, kpi, money = figures.standing, figures.kpi, figures.budget.total.amounts
    marked = standing.marked()
    road: Place = ("dashboard:indicators", "road-title")
    return [
        (BEHIND, "件", "reviews", ("dashboard", "behind-title"),
         len(standing.behind()) if marked else None),
        ("評価の記載がある施策", "件", "reviews", ("dashboard", "areas-title"), marked),
        ("目標に達したKPI", "件", "kpi", road, kpi.reached if kpi else None),
        ("判定できるKPI", "件", "kpi", road, kpi.judged if kpi else None),
        ("注意が必要なKPI", "件", "risk", ("dashboard:indicators", "risk-title"),
         len(figures.roads.at_risk) if kpi else None),
        ("遅れている事業", "件", "projects", ("dashboard:projects", "late-title"),
         len(figures.schedule.late) if figures.schedule.judged else None),
        ("予算現額", "円", "budget", ("dashboard:budgets", "stages-title"), money.current),
        ("決算", "円", "budget", ("dashboard:budgets", "stages-title"), money.settled),
    ]  # fmt: skip
