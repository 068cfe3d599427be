"""In which state a publication is: what caches compare, and when it last changed."""

import datetime
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Count, Max, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from accounts.models import Department, DepartmentSuccession, Organization
from budgets.models import BudgetEntry, StatedTotal
from dxportal.models import DataVersion, Publication, PublishedReport
from kpi.models import Actual, DefinitionChange, Indicator, IndicatorUse, Target
from plans.models import (
    Correction,
    GlossaryTerm,
    Level,
    Mark,
    Measure,
    Phase,
    Plan,
    PlanRelation,
    PlanSection,
    ReferenceItem,
    ReferenceList,
    ReportingCycle,
    RoundItem,
    TargetState,
)
from projects.models import (
    Milestone,
    Placement,
    Project,
    ProjectDepartment,
    ProjectTag,
    Review,
    ScheduleEntry,
    Tag,
    TagScheme,
)

# How the rows of each table that names the plan's things belong to an organization.
OF_THE_HOUSE: dict[type[models.Model], str] = {
    Organization: "pk",
    Department: "organization",
    Tag: "scheme__organization",
}
# How the rows of each table belong to a plan.
OF_THE_PLAN: dict[type[models.Model], str] = {
    Plan: "pk",
    Level: "plan",
    Mark: "plan",
    Phase: "plan",
    PlanRelation: "plan",
    PlanSection: "plan",
    GlossaryTerm: "plan",
    ReferenceList: "plan",
    ReferenceItem: "reference_list__plan",
    Measure: "plan",
    TargetState: "measure__plan",
    Milestone: "measure__plan",
    Placement: "plan",
    Project: "placements__plan",
    ProjectDepartment: "plan",
    ProjectTag: "measure__plan",
    ScheduleEntry: "project__placements__plan",
    IndicatorUse: "plan",
    Indicator: "uses__plan",
    DefinitionChange: "indicator__uses__plan",
    Target: "indicator__uses__plan",
    StatedTotal: "plan",
    ReportingCycle: "plan",
}
OF_ITS_YEARS: dict[type[models.Model], str] = {
    Actual: "indicator__uses__plan",
    Review: "plan",
    BudgetEntry: "project__placements__plan",
}


@dataclass(frozen=True)
class PublicState:
    """A fingerprint of all that citizens may read of a plan, and when it last changed."""

    fingerprint: str
    changed_at: datetime.datetime
    # Which versions of the data are kept: no part of the state, but of what caches compare.
    kept: str

    @property
    def version(self) -> str:
        """A short name of this state, for files."""
        return f"{self.changed_at:%Y%m%d}-{self.fingerprint[:8]}"


def state_of(publication: Publication, years: Iterable[int]) -> PublicState:
    """One query over all tables: any row that comes, goes or changes gives another state."""
    first, *others = _counts(publication.plan, list(years))
    found = sorted(first.union(*others, all=True))
    rows = [row for row in found if row[0] != DataVersion._meta.label_lower]
    kept = [row for row in found if row not in rows]
    moments = [publication.published_at, *(at for _, _, at in rows if at is not None)]
    told = [
        (publication.pk, publication.published_at, publication.licence),
        (publication.contact, publication.introduction),
        *rows,
    ]
    fingerprint = hashlib.sha256(repr(told).encode()).hexdigest()
    return PublicState(fingerprint, max(moments), repr(kept))


def _counts(plan: Plan, years: list[int]) -> Iterator[QuerySet]:
    for model, path in OF_THE_HOUSE.items():
        yield _count(model._base_manager.filter(**{path: plan.organization_id}))
    # These two are few and bear no time of their last change, so what they say tells.
    schemes = TagScheme._base_manager.filter(organization=plan.organization_id)
    yield _count(schemes, "tags__updated_at", "key", "name", "version")
    successions = DepartmentSuccession._base_manager.filter(
        successor__organization=plan.organization_id
    )
    yield _count(successions, "successor__updated_at", "predecessor", "successor", "on")
    for model, path in OF_THE_PLAN.items():
        yield _count(model._base_manager.filter(**{path: plan.pk}))
    for model, path in OF_ITS_YEARS.items():
        yield _count(model._base_manager.filter(**{path: plan.pk, "fiscal_year__in": years}))
    items = RoundItem._base_manager.filter(
        cycle__plan__organization_id=plan.organization_id,
        cycle__fiscal_year__in=years,
        state__in=(RoundItem.State.DRAFT, RoundItem.State.SUBMITTED),
    )
    yield _count(items)
    yield _count(Correction._base_manager.filter(item__cycle__plan=plan), "corrected_at")
    # A report that is withdrawn leaves these, so the count tells.
    reports = PublishedReport._base_manager.filter(plan=plan, withdrawn_at__isnull=True)
    yield _count(reports, "published_at")
    versions = DataVersion._base_manager.filter(plan=plan, withdrawn_at__isnull=True)
    yield _count(versions, "kept_at")


def _count(rows: QuerySet, moment: str = "updated_at", *said: str) -> QuerySet:
    """Its table's name, how many rows there are, and when one last changed.

    One row, or one for each different text of the fields in `said`.
    """
    text = models.CharField()
    name: Value | Concat = Value(rows.model._meta.label_lower, output_field=text)
    if said:
        parts = [Coalesce(Cast(field, text), Value("")) for field in said]
        spaced = [part for field in parts for part in (Value(" "), field)]
        name = Concat(name, *spaced, output_field=text)
    return (
        rows.order_by()
        .annotate(table_name=name)
        .values("table_name")
        .annotate(row_count=Count("pk"), last_at=Max(moment))
        .values_list("table_name", "row_count", "last_at")
    )


def _code_version() -> str:
    """Changes with the pages' own code, so that no cache keeps a page of an older portal."""
    folders = (Path(__file__).parent, Path(settings.BASE_DIR, "templates/public"))
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    newest = max(
        (file.stat().st_mtime_ns for file in files if "__pycache__" not in file.parts), default=0
    )
    return f"{newest:x}"


CODE_VERSION = _code_version()
