"""What departments have in their charge from a day on: what a reorganisation hands over.

Plans that are over or superseded, and rounds that are settled, stay with the department of their
day, so they are not found here.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from accounts.models import Department, RoleAssignment
from kpi.models import Indicator
from plans import fiscal_years
from plans.models import Measure, Plan, ReportingCycle, RoundItem, Submission
from projects.models import ProjectDepartment

Thing = tuple[str, int]  # a model's label and a row's number


@dataclass(frozen=True)
class OpenItem:
    """One thing that changes hands, or a person's role, with the words that tell it."""

    row: models.Model
    old_id: int
    kind: str
    name: str
    place: str = ""

    @property
    def thing(self) -> Thing:
        return self.row._meta.label_lower, self.row.pk

    @property
    def field_name(self) -> str:
        """The form field that asks who gets it."""
        return f"to-{self.row._meta.model_name}-{self.row.pk}"


def open_plans(organization_id: int, on: datetime.date) -> models.QuerySet:
    return Plan.objects.filter(
        organization_id=organization_id, last_fiscal_year__gte=fiscal_years.fiscal_year_of(on)
    ).exclude(status=Plan.Status.SUPERSEDED)


def things_of(
    organization_id: int,
    olds: Iterable[Department],
    on: datetime.date,
    ending: Iterable[Department],
) -> list[OpenItem]:
    """Departments below, measures, projects and indicators; a fixed number of queries.

    Of the departments below, those that end themselves (`ending`) stay where they are.
    """
    pks = [old.pk for old in olds]
    plans = list(open_plans(organization_id, on).values_list("pk", flat=True))
    return [
        *_below(pks, on, [row.pk for row in ending]),
        *_measures(pks, plans),
        *_projects(pks, plans),
        *_indicators(pks, plans),
    ]


def _below(pks: list[int], on: datetime.date, ending: list[int]) -> Iterator[OpenItem]:
    rows = Department.objects.filter(parent__in=pks).on(on).exclude(pk__in=ending)
    for row in rows:
        assert row.parent_id is not None  # by the filter
        yield OpenItem(row, row.parent_id, "下の部局", row.name)


def _measures(pks: list[int], plans: list[int]) -> Iterator[OpenItem]:
    rows = Measure.objects.filter(department__in=pks, plan__in=plans).select_related("plan")
    for row in rows.order_by("plan", "position", "pk"):
        assert row.department_id is not None  # by the filter
        yield OpenItem(row, row.department_id, "施策", str(row), str(row.plan))


def _projects(pks: list[int], plans: list[int]) -> Iterator[OpenItem]:
    rows = ProjectDepartment.objects.filter(department__in=pks, plan__in=plans)
    for row in rows.select_related("plan", "project").order_by("plan", "project__key", "position"):
        yield OpenItem(row, row.department_id, "事業", row.project.name, str(row.plan))


def _indicators(pks: list[int], plans: list[int]) -> Iterator[OpenItem]:
    """Those that an open plan uses, and those that no plan uses (yet)."""
    rows = Indicator.objects.filter(department__in=pks)
    rows = rows.filter(Q(uses__plan__in=plans) | Q(uses__isnull=True)).distinct()
    for row in rows.order_by("key"):
        assert row.department_id is not None  # by the filter
        yield OpenItem(row, row.department_id, "指標", row.name, row.key)


def round_items_of(organization_id: int, olds: Iterable[Department]) -> list[OpenItem]:
    """What rounds that are not settled ask of the departments."""
    rows = (
        RoundItem.objects.filter(
            department__in=[old.pk for old in olds], cycle__plan__organization_id=organization_id
        )
        .exclude(cycle__state__in=ReportingCycle.SETTLED_STATES)
        .select_related("cycle__plan")
        .order_by("cycle", "position", "pk")
    )
    return [
        OpenItem(
            row,
            row.department_id or 0,
            f"照会：{row.get_kind_display()}",
            row.label,
            str(row.cycle),
        )
        for row in rows
    ]


def packages_of(organization_id: int, olds: Iterable[Department]) -> list[Submission]:
    """The departments' packages in rounds that are not settled."""
    rows = Submission.objects.filter(
        department__in=[old.pk for old in olds], cycle__plan__organization_id=organization_id
    ).exclude(cycle__state__in=ReportingCycle.SETTLED_STATES)
    return list(rows.select_related("cycle__plan", "department").order_by("cycle", "pk"))


def roles_of(organization_id: int, olds: Iterable[Department]) -> list[OpenItem]:
    """The people whose role is in one of the departments."""
    rows = RoleAssignment.objects.filter(
        department__in=[old.pk for old in olds], organization_id=organization_id
    ).select_related("user")
    return [
        OpenItem(row, row.department_id or 0, row.get_role_display(), str(row.user))
        for row in rows.order_by("department", "role", "user__username")
    ]


def followed_by(item: RoundItem, links: dict[tuple[int, int, int], int]) -> Thing | None:
    """The thing that a round's item asks about: it goes where that goes.

    `links` finds the row that names a project's department by plan, project and department.
    """
    if item.kind == RoundItem.Kind.ACTUAL:
        return Indicator._meta.label_lower, item.object_id
    if item.kind == RoundItem.Kind.REVIEW:
        return Measure._meta.label_lower, item.object_id
    link = links.get((item.cycle.plan_id, item.object_id, item.department_id or 0))
    return (ProjectDepartment._meta.label_lower, link) if link is not None else None
