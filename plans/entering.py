"""Entering in a round: which items may be written now, held while they are, and noted afterwards.

A thing that is used in several plans is entered once: it needs one open round, and a round that
has settled it, or where it was submitted, locks it.
"""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, prefetch_related_objects
from django.utils import timezone

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import Department
from plans import fiscal_years
from plans.deadlines import Deadline
from plans.models import ReportingCycle, RoundItem
from plans.packages import settle_packages_of

State = RoundItem.State
RUNNING_STATES = (
    ReportingCycle.State.OPEN,
    ReportingCycle.State.GRACE,
    ReportingCycle.State.CLOSED,
)


def is_running(cycle: ReportingCycle) -> bool:
    return cycle.state in RUNNING_STATES


def accepts_entry(item: RoundItem, now: datetime.datetime | None = None) -> bool:
    """Whether the round, or an extension of it, lets this item be written now."""
    now = now or timezone.now()
    if item.cycle.accepts_entries(now):
        return True
    if not is_running(item.cycle):
        return False
    return any(extension.covers(item, now) for extension in item.cycle.extensions.all())


@dataclass(frozen=True)
class Wanted:
    """A thing of one year that somebody wants to write, and the plans whose rounds may ask for it.

    `department_of` says who answers for it; it is asked only where the round had not asked.
    """

    kind: str
    thing: models.Model
    fiscal_year: int
    plan_ids: Collection[int]
    department_of: Callable[[], Department | None]
    cycle_kind: str = ReportingCycle.Kind.ANNUAL


Key = tuple[int, str, int]  # round, kind, number of the thing


@dataclass
class Desk:
    """The rounds and items of everything that is to be written together, held until the commit.

    Open it inside the transaction that writes. It takes as many queries for many things as for
    one, and locks the items in the order of their numbers, so that two desks never wait for each
    other. `close` it after the writing.
    """

    wanted: Sequence[Wanted]
    _cycles: dict[tuple[int, int, str], ReportingCycle] = field(default_factory=dict)
    _items: dict[Key, RoundItem] = field(default_factory=dict)
    _made: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._read_cycles()
        self._hold_items()

    def items_for(self, wanted: Wanted) -> list[RoundItem]:
        """The items under which the thing may be written now. Raises `Locked` with the reason."""
        cycles = self._cycles_of(wanted)
        year = fiscal_years.long_form(wanted.fiscal_year)
        for cycle in cycles:
            if cycle.is_settled:
                raise Locked(
                    f"{year}の値は「{cycle.plan.name}」で{cycle.get_state_display()}済みのため"
                    "変更できません。"
                )
        items = [self._items[_key(cycle, wanted)] for cycle in cycles if is_running(cycle)]
        now = timezone.now()
        accepting = [item for item in items if accepts_entry(item, now)]
        if not accepting:
            raise Locked(_why_closed(cycles, year))
        for item in items:
            if item.state in RoundItem.LOCKED_STATES:
                raise Locked(f"この値は「{item.get_state_display()}」のため変更できません。")
        return accepting

    def close(self) -> None:
        """Take back the items that were made for what was not written in the end."""
        unused = [self._items[key].pk for key in self._made if not self._items[key].entered_at]
        if unused:
            RoundItem.objects.filter(pk__in=unused).delete()

    def _cycles_of(self, wanted: Wanted) -> list[ReportingCycle]:
        found = (
            self._cycles.get((plan_id, wanted.fiscal_year, wanted.cycle_kind))
            for plan_id in sorted(wanted.plan_ids)
        )
        return [cycle for cycle in found if cycle is not None]

    def _read_cycles(self) -> None:
        cycles = ReportingCycle.objects.filter(
            plan__in={plan_id for wanted in self.wanted for plan_id in wanted.plan_ids},
            fiscal_year__in={wanted.fiscal_year for wanted in self.wanted},
            kind__in={wanted.cycle_kind for wanted in self.wanted},
        ).select_related("plan")
        self._cycles = {(c.plan_id, c.fiscal_year, c.kind): c for c in cycles}
        late = [c for c in self._cycles.values() if is_running(c) and not c.accepts_entries()]
        prefetch_related_objects(late, "extensions")

    def _hold_items(self) -> None:
        """The items of running rounds, locked against other writers; made where none was asked."""
        asked = {
            _key(cycle, wanted): (cycle, wanted)
            for wanted in self.wanted
            for cycle in self._cycles_of(wanted)
            if is_running(cycle)
        }
        if not asked:
            return
        self._lock(asked)
        if missing := {key: asked[key] for key in asked if key not in self._items}:
            if _make([_new_item(*place) for place in missing.values()]):
                self._made.update(missing)
            self._lock(missing)

    def _lock(self, asked: dict[Key, tuple[ReportingCycle, Wanted]]) -> None:
        held = RoundItem.objects.select_for_update(of=("self",)).filter(
            cycle__in={cycle.pk for cycle, _ in asked.values()},
            kind__in={wanted.kind for _, wanted in asked.values()},
            object_id__in={wanted.thing.pk for _, wanted in asked.values()},
        )
        for item in held.order_by("pk"):
            key = (item.cycle_id, item.kind, item.object_id)
            if key in asked:
                item.cycle = asked[key][0]
                self._items[key] = item


def _key(cycle: ReportingCycle, wanted: Wanted) -> Key:
    return cycle.pk, wanted.kind, wanted.thing.pk


def _new_item(cycle: ReportingCycle, wanted: Wanted) -> RoundItem:
    return RoundItem(
        cycle=cycle,
        kind=wanted.kind,
        object_id=wanted.thing.pk,
        label=str(wanted.thing)[:300],
        department=wanted.department_of(),
    )


def _make(items: Sequence[RoundItem]) -> bool:
    """Whether all of them were made by us, and none by somebody else at this moment."""
    try:
        with transaction.atomic():
            RoundItem.objects.bulk_create(items)
    except IntegrityError:
        RoundItem.objects.bulk_create(items, ignore_conflicts=True)
        return False
    return True


def _why_closed(cycles: Sequence[ReportingCycle], year: str) -> str:
    if not cycles:
        return f"{year}の照会はまだ作られていません。"
    ended = [c.entry_ends_at for c in cycles if c.state in c.ENTRY_STATES and c.entry_ends_at]
    if ended:
        deadline = Deadline(max(ended))
        day = f"{deadline.last_day:%Y年%-m月%-d日}"
        return f"{year}の入力は{day} {deadline.last_time}に締め切りました。"
    return f"{year}の照会は「{cycles[0].get_state_display()}」のため入力できません。"


def begin_entry(wanted: Wanted) -> list[RoundItem]:
    """The items under which one thing may be written now, held until the commit.

    Call it inside the transaction that writes. Raises `Locked` with the reason.
    """
    return Desk([wanted]).items_for(wanted)


def hold_item(cycle: ReportingCycle, kind: str, thing: models.Model) -> RoundItem:
    """The round's item of a thing, held until the commit; made where it was not asked."""
    place = {"cycle": cycle, "kind": kind, "object_id": thing.pk}
    RoundItem.objects.get_or_create(**place, defaults={"label": str(thing)[:300]})
    item = RoundItem.objects.select_for_update(of=("self",)).get(**place)
    item.cycle = cycle
    return item


def note_entry(actor: Actor, items: Iterable[RoundItem], is_empty: bool = False) -> None:
    """Say of items of a `Desk` that something was written, or taken back (`is_empty`)."""
    items = list(items)
    noted = {
        "state": State.UNTOUCHED if is_empty else State.DRAFT,
        "entered_by": actor.account,
        "entered_at": timezone.now(),
    }
    moved = [item for item in items if item.state != noted["state"]]
    write_held(items, noted)
    settle_packages_of(moved)


def write_held(items: Sequence[RoundItem], values: Mapping[str, Any]) -> None:
    """Write the same into items that this transaction holds, each as a new version of it.

    Nobody else's version can be overwritten: whoever else wants to write waits for the lock.
    """
    values = {**values, "updated_at": timezone.now()}
    rows = RoundItem.objects.filter(pk__in=[item.pk for item in items])
    rows.update(version=F("version") + 1, **values)
    for item in items:
        item.version += 1
        for name, value in values.items():
            setattr(item, name, value)
