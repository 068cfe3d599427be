"""A round as its coordinator reads it: how far everybody is, who is late, what is unusual."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from accounts.models import Department
from dxportal.rounds.grid import rows_of
from dxportal.rounds.rows import Row
from plans.models import Extension, ReportingCycle, RoundItem, Submission
from plans.packages import package_state
from plans.services import ORDER

State = RoundItem.State
NO_DEPARTMENT = "所管課の記載なし"
NO_AREA = "計画の体系に掲載のないもの"

K = TypeVar("K")


@dataclass
class Line:
    """One item with what it holds. `row` is None for what has been deleted since."""

    item: RoundItem
    row: Row | None
    is_late: bool

    @property
    def title(self) -> str:
        return self.row.title if self.row else self.item.label

    @property
    def is_filled(self) -> bool:
        return self.row is not None and self.row.is_filled

    @property
    def is_owed(self) -> bool:
        return self.item.state in RoundItem.ENTRY_STATES

    @cached_property
    def warnings(self) -> list[str]:
        return self.row.warnings if self.row else []

    @property
    def department_name(self) -> str:
        return str(self.item.department or NO_DEPARTMENT)

    @property
    def area_name(self) -> str:
        return self.row.path[0].name if self.row and self.row.path else NO_AREA


@dataclass
class Tally:
    """How far the lines of one department or area are; `key` is what the page filters by."""

    name: str
    key: str = ""
    lines: list[Line] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.lines)

    @property
    def filled(self) -> int:
        return sum(line.is_filled for line in self.lines)

    @property
    def entered(self) -> int:
        """Touched by somebody, as `rounds.completeness` counts it."""
        return sum(line.item.state != State.UNTOUCHED for line in self.lines)

    @property
    def owed(self) -> int:
        return sum(line.is_owed for line in self.lines)

    @property
    def handed_in(self) -> int:
        return self.total - self.owed

    @property
    def waiting(self) -> int:
        return sum(line.item.state == State.SUBMITTED for line in self.lines)

    @property
    def approved(self) -> int:
        return sum(line.item.state in (State.APPROVED, State.FINAL) for line in self.lines)

    @property
    def late(self) -> int:
        return sum(line.is_late for line in self.lines)

    @property
    def returned(self) -> int:
        return sum(line.item.is_returned for line in self.lines)

    @property
    def deviating(self) -> int:
        return sum(bool(line.warnings) for line in self.lines)

    @property
    def percent(self) -> int | None:
        """Whole percent handed in, rounded down so that 100 means all."""
        return 100 * self.handed_in // self.total if self.total else None

    @property
    def state(self) -> str:
        return package_state([line.item for line in self.lines])

    @property
    def state_label(self) -> str:
        return str(Submission.State(self.state).label)


@dataclass(frozen=True)
class StepOfRound:
    number: int
    label: str
    is_done: bool
    is_current: bool


def steps_of(cycle: ReportingCycle) -> list[StepOfRound]:
    at = ORDER.index(cycle.state)
    return [
        StepOfRound(number, ReportingCycle.State(state).label, number <= at, number == at + 1)
        for number, state in enumerate(ORDER, start=1)
    ]


def is_late(item: RoundItem, extensions: Iterable[Extension]) -> bool:
    """Still owed after the round's end, with no more time granted."""
    now, cycle = timezone.now(), item.cycle
    if item.state not in RoundItem.ENTRY_STATES or cycle.is_settled:
        return False
    if cycle.closes_at is None or cycle.closes_at > now:
        return False
    return not any(extension.covers(item, now) for extension in extensions)


class Board:
    """All items of one round, read in a fixed number of queries."""

    def __init__(self, cycle: ReportingCycle) -> None:
        self.cycle = cycle
        items = list(
            RoundItem.objects.filter(cycle=cycle).select_related(
                "department", "entered_by", "submitted_by", "approved_by"
            )
        )
        # `entering.accepts_entry` asks the round for them, once an item.
        extensions = Extension.objects.select_related("department", "item", "granted_by")
        prefetch_related_objects([cycle], Prefetch("extensions", extensions))
        self.extensions = list(cycle.extensions.all())
        for item in items:
            item.cycle = cycle
        rows = {row.item.pk: row for row in rows_of(cycle, items)} if items else {}
        self.lines = [
            Line(item, rows.get(item.pk), is_late(item, self.extensions)) for item in items
        ]
        self.total = Tally("全体", "", self.lines)

    @cached_property
    def departments(self) -> list[Tally]:
        """One tally a department in the order of the house, those without one last."""
        found = self._grouped(lambda line: line.item.department)
        in_order = sorted(found, key=_place_of)
        return [Tally(str(d or NO_DEPARTMENT), str(d.pk if d else 0), found[d]) for d in in_order]

    @cached_property
    def areas(self) -> list[Tally]:
        """One tally a top measure, in the plan's order."""
        names = self._grouped(lambda line: line.area_name)
        return [Tally(name, name, lines) for name, lines in names.items()]

    @property
    def kinds(self) -> list[tuple[str, str, int]]:
        counts = Counter(line.item.kind for line in self.lines)
        return [(k.value, k.label, counts[k]) for k in RoundItem.Kind if counts[k]]

    @property
    def open_extensions(self) -> list[Extension]:
        now = timezone.now()
        return [e for e in self.extensions if e.ended_at is None and e.until > now]

    def _grouped(self, key: Callable[[Line], K]) -> dict[K, list[Line]]:
        groups: dict[K, list[Line]] = defaultdict(list)
        for line in self.lines:
            groups[key(line)].append(line)
        return groups


def _place_of(department: Department | None) -> tuple[bool, int, int]:
    if department is None:
        return True, 0, 0
    return False, department.position, department.pk
