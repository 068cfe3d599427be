"""Verbs that change the yearly reviews of measures and projects."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import AuditEntry, Department
from accounts.policy import Act
from accounts.versions import REFUSALS, StaleVersion, only_one, refuse_other_fields
from plans.entering import Desk, Wanted, note_entry
from plans.models import Measure, Plan, RoundItem
from projects.models import Placement, Project, ProjectDepartment, Review, ScheduleEntry

REVIEW_FIELDS = (
    "planned_mark",
    "mark",
    "goal",
    "result",
    "delay_reason",
    "shortfall_reason",
    "effect",
    "summary",
)
STAGE_PLACE = ("project", "fiscal_year")


def departments_in_charge(thing: Measure | Project) -> set[int]:
    """Who answers for a measure or project: its own department, else those of what is below.

    Documents often name a department for projects only; the departments that lead a measure's
    projects then answer for the measure.
    """
    links = ProjectDepartment.objects.all()
    if isinstance(thing, Project):
        links = links.filter(project=thing)
    elif thing.department_id is not None:
        return {thing.department_id}
    else:
        below = Measure.objects.all().descendants(thing, include_self=True).values("pk")
        placed = Placement.objects.filter(measure__in=below, is_primary=True)
        links = links.filter(project__in=placed.values("project_id"))
    return set(links.values_list("department_id", flat=True))


def leading_department(plan: Plan, thing: Measure | Project) -> Department | None:
    """The one department that a round asks: the named one, else the one that leads most below."""
    if isinstance(thing, Project):
        return ProjectsInCharge(plan, [thing]).leading(thing)
    if thing.department is not None:
        return thing.department
    below = Measure.objects.all().descendants(thing, include_self=True).values("pk")
    placed = Placement.objects.filter(measure__in=below, is_primary=True).values("project_id")
    links = ProjectDepartment.objects.filter(plan=plan, project__in=placed).order_by("position")
    first_of: dict[int, int] = {}
    for project_id, department_id in links.values_list("project_id", "department_id"):
        first_of.setdefault(project_id, department_id)
    leads = Counter(first_of.values())
    if not leads:
        return None
    return Department.objects.get(pk=min(leads, key=lambda pk: (-leads[pk], pk)))


def record_review(
    actor: Actor,
    plan: Plan,
    thing: Measure | Project,
    fiscal_year: int,
    changes: Mapping[str, Any],
    expected_version: int | None,
) -> Review:
    """Write the review of a measure or project; only the fields named in `changes` are touched.

    Raises PermissionDenied, Locked, ValidationError with the fields at fault, and StaleVersion.
    """
    write = ReviewWrite(thing, fiscal_year, changes, expected_version)
    return only_one(record_reviews(actor, plan, [write]))


@dataclass(frozen=True)
class ReviewWrite:
    """A review that is to be written: its arguments are those of `record_review`."""

    thing: Measure | Project
    fiscal_year: int
    changes: Mapping[str, Any]
    version: int | None

    @property
    def place(self) -> tuple[str, int, int]:
        """Where there is one review at most."""
        return asked_as(self.thing), self.thing.pk, self.fiscal_year


def record_reviews(
    actor: Actor, plan: Plan, writes: Sequence[ReviewWrite]
) -> list[Review | Exception]:
    """Write many reviews in one transaction, each as `record_review` does it, or refuses it.

    What became of each, in their order: the row, or the exception that `record_review` raises.
    """
    became: list[Review | Exception] = []
    items: dict[int, RoundItem] = {}
    entries: list[AuditEntry] = []
    with transaction.atomic():
        refused = _not_in_charge(actor, plan, writes)
        allowed = [write for write in writes if write.place not in refused]
        wanted = {write.place: _wanted(plan, write) for write in allowed}
        desk = Desk(list(wanted.values()))
        stored = _stored_reviews(plan, allowed)
        for write in writes:
            try:
                if write.place in refused:
                    raise refused[write.place]
                asked = desk.items_for(wanted[write.place])
                review = _to_write(plan, write, stored.get(write.place))
                before, after = change_review(actor, review, write.changes, write.version)
            except REFUSALS as error:
                became.append(error)
                continue
            became.append(review)
            if before != after:
                items |= {item.pk: item for item in asked}
                organization_id = plan.organization_id
                entries.append(
                    audit.entry(actor, "review.record", review, organization_id, before, after)
                )
        if items:
            note_entry(actor, items.values())
            AuditEntry.objects.bulk_create(entries)
        desk.close()
    return became


def _not_in_charge(
    actor: Actor, plan: Plan, writes: Sequence[ReviewWrite]
) -> dict[tuple[str, int, int], PermissionDenied]:
    """The places that the actor may not write, each with the refusal."""
    projects = ProjectsInCharge(plan, (w.thing for w in writes if isinstance(w.thing, Project)))
    refused = {}
    for write in writes:
        try:
            if isinstance(write.thing, Project):
                projects.require(actor, write.thing)
            else:
                require_in_charge(actor, plan, write.thing)
        except PermissionDenied as error:
            refused[write.place] = error
    return refused


def _wanted(plan: Plan, write: ReviewWrite) -> Wanted:
    leads = partial(leading_department, plan, write.thing)
    return Wanted(asked_as(write.thing), write.thing, write.fiscal_year, [plan.pk], leads)


def _stored_reviews(
    plan: Plan, writes: Sequence[ReviewWrite]
) -> dict[tuple[str, int, int], Review]:
    """The stored reviews by their places, held until the commit."""
    things: dict[bool, set[int]] = {True: set(), False: set()}
    for write in writes:
        things[isinstance(write.thing, Project)].add(write.thing.pk)
    found = Review.objects.select_for_update(of=("self",)).filter(
        Q(project__in=things[True]) | Q(measure__in=things[False]),
        plan=plan,
        fiscal_year__in={write.fiscal_year for write in writes},
    )
    return {
        (
            RoundItem.Kind.PROGRESS if row.project_id else RoundItem.Kind.REVIEW,
            row.project_id or row.measure_id or 0,
            row.fiscal_year,
        ): row
        for row in found.order_by("pk")
    }


def asked_as(thing: Measure | Project) -> RoundItem.Kind:
    """As what a round asks for the review of a measure or project."""
    return RoundItem.Kind.PROGRESS if isinstance(thing, Project) else RoundItem.Kind.REVIEW


def hold_review(
    plan: Plan, thing: Measure | Project, fiscal_year: int, expected_version: int | None
) -> Review:
    """The stored review, held until the commit, or a new one. Raises StaleVersion."""
    write = ReviewWrite(thing, fiscal_year, {}, expected_version)
    return _to_write(plan, write, _stored_reviews(plan, [write]).get(write.place))


def _to_write(plan: Plan, write: ReviewWrite, review: Review | None) -> Review:
    """The stored review, or a new one. Raises StaleVersion."""
    if review is not None and review.version != write.version:
        raise StaleVersion(review)
    if review is None:
        review = Review(fiscal_year=write.fiscal_year)
    review.plan = plan
    setattr(review, "project" if isinstance(write.thing, Project) else "measure", write.thing)
    return review


def change_review(
    actor: Actor, review: Review, changes: Mapping[str, Any], expected_version: int | None
) -> tuple[audit.Values, audit.Values]:
    """Write the changes into a review of `hold_review`; what it said before and says now.

    Raises ValidationError with the fields at fault, and StaleVersion.
    """
    refuse_other_fields(changes, REVIEW_FIELDS)
    before = audit.values_of(review, REVIEW_FIELDS) if review.pk else {}
    for name, value in changes.items():
        setattr(review, name, value)
    # What it belongs to is given, and `clean` looks at its marks.
    given = ["plan", "measure", "project", "planned_mark", "mark", "entered_by"]
    review.full_clean(exclude=given, validate_unique=False, validate_constraints=False)
    after = audit.values_of(review, REVIEW_FIELDS)
    if before != after:
        review.entered_by = actor.account
        same = Review.objects.filter(
            plan=review.plan,
            fiscal_year=review.fiscal_year,
            project=review.project,
            measure=review.measure,
        )
        review.store(expected_version, [*REVIEW_FIELDS, "entered_by"], same)
    return before, after


def record_stage(
    actor: Actor,
    plan: Plan,
    project: Project,
    fiscal_year: int,
    stage: str,
    expected_version: int | None,
) -> ScheduleEntry:
    """Write what stage (検討・構築・運用) a project has reached in a year; "" takes it back.

    Raises what `record_review` raises. The planned stage is the plan's and stays as it is.
    """
    write = StageWrite(project, fiscal_year, stage, expected_version)
    return only_one(record_stages(actor, plan, [write]))


@dataclass(frozen=True)
class StageWrite:
    """A stage that is to be written: its arguments are those of `record_stage`."""

    project: Project
    fiscal_year: int
    stage: str
    version: int | None

    @property
    def place(self) -> tuple[int, int]:
        """Where there is one entry at most."""
        return self.project.pk, self.fiscal_year


def record_stages(
    actor: Actor, plan: Plan, writes: Sequence[StageWrite]
) -> list[ScheduleEntry | Exception]:
    """Write many stages in one transaction, each as `record_stage` does it, or refuses it.

    What became of each, in their order: the row, or the exception that `record_stage` raises.
    """
    became: list[ScheduleEntry | Exception] = []
    items: dict[int, RoundItem] = {}
    with transaction.atomic():
        refused = _may_not(actor, ProjectsInCharge(plan, [w.project for w in writes]), writes)
        allowed = [write for write in writes if write.place not in refused]
        desk = Desk([_asked_for(plan, write) for write in allowed])
        stored = _stored_entries([write.place for write in allowed])
        for write in writes:
            try:
                if write.place in refused:
                    raise refused[write.place]
                asked = desk.items_for(_asked_for(plan, write))
                entry = _entry_for(write, stored.get(write.place))
                is_changed = change_stage(actor, plan, entry, write.stage, write.version)
            except REFUSALS as error:
                became.append(error)
                continue
            became.append(entry)
            if is_changed:
                items |= {item.pk: item for item in asked}
        if items:
            note_entry(actor, items.values())
        desk.close()
    return became


def _may_not(
    actor: Actor, in_charge: "ProjectsInCharge", writes: Sequence[StageWrite]
) -> dict[tuple[int, int], PermissionDenied]:
    """The places that the actor may not write, each with the refusal."""
    refused = {}
    for write in writes:
        try:
            in_charge.require(actor, write.project)
        except PermissionDenied as error:
            refused[write.place] = error
    return refused


def _asked_for(plan: Plan, write: StageWrite) -> Wanted:
    leads = partial(leading_department, plan, write.project)
    progress = RoundItem.Kind.PROGRESS
    return Wanted(progress, write.project, write.fiscal_year, [plan.pk], leads)


def _stored_entries(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], ScheduleEntry]:
    """The stored entries by project and year, held until the commit."""
    projects, years = ({place[n] for place in places} for n in (0, 1))
    found = ScheduleEntry.objects.select_for_update(of=("self",)).filter(
        project__in=projects, fiscal_year__in=years
    )
    return {(row.project_id, row.fiscal_year): row for row in found.order_by("pk")}


def hold_stage(project: Project, fiscal_year: int, expected_version: int | None) -> ScheduleEntry:
    """The stored entry of a year, held until the commit, or a new one. Raises StaleVersion."""
    write = StageWrite(project, fiscal_year, "", expected_version)
    return _entry_for(write, _stored_entries([write.place]).get(write.place))


def _entry_for(write: StageWrite, entry: ScheduleEntry | None) -> ScheduleEntry:
    """The stored entry, or a new one. Raises StaleVersion."""
    if entry is not None and entry.version != write.version:
        raise StaleVersion(entry)
    if entry is None:
        entry = ScheduleEntry(fiscal_year=write.fiscal_year)
    entry.project = write.project
    return entry


def change_stage(
    actor: Actor,
    plan: Plan,
    entry: ScheduleEntry,
    stage: str,
    expected_version: int | None,
    action: str = "schedule.record",
    reason: str = "",
) -> bool:
    """Write the stage into an entry of `hold_stage`, with its audit; whether it is another one.

    An entry that says nothing any more goes. Raises ValidationError and StaleVersion.
    """
    before = audit.values_of(entry, ["actual"])
    if before["actual"] == stage:
        return False
    entry.actual = stage
    says_nothing = entry.pk and not (entry.actual or entry.planned or entry.text)
    if not says_nothing:
        entry.full_clean(exclude=["project"], validate_unique=False, validate_constraints=False)
        same = ScheduleEntry.objects.filter(project=entry.project, fiscal_year=entry.fiscal_year)
        entry.store(expected_version, ["actual"], same)
    # A row that is to go is told with its place, so that a past day can be shown again.
    before = audit.values_of(entry, STAGE_PLACE) | before if says_nothing else before
    after = {} if says_nothing else {"actual": stage}
    audit.record(actor, action, entry, plan.organization_id, before, after, reason)
    if says_nothing:
        entry.delete()  # after the log, which names it by its number
    return True


def require_in_charge(actor: Actor, plan: Plan, thing: Measure | Project) -> None:
    """Raise PermissionDenied unless the actor may enter what a round asks about the thing."""
    if isinstance(thing, Project):
        ProjectsInCharge(plan, [thing]).require(actor, thing)
        return
    if thing.plan_id != plan.pk:
        raise PermissionDenied(NOT_IN_PLAN)
    if not policy.allows(actor, Act.ENTER, plan.organization_id, on=plan):
        _require_one_of(actor, plan, thing, departments_in_charge(thing))


def require_in_plan(plan: Plan, thing: Measure | Project) -> None:
    """Raise PermissionDenied for a measure or project that does not stand in the plan."""
    stands = (
        Placement.objects.filter(plan=plan, project=thing).exists()
        if isinstance(thing, Project)
        else thing.plan_id == plan.pk
    )
    if not stands:
        raise PermissionDenied(NOT_IN_PLAN)


class ProjectsInCharge:
    """Who answers for many projects of one plan, read at once."""

    def __init__(self, plan: Plan, projects: Iterable[Project]) -> None:
        self.plan = plan
        numbers = {project.pk for project in projects}
        placed = Placement.objects.filter(plan=plan, project__in=numbers).order_by()
        self.placed = set(placed.values_list("project_id", flat=True))
        self.links: dict[int, list[ProjectDepartment]] = defaultdict(list)
        for link in ProjectDepartment.objects.filter(project__in=numbers):
            self.links[link.project_id].append(link)

    def require(self, actor: Actor, project: Project) -> None:
        """Raise PermissionDenied unless the actor may enter what is asked about the project."""
        if project.pk not in self.placed:
            raise PermissionDenied(NOT_IN_PLAN)
        if not policy.allows(actor, Act.ENTER, self.plan.organization_id, on=self.plan):
            departments = {link.department_id for link in self.links[project.pk]}
            _require_one_of(actor, self.plan, project, departments)

    def leading(self, project: Project) -> Department | None:
        """The one department that a round asks: the plan's first."""
        links = (link for link in self.links[project.pk] if link.plan_id == self.plan.pk)
        first = next(links, None)
        return first.department if first else None


NOT_IN_PLAN = "この計画の施策・事業ではありません。"


def _require_one_of(
    actor: Actor, plan: Plan, thing: Measure | Project, departments: set[int]
) -> None:
    organization_id = plan.organization_id
    if not departments and policy.allows(actor, Act.MANAGE, organization_id, on=plan):
        return  # what no department answers for is the DX office's own work
    if not any(policy.allows(actor, Act.ENTER, organization_id, pk, plan) for pk in departments):
        raise PermissionDenied(f"「{thing}」について入力する権限がありません。")
