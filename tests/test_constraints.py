"""Rules that are always true stand in the database: it refuses what Python let through."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, models, transaction

from accounts.models import Department, RoleAssignment
from budgets.models import BudgetEntry
from dxportal.models import ReportJob
from kpi.models import Actual, IndicatorUse, Target
from plans.models import Measure, Plan, ReportingCycle, Submission
from projects.models import Placement, Review, ScheduleEntry
from tests.cast import THIS_YEAR, Cast


def sources(**amounts: int | None) -> dict[str, int | None]:
    return dict.fromkeys(BudgetEntry.SOURCES, 0) | amounts


BREACHES: dict[str, Callable[[Cast], models.Model]] = {
    "department_dates_in_order": lambda c: Department(
        organization=c.city, key="x", name="x", valid_from="2024-04-01", valid_to="2024-03-31"
    ),
    "department_key_unique": lambda c: Department(organization=c.city, key="観光課", name="x"),
    "role_assignment_unique_organization": lambda c: RoleAssignment(
        user=c.viewer, role="viewer", organization=c.city
    ),
    "plan_years_in_order": lambda c: Plan(
        organization=c.city, key="x", name="x", first_fiscal_year=2025, last_fiscal_year=2024
    ),
    "measure_key_unique": lambda c: Measure(
        plan=c.plan, level=c.levels["area"], key="観光", name="x"
    ),
    "cycle_unique": lambda c: ReportingCycle(plan=c.plan, fiscal_year=THIS_YEAR),
    "cycle_grace_after_it_closes": lambda c: ReportingCycle(
        plan=c.plan, fiscal_year=2030, grace_until="2024-04-01T00:00Z"
    ),
    "submission_returned_with_reason": lambda c: Submission(
        cycle=c.open_cycle, department=c.departments["観光課"], state="returned"
    ),
    "submission_not_approved_by_submitter": lambda c: Submission(
        cycle=c.open_cycle,
        department=c.departments["観光課"],
        submitted_by=c.editor,
        approved_by=c.editor,
    ),
    "placement_one_primary_per_plan": lambda c: Placement(
        plan=c.plan, measure=c.measures["観光2"], project=c.projects["観光1-1-7"], code="x"
    ),
    "schedule_says_something": lambda c: ScheduleEntry(
        project=c.projects["教育1-1"], fiscal_year=2024
    ),
    "review_of_one_thing": lambda c: Review(
        plan=c.plan,
        fiscal_year=2030,
        measure=c.measures["観光1"],
        project=c.projects["教育1-1"],
    ),
    "review_unique_measure": lambda c: Review(
        plan=c.plan, fiscal_year=2024, measure=c.measures["観光1"]
    ),
    "indicator_use_of_one_thing": lambda c: IndicatorUse(
        plan=c.plan, indicator=c.indicators["立案数"], role="kpi"
    ),
    "target_says_something": lambda c: Target(indicator=c.indicators["立案数"], fiscal_year=2030),
    "target_one_current": lambda c: Target(
        indicator=c.indicators["立案数"], fiscal_year=2024, revision=1, value=1
    ),
    "actual_unique": lambda c: Actual(indicator=c.indicators["立案数"], fiscal_year=2024, value=1),
    "actual_value_only_when_reported": lambda c: Actual(
        indicator=c.indicators["立案数"], fiscal_year=2030, value=1, status="not_yet"
    ),
    "actual_reported_says_something": lambda c: Actual(
        indicator=c.indicators["立案数"], fiscal_year=2030, status="reported"
    ),
    "actual_numerator_with_denominator": lambda c: Actual(
        indicator=c.indicators["立案数"], fiscal_year=2030, value=1, numerator=1
    ),
    "budget_sources_sum_to_amount": lambda c: BudgetEntry(
        project=c.projects["教育1-1"],
        fiscal_year=2024,
        stage="initial",
        amount=100,
        **sources(national=99),
    ),
    "budget_sources_all_or_none": lambda c: BudgetEntry(
        project=c.projects["教育1-1"],
        fiscal_year=2024,
        stage="initial",
        amount=100,
        **sources(national=100, bond=None),
    ),
    "budget_negative_only_in_changes": lambda c: BudgetEntry(
        project=c.projects["教育1-1"], fiscal_year=2024, stage="initial", amount=-1
    ),
    "budget_zero_has_no_amount": lambda c: BudgetEntry(
        project=c.projects["教育1-1"],
        fiscal_year=2024,
        stage="initial",
        amount=1,
        is_zero_budget=True,
    ),
    "budget_number_of_supplementary": lambda c: BudgetEntry(
        project=c.projects["教育1-1"], fiscal_year=2024, stage="supplementary", amount=1
    ),
    "report_job_done_with_file": lambda c: ReportJob(
        plan=c.plan, fiscal_year=2024, format="pdf", state="done"
    ),
    "report_job_failed_with_reason": lambda c: ReportJob(
        plan=c.plan, fiscal_year=2024, format="pdf", state="failed"
    ),
    "report_job_running_is_claimed": lambda c: ReportJob(
        plan=c.plan, fiscal_year=2024, format="pdf", state="running"
    ),
}


@pytest.mark.parametrize("name", BREACHES)
def test_the_database_refuses(cast: Cast, name: str) -> None:
    row = BREACHES[name](cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_what_keeps_the_rules_is_taken(cast: Cast) -> None:
    project = cast.projects["教育1-1"]
    BudgetEntry.objects.create(
        project=project, fiscal_year=2024, stage="initial", amount=100, **sources(national=100)
    )
    BudgetEntry.objects.create(
        project=project, fiscal_year=2024, stage="supplementary", number=1, amount=-40
    )
    BudgetEntry.objects.create(project=project, fiscal_year=2025, stage="initial", amount=None)
    assert BudgetEntry.objects.visible_to(cast.viewer).count() == 3
    assert not BudgetEntry.objects.visible_to(cast.outsider).exists()
