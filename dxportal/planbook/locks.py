"""The locks that a load obeys, as pages do, asked once a load instead of once a row."""

from functools import cached_property

from django.core.exceptions import ValidationError
from django.db import models

from accounts import audit
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import Organization
from accounts.rows import organization_path_of
from budgets.models import BudgetEntry
from budgets.services import SETTLEMENT_STAGES
from kpi.models import Actual, Target
from kpi.services import CYCLE_KINDS
from plans.entering import accepts_entry, note_entry
from plans.models import Plan, ReportingCycle, RoundItem
from projects.models import Review, ScheduleEntry


class Locks:
    """What one load may not change; `organization` and `plan` are set as they become known."""

    def __init__(self) -> None:
        self.organization: Organization | None = None
        self.plan: Plan | None = None
        self.why_plan_is_locked = ""
        self._written: set[tuple[str, int, int, str]] = set()

    def found_plan(self, stored: Plan) -> None:
        """What the plan says before the book changes it: no cell of a book opens a lock."""
        self.why_plan_is_locked = stored.why_rows_are_locked

    def refuse(self, instance: models.Model, before: audit.Values) -> None:
        """Raise ValidationError where the row, new or changed, is locked."""
        self.refuse_rows_of_plan(instance)
        self._refuse_asked(instance)
        if isinstance(instance, Actual):
            self._refuse_actual(instance, before)
        elif isinstance(instance, Target):
            if (instance.indicator_id, instance.fiscal_year) in self._settled_values:
                raise ValidationError({"value": "確定した年度の目標値は取込では変更できません。"})
        elif isinstance(instance, ReportingCycle) and before:
            raise ValidationError({"state": "照会の状態は取込では変更できません。"})
        elif isinstance(instance, Review) and instance.fiscal_year in self._settled_reviews:
            raise ValidationError({"result": "確定した年度の評価は取込では変更できません。"})

    def note_written(self, instance: models.Model) -> None:
        """Remember what was written of what rounds ask for."""
        if (asked := _asked_of(instance)) is not None and _says_something(instance):
            self._written.add((*asked, _round_of(instance)))

    def note_entries(self, actor: Actor) -> None:
        """What a book wrote counts as entered in its round, as what is written on a page does."""
        if not self._written:
            return
        kinds, things, years, _ = (set(part) for part in zip(*self._written, strict=True))
        items = RoundItem.objects.select_for_update(of=("self",)).filter(
            cycle__plan__organization=self.organization,
            cycle__fiscal_year__in=years,
            kind__in=kinds,
            object_id__in=things,
            state__in=RoundItem.ENTRY_STATES,
        )
        note_entry(
            actor,
            [
                item
                for item in items.select_related("cycle").order_by("pk")
                if (item.kind, item.object_id, item.cycle.fiscal_year, item.cycle.kind)
                in self._written
                and accepts_entry(item)
            ],
        )

    def refuse_rows_of_plan(self, instance: models.Model) -> None:
        """The rows of a superseded plan; its own row may come back into force."""
        if self.why_plan_is_locked and _belongs_to_plan(instance):
            raise Locked(self.why_plan_is_locked)

    def _refuse_asked(self, instance: models.Model) -> None:
        """What a round asks for is written while it may be entered, by an import as on a page."""
        asked = _asked_of(instance)
        if asked is not None and (reason := self._shut.get(asked)):
            raise ValidationError(f"{reason}ため、取込では変更できません。")

    def _refuse_actual(self, instance: Actual, before: audit.Values) -> None:
        # What the book says of the state must not open the lock: the stored state counts.
        state = before.get("state", instance.state) if before else ""
        if state in Actual.LOCKED_STATES:
            label = Actual.State(state).label
            raise ValidationError({"value": f"「{label}」の値は取込では変更できません。"})
        if (instance.indicator_id, instance.fiscal_year) in self._settled_values:
            raise ValidationError({"value": "確定した年度の値は取込では変更できません。"})

    @cached_property
    def _shut(self) -> dict[tuple[str, int, int], str]:
        """Why what rounds ask for may not be written now, by kind, thing and fiscal year."""
        cycles = ReportingCycle.objects.filter(plan__organization=self.organization)
        found = {}
        for cycle in cycles.prefetch_related("extensions"):
            closed = [] if cycle.accepts_entries() else [*RoundItem.ENTRY_STATES]
            for item in cycle.items.filter(state__in=[*RoundItem.LOCKED_STATES, *closed]):
                item.cycle = cycle
                if reason := _why_shut(item):
                    found[item.kind, item.object_id, cycle.fiscal_year] = reason
        return found

    @cached_property
    def _settled_values(self) -> set[tuple[int, int]]:
        """Indicators and years that a settled round of any plan holds; read after the uses."""
        return set(
            ReportingCycle.objects.settled()
            .filter(plan__organization=self.organization)
            .values_list("plan__indicator_uses__indicator_id", "fiscal_year")
        )

    @cached_property
    def _settled_reviews(self) -> set[int]:
        cycles = ReportingCycle.objects.settled().filter(plan=self.plan)
        return set(cycles.values_list("fiscal_year", flat=True))


def _says_something(instance: models.Model) -> bool:
    """Whether the row answers what is asked: a stage that is only planned does not."""
    return not isinstance(instance, ScheduleEntry) or bool(instance.actual)


def _round_of(instance: models.Model) -> str:
    """The kind of round that asks for the row; of a forecast, none does."""
    if not isinstance(instance, Actual):
        return ReportingCycle.Kind.ANNUAL
    return CYCLE_KINDS.get(instance.kind, "")


def _why_shut(item: RoundItem) -> str:
    """Why the item may not be written now, up to the word ため; empty if it may."""
    if item.state in RoundItem.LOCKED_STATES:
        return f"「{item.get_state_display()}」の"
    if accepts_entry(item):
        return ""
    if item.cycle.state in ReportingCycle.ENTRY_STATES:
        return "照会の期限を過ぎた"
    return f"照会が「{item.cycle.get_state_display()}」の"


def _belongs_to_plan(instance: models.Model) -> bool:
    path = organization_path_of(instance)
    # The one bare relation among a plan's rows is that of tags on its measures.
    return "plan" in path.split("__") or instance._meta.auto_created is not False


def _asked_of(instance: models.Model) -> tuple[str, int, int] | None:
    """Which thing of which year a round asks for with this row, if it is one of those."""
    match instance:
        case Actual():
            return RoundItem.Kind.ACTUAL, instance.indicator_id, instance.fiscal_year
        case Review() if instance.measure_id is not None:
            return RoundItem.Kind.REVIEW, instance.measure_id, instance.fiscal_year
        case Review() if instance.project_id is not None:
            return RoundItem.Kind.PROGRESS, instance.project_id, instance.fiscal_year
        case ScheduleEntry():
            return RoundItem.Kind.PROGRESS, instance.project_id, instance.fiscal_year
        case BudgetEntry() if instance.stage in SETTLEMENT_STAGES:
            return RoundItem.Kind.SETTLEMENT, instance.project_id, instance.fiscal_year
    return None
