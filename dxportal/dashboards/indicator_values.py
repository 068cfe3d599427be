"""The scope's indicators with all their years, judged: read once for a page."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Prefetch
from django.utils.http import urlencode

from dxportal.dashboards.scope import Scope
from kpi.models import Actual, Indicator, IndicatorUse, Target
from kpi.names import name_after_use, told_apart
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues, years_of

ALWAYS_SHOWN = (Outcome.REACHED, Outcome.NOT_REACHED, Outcome.NOT_ENTERED, Outcome.NOT_YET)


@dataclass
class RoleOutcomes:
    """The indicators of one role in the plan, judged for the year."""

    role: IndicatorUse.Role
    years: list[YearValues]
    counts: Counter[Outcome]
    link: str

    @property
    def total(self) -> int:
        return len(self.years)

    @property
    def judged(self) -> int:
        return self.counts[Outcome.REACHED] + self.counts[Outcome.NOT_REACHED]

    @property
    def reached(self) -> int:
        return self.counts[Outcome.REACHED]

    @property
    def reached_link(self) -> str:
        return self.link_of(Outcome.REACHED)

    def link_of(self, outcome: Outcome) -> str:
        """Empty where there is no list to lead to."""
        return self.link and f"{self.link}&{urlencode({'outcome': outcome.value})}"


@dataclass(frozen=True)
class OutcomeLine:
    """One outcome with its number and link for each role."""

    outcome: Outcome
    cells: list[tuple[int, str]]


class IndicatorValues:
    """Four queries, however many indicators there are."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._by_role: dict[int, dict[str, RoleOutcomes]] = {}

    @cached_property
    def all_uses(self) -> list[IndicatorUse]:
        """The plan's uses of any indicator, in the scope or not."""
        uses = IndicatorUse.objects.filter(plan=self.scope.plan).order_by("position", "pk")
        return list(uses) if self.scope.past is None else self.scope.past.existed(uses)

    @cached_property
    def uses(self) -> list[IndicatorUse]:
        """The plan's uses of the scope's indicators."""
        known = {row.pk for row in self.rows}
        return [use for use in self.all_uses if use.indicator_id in known]

    @cached_property
    def rows(self) -> list[Indicator]:
        rows = self.scope.indicators.order_by("key").prefetch_related(
            Prefetch("targets", Target.objects.order_by("fiscal_year", "revision")),
            Prefetch("actuals", Actual.objects.order_by("fiscal_year")),
        )
        found = list(rows) if self.scope.past is None else self.scope.past.indicators(rows)
        name_after_use(found)
        return found

    @cached_property
    def years(self) -> dict[int, dict[int, YearValues]]:
        """Indicator → fiscal year of the plan → its values."""
        plan = self.scope.plan
        return {
            row.pk: {
                values.fiscal_year: values
                for values in years_of(row, plan.fiscal_years, plan.later_editions)
            }
            for row in self.rows
        }

    @cached_property
    def apart(self) -> dict[int, str]:
        """Indicator → what tells it from others of its name (`kpi.names.told_apart`)."""
        places = {place.project_id: place.project.name for place in self.scope.primary_places}
        names: dict[int, str] = {}
        for use in self.uses:
            measure = self.scope.by_pk.get(use.measure_id)
            name = measure.title if measure else places.get(use.project_id, "")
            names.setdefault(use.indicator_id, name)
        return told_apart(self.rows, names)

    def by_role(self, fiscal_year: int | None = None) -> dict[str, RoleOutcomes]:
        """By role; an indicator with two uses in the same role counts once."""
        year = fiscal_year or self.scope.fiscal_year
        if year not in self._by_role:
            self._by_role[year] = self._judged(year)
        return self._by_role[year]

    def _judged(self, year: int) -> dict[str, RoleOutcomes]:
        found = {}
        for role in IndicatorUse.Role:
            chosen = {use.indicator_id for use in self.uses if use.role == role}
            years = [self.years[row.pk][year] for row in self.rows if row.pk in chosen]
            if years:
                link = self._list_of(role, year)
                counts = Counter(outcome_of(values) for values in years)
                found[role.value] = RoleOutcomes(role, years, counts, link)
        return found

    def _list_of(self, role: IndicatorUse.Role, fiscal_year: int) -> str:
        """Where the indicators stand that were counted: lists are of today, so a day has none."""
        if self.scope.as_of is not None:
            return ""
        return self.scope.address("kpi:indicator_list", role=role.value, fiscal_year=fiscal_year)


def outcome_lines(outcomes: dict[str, RoleOutcomes]) -> list[OutcomeLine]:
    """Every outcome that occurs, and always the four that one looks for."""
    return [
        OutcomeLine(
            outcome, [(role.counts[outcome], role.link_of(outcome)) for role in outcomes.values()]
        )
        for outcome in Outcome
        if outcome in ALWAYS_SHOWN or any(role.counts[outcome] for role in outcomes.values())
    ]


def worst(outcomes: dict[str, RoleOutcomes], most: int = 10) -> list[YearValues]:
    """KPIs that missed their target, the farthest first; without a rate last."""
    kpi = outcomes.get(IndicatorUse.Role.KPI)
    missed = [
        values for values in (kpi.years if kpi else []) if outcome_of(values) == Outcome.NOT_REACHED
    ]
    return sorted(missed, key=_distance)[:most]


def _distance(values: YearValues) -> tuple[bool, object, str]:
    percent = values.achievement.percent
    return (percent is None, percent or 0, values.indicator.key)
