"""The locks that a load obeys, as pages do, asked once a load instead of once a row."""

from functools import cached_property

from django.core.exceptions import ValidationError
from django.db import models

from accounts import audit
from accounts.editing import Locked
from accounts.models import Organization
from accounts.rows import organization_path_of
from budgets.models import BudgetEntry
from budgets.services import SETTLEMENT_STAGES
from kpi.models import Actual, Target
from plans.models import Plan, ReportingCycle, RoundItem
from projects.models import Review, ScheduleEntry


class Locks:
    """What one load may not change; `organization` and `plan` are set as they become known."""

    def __init__(self) -> None:
        self.organization: Organization | None = None
        self.plan: Plan | None = None
        self.why_plan_is_locked = ""

    def found_plan(self, stored: Plan) -> None:
        """What the plan says before the book changes it: no cell of a book opens a lock."""
        self.why_plan_is_locked = stored.why_rows_are_locked

    def refuse(self, instance: models.Model, before: audit.Values) -> None:
        """Raise ValidationError where the row, new or changed, is locked."""
        self.refuse_rows_of_plan(instance)
        self._refuse_submitted(instance)
        if isinstance(instance, Actual):
            self._refuse_actual(instance, before)
        elif isinstance(instance, Target):
            if (instance.indicator_id, instance.fiscal_year) in self._settled_values:
                raise ValidationError({"value": "確定した年度の目標値は取込では変更できません。"})
        elif isinstance(instance, ReportingCycle) and before:
            raise ValidationError({"state": "照会の状態は取込では変更できません。"})
        elif isinstance(instance, Review) and instance.fiscal_year in self._settled_reviews:
            raise ValidationError({"result": "確定した年度の評価は取込では変更できません。"})

    def refuse_rows_of_plan(self, instance: models.Model) -> None:
        """The rows of a superseded plan; its own row may come back into force."""
        if self.why_plan_is_locked and _belongs_to_plan(instance):
            raise Locked(self.why_plan_is_locked)

    def _refuse_submitted(self, instance: models.Model) -> None:
        """What a department has submitted waits for its approver, for an import as for a page."""
        asked = _asked_of(instance)
        if asked is not None and (state := self._submitted.get(asked)):
            label = RoundItem.State(state).label
            raise ValidationError(f"「{label}」のため、取込では変更できません。")

    def _refuse_actual(self, instance: Actual, before: audit.Values) -> None:
        # What the book says of the state must not open the lock: the stored state counts.
        state = before.get("state", instance.state) if before else ""
        if state in Actual.LOCKED_STATES:
            label = Actual.State(state).label
            raise ValidationError({"value": f"「{label}」の値は取込では変更できません。"})
        if (instance.indicator_id, instance.fiscal_year) in self._settled_values:
            raise ValidationError({"value": "確定した年度の値は取込では変更できません。"})

    @cached_property
    def _submitted(self) -> dict[tuple[str, int, int], str]:
        """The states of what is submitted, approved or final, by kind, thing and fiscal year."""
        items = RoundItem.objects.filter(
            cycle__plan__organization=self.organization, state__in=RoundItem.LOCKED_STATES
        )
        return {
            (kind, object_id, fiscal_year): state
            for kind, object_id, fiscal_year, state in items.values_list(
                "kind", "object_id", "cycle__fiscal_year", "state"
            )
        }

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
