"""A department's package in a round (提出): worked out from its items, never moved by itself."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from accounts.models import Department
from accounts.versions import StaleVersion
from plans.models import ReportingCycle, RoundItem, Submission
from plans.signals import package_moved

State = RoundItem.State
Package = Submission.State

WORKED_OUT = (
    "state",
    "submitted_by_id",
    "submitted_at",
    "approved_by_id",
    "approved_at",
    "return_reason",
)


def settle_package(cycle: ReportingCycle, department: Department | None) -> None:
    """Work out a department's package from its items; call it in the same transaction."""
    if department is not None:
        settle_packages([(cycle.pk, department.pk)])


def settle_packages_of(items: Iterable[RoundItem]) -> None:
    """Work out the packages of these items, which have just changed."""
    settle_packages(
        (item.cycle_id, item.department_id) for item in items if item.department_id is not None
    )


def settle_packages(pairs: Iterable[tuple[int, int]]) -> None:
    """Work out the packages of these rounds and departments, in as many queries as for one.

    The packages are held before their items are read: of two people who move the last two items
    at the same moment, the slower one sees what the other did.
    """
    wanted = set(pairs)
    if not wanted:
        return
    packages = _held(wanted)
    items: dict[tuple[int, int | None], list[RoundItem]] = defaultdict(list)
    found = RoundItem.objects.filter(
        cycle__in={cycle for cycle, _ in wanted},
        department__in={department for _, department in wanted},
    )
    for item in found.order_by("cycle", "position", "pk"):
        items[item.cycle_id, item.department_id].append(item)
    for package in packages:
        _settle(package, items[package.cycle_id, package.department_id])


def require_fresh_package(
    cycle: ReportingCycle, department: Department, expected_version: int
) -> None:
    """Hold the package until the commit. Raises StaleVersion if it is another version now."""
    rows = Submission.objects.select_for_update(of=("self",))
    package = rows.filter(cycle=cycle, department=department).first()
    if package is not None and package.version != expected_version:
        raise StaleVersion(package)


def _held(wanted: set[tuple[int, int]]) -> list[Submission]:
    """The packages, locked in the order of their numbers; made where there was none."""
    rows = Submission.objects.filter(
        cycle__in={cycle for cycle, _ in wanted},
        department__in={department for _, department in wanted},
    )
    held = rows.select_for_update(of=("self",)).order_by("pk")
    there = {(row.cycle_id, row.department_id): row for row in held}
    if missing := sorted(wanted - set(there)):
        Submission.objects.bulk_create(
            [Submission(cycle_id=cycle, department_id=department) for cycle, department in missing],
            ignore_conflicts=True,
        )
        there = {(row.cycle_id, row.department_id): row for row in held.all()}
    return [row for key, row in there.items() if key in wanted]


def _settle(package: Submission, items: Sequence[RoundItem]) -> None:
    """Write what has become of the package, if anything has."""
    before = [getattr(package, name) for name in WORKED_OUT]
    came_from, state = package.state, package_state(items)
    submitted = _latest((item, item.submitted_at) for item in items)
    approved = _latest((item, item.approved_at) for item in items)
    is_approved = state == Package.APPROVED and approved is not None
    package.state = state
    package.submitted_by_id = submitted.submitted_by_id if submitted else None
    package.submitted_at = submitted.submitted_at if submitted else None
    package.approved_at = approved.approved_at if approved and is_approved else None
    package.approved_by_id = approved.approved_by_id if approved and is_approved else None
    if package.approved_by_id == package.submitted_by_id:
        # Two people who approved each other's items: no single name is true of the package.
        package.approved_by_id = None
    package.return_reason = next((item.return_reason for item in items if item.is_returned), "")
    if before != [getattr(package, name) for name in WORKED_OUT]:
        fields = [name.removesuffix("_id") for name in WORKED_OUT]
        package.save_version(package.version, fields)
    if state != came_from:
        package_moved.send(sender=Submission, submission=package)


def package_state(items: Sequence[RoundItem]) -> str:
    """How far a department's items of one round have come as a package."""
    states = Counter(item.state for item in items)
    count = len(items)
    if count and states[State.APPROVED] + states[State.FINAL] == count:
        return Package.APPROVED
    if any(item.is_returned for item in items):
        return Package.RETURNED
    if count and states[State.UNTOUCHED] + states[State.DRAFT] == 0:
        return Package.SUBMITTED
    return Package.NOT_STARTED if states[State.UNTOUCHED] == count else Package.ENTERING


def _latest(
    signed: Iterable[tuple[RoundItem, datetime.datetime | None]],
) -> RoundItem | None:
    """The item that was signed last; None where none is."""
    dated = [(moment, item.pk, item) for item, moment in signed if moment is not None]
    return max(dated)[2] if dated else None
