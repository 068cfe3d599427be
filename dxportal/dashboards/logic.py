"""Activity against outcome, measure by measure (ロジックモデル)."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from dxportal.dashboards.budgets import Budget, BudgetGroup, BudgetLine
from dxportal.dashboards.indicator_values import IndicatorValues
from dxportal.dashboards.scope import Scope
from kpi.models import IndicatorUse
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues
from plans.models import Measure, TargetState


class Reading(Enum):
    """What the two together say; a question to ask, not a judgement."""

    BOTH = "活動も成果も目標に達した"
    ACTIVITY_ALONE = "活動は達したが、成果が届かない"
    OUTCOME_ALONE = "成果は達したが、活動が届かない"
    NEITHER = "活動も成果も届かない"
    UNKNOWN = "判定できない"


@dataclass(frozen=True)
class LogicRow:
    """One measure with outcome indicators, and what is done at and below it."""

    measure: Measure
    states: list[TargetState]
    budget: BudgetGroup
    activities: list[YearValues]
    outcomes: list[YearValues]
    apart: dict[int, str]

    @property
    def activity(self) -> tuple[int, int]:
        return _tally(self.activities)

    @property
    def outcome(self) -> tuple[int, int]:
        return _tally(self.outcomes)

    @property
    def reading(self) -> Reading:
        """Met where all that can be judged have reached their targets."""
        (done, of_activities), (come, of_outcomes) = self.activity, self.outcome
        if not of_activities or not of_outcomes:
            return Reading.UNKNOWN
        match done == of_activities, come == of_outcomes:
            case True, True:
                return Reading.BOTH
            case True, False:
                return Reading.ACTIVITY_ALONE
            case False, True:
                return Reading.OUTCOME_ALONE
        return Reading.NEITHER


def _tally(values: list[YearValues]) -> tuple[int, int]:
    """How many reached, of how many that can be judged."""
    counts = Counter(outcome_of(value) for value in values)
    return counts[Outcome.REACHED], counts[Outcome.REACHED] + counts[Outcome.NOT_REACHED]


class LogicModel:
    """The measures that have a KPI or outcome indicator of their own."""

    def __init__(self, scope: Scope, values: IndicatorValues) -> None:
        self.scope, self.values = scope, values

    @cached_property
    def rows(self) -> list[LogicRow]:
        outcomes: dict[int, list[int]] = defaultdict(list)
        activities: dict[int, list[int]] = defaultdict(list)
        places = {place.project_id: place.measure_id for place in self.scope.primary_places}
        for use in self.values.uses:
            if use.measure_id and use.role != IndicatorUse.Role.ACTIVITY:
                outcomes[use.measure_id].append(use.indicator_id)
            at = use.measure_id or places.get(use.project_id)
            if use.role == IndicatorUse.Role.ACTIVITY and at:
                for measure in self.scope.line_of(at):
                    activities[measure.pk].append(use.indicator_id)
        lines: dict[int, list[BudgetLine]] = defaultdict(list)
        for line in Budget(self.scope).lines:
            for measure in self.scope.line_of(line.measure.pk):
                lines[measure.pk].append(line)
        states: dict[int, list[TargetState]] = defaultdict(list)
        for state in TargetState.objects.filter(measure__plan=self.scope.plan).select_related(
            "phase"
        ):
            if (
                state.phase.first_fiscal_year
                <= self.scope.fiscal_year
                <= state.phase.last_fiscal_year
            ):
                states[state.measure_id].append(state)
        return [
            LogicRow(
                measure,
                states[measure.pk],
                BudgetGroup(str(measure), lines[measure.pk], measure),
                self._values(activities[measure.pk]),
                self._values(outcomes[measure.pk]),
                self.values.apart,
            )
            for measure in self.scope.measures
            if measure.pk in outcomes
        ]

    def _values(self, indicators: list[int]) -> list[YearValues]:
        """Each indicator once."""
        year = self.scope.fiscal_year
        return [self.values.years[pk][year] for pk in dict.fromkeys(indicators)]

    def readings(self) -> list[tuple[Reading, int]]:
        return [(kind, sum(row.reading is kind for row in self.rows)) for kind in Reading]
