"""Verbs that change the values of indicators."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import AuditEntry
from accounts.policy import Act
from accounts.versions import REFUSALS, AnyVersion, StaleVersion, Written, only_one
from kpi.achievement import format_actual
from kpi.models import Actual, Indicator, IndicatorUse, ValueStatus
from kpi.models.indicators import DECIMAL_PLACES, MAX_DIGITS
from kpi.numbers import read_number
from plans import procedure
from plans.entering import Desk, Wanted, begin_entry, note_entry
from plans.models import Plan, ReportingCycle, RoundItem

ENTERED_FIELDS = (
    "value",
    "numerator",
    "denominator",
    "raw_text",
    "status",
    "is_preliminary",
    "note",
)
PLACE_FIELDS = ("indicator", "fiscal_year", "kind")


@dataclass(frozen=True)
class ActualEntry:
    """What a person or a system says about one year: figures as text, exactly as typed."""

    text: str = ""
    status: str = ValueStatus.REPORTED
    note: str = ""
    is_preliminary: bool = False
    numerator: str = ""
    denominator: str = ""


@dataclass(frozen=True)
class ActualWrite:
    """The actual of one year that is to be written.

    `entry_of` is told what is stored, None where nothing is, so that a caller can leave some of
    it as it is. `version` is the one that the person saw, None where there was no value yet.
    """

    indicator: Indicator
    fiscal_year: int
    entry_of: Callable[[Actual | None], ActualEntry]
    version: int | AnyVersion | None
    kind: str = Actual.Kind.ACTUAL

    @property
    def place(self) -> "Place":
        return self.indicator.pk, self.fiscal_year, self.kind


Place = tuple[int, int, str]  # indicator, fiscal year, kind: where there is one value at most


def record_actual(
    actor: Actor,
    indicator: Indicator,
    fiscal_year: int,
    entry: ActualEntry,
    expected_version: int | None,
    kind: str = Actual.Kind.ACTUAL,
) -> Actual:
    """Write the actual of a year as a draft; `kind` tells the annual one from the interim one.

    `expected_version` is the version that the person saw, None where there was no value yet.
    Raises PermissionDenied, `Locked` (no open round, or already submitted), ValidationError with
    the fields at fault, and StaleVersion when somebody else was quicker. Nothing is then changed.
    """
    write = ActualWrite(indicator, fiscal_year, lambda _: entry, expected_version, kind)
    return only_one(record_actuals(actor, [write])).row


def record_actuals(
    actor: Actor, writes: Sequence[ActualWrite]
) -> list[Written[Actual] | Exception]:
    """Write many actuals in one transaction, each as `record_actual` does it, or refuses it.

    What became of each, in their order: the row, or the exception that `record_actual` raises.
    The queries are those of one actual, and one more for each that is changed.
    """
    try:
        return _record(actor, writes)
    except IntegrityError:
        # Somebody who holds no item of a round put a value there meanwhile: now it is seen.
        return _record(actor, writes)


def _record(actor: Actor, writes: Sequence[ActualWrite]) -> list[Written[Actual] | Exception]:
    with transaction.atomic():
        writing = _Writing(actor, writes)
        became = [writing.decide(write) for write in writes]
        writing.finish()
    return became


@dataclass(frozen=True)
class _Change:
    """One actual that will be written: what it said before, and under which items."""

    actual: Actual
    before: audit.Values
    version: int | None
    items: list[RoundItem]


class _Writing:
    """Many actuals that are written together: everything is read and locked at once, each is
    decided for itself, and all that may be written is written at the end.
    """

    def __init__(self, actor: Actor, writes: Sequence[ActualWrite]) -> None:
        self.actor = actor
        self.changes: list[_Change] = []
        self.decided: set[Place] = set()
        allowed = [write for write in writes if _may_enter(actor, write.indicator)]
        self.wanted = _wanted(allowed)
        self.desk = Desk(list(self.wanted.values()))
        self.stored = {(a.indicator_id, a.fiscal_year, a.kind): a for a in _rows(self.wanted)}

    def decide(self, write: ActualWrite) -> Written[Actual] | Exception:
        try:
            return self._decide(write)
        except REFUSALS as error:
            return error

    def _decide(self, write: ActualWrite) -> Written[Actual]:
        _require_may_enter(self.actor, write.indicator)
        if write.place in self.decided:
            raise ValidationError("同じ指標・年度の値が、この前にもあります。")
        self.decided.add(write.place)
        items = self.desk.items_for(self.wanted[write.place])
        actual = self.stored.get(write.place)
        _require_unlocked(actual)
        there = actual.version if actual else None
        version = there if write.version is AnyVersion.ANY else write.version
        _require_version(actual, version)
        entry = write.entry_of(actual)
        if actual is None:
            actual = Actual(
                indicator=write.indicator, fiscal_year=write.fiscal_year, kind=write.kind
            )
        actual.indicator = write.indicator
        before = audit.values_of(actual, ENTERED_FIELDS) if actual.pk else {}
        _fill(actual, entry)
        if before != audit.values_of(actual, ENTERED_FIELDS):
            actual.entered_by = self.actor.account
            self.changes.append(_Change(actual, before, version, items))
        return Written(actual, version)

    def finish(self) -> None:
        """Write what was decided, and what follows from it."""
        if self.changes:
            Actual.objects.bulk_create(c.actual for c in self.changes if c.version is None)
            for change in self.changes:
                if change.version is not None:
                    _write(change.actual, change.version)
            note_entry(self.actor, {i.pk: i for c in self.changes for i in c.items}.values())
            AuditEntry.objects.bulk_create(self._entry(change) for change in self.changes)
        self.desk.close()

    def _entry(self, change: _Change) -> AuditEntry:
        actual = change.actual
        after = audit.values_of(actual, ENTERED_FIELDS)
        organization_id = actual.indicator.organization_id
        return audit.entry(
            self.actor, "actual.record", actual, organization_id, change.before, after
        )


def _wanted(writes: Sequence[ActualWrite]) -> dict[Place, Wanted]:
    """What the rounds are asked for: each indicator in the plans that use it."""
    plans: dict[int, list[int]] = defaultdict(list)
    uses = IndicatorUse.objects.filter(indicator__in={write.indicator.pk for write in writes})
    for indicator_id, plan_id in uses.order_by().values_list("indicator_id", "plan_id").distinct():
        plans[indicator_id].append(plan_id)
    return {
        write.place: Wanted(
            RoundItem.Kind.ACTUAL,
            write.indicator,
            write.fiscal_year,
            plans[write.indicator.pk],
            partial(getattr, write.indicator, "department"),
            CYCLE_KINDS[write.kind],
        )
        for write in writes
    }


def _rows(places: Collection[Place]) -> "QuerySet[Actual]":
    """The actuals in these places and some beside them, locked in the order of their numbers."""
    found = Actual.objects.select_for_update(of=("self",)).filter(
        indicator__in={indicator for indicator, _, _ in places},
        fiscal_year__in={year for _, year, _ in places},
        kind__in={kind for _, _, kind in places},
    )
    return found.order_by("pk")


def _write(actual: Actual, expected_version: int | None) -> None:
    same = Actual.objects.filter(
        indicator=actual.indicator, fiscal_year=actual.fiscal_year, kind=actual.kind
    )
    actual.store(expected_version, [*ENTERED_FIELDS, "entered_by"], same)


def clear_actual(
    actor: Actor,
    indicator: Indicator,
    fiscal_year: int,
    expected_version: int,
    kind: str = Actual.Kind.ACTUAL,
) -> None:
    """Take a draft back to "nobody has entered anything"; the audit log keeps what it said."""
    _require_may_enter(actor, indicator)
    with transaction.atomic():
        place = (indicator.pk, fiscal_year, kind)
        write = ActualWrite(indicator, fiscal_year, lambda _: ActualEntry(), expected_version, kind)
        items = begin_entry(_wanted([write])[place])
        actual = _rows([place]).first()
        _require_unlocked(actual)
        _require_version(actual, expected_version)
        if actual is None:
            return
        # With what it was the value of: a later value of the year finds this one by it.
        before = audit.values_of(actual, (*ENTERED_FIELDS, *PLACE_FIELDS))
        audit.record(actor, "actual.clear", actual, indicator.organization_id, before, {})
        deleted, _ = Actual.objects.filter(pk=actual.pk, version=expected_version).delete()
        if not deleted:
            raise StaleVersion(Actual.objects.get(pk=actual.pk))
        note_entry(actor, items, is_empty=True)


def correct_actual(
    actor: Actor,
    plan: Plan,
    indicator: Indicator,
    fiscal_year: int,
    entry: ActualEntry,
    expected_version: int | None,
    reason: str,
    kind: str = Actual.Kind.ACTUAL,
) -> Actual:
    """Correct (訂正) a settled actual: the old figure is kept, and told of in the 正誤表.

    `kind` tells the annual one from the interim one, which its own round has settled.

    Raises what `record_actual` raises, and ValidationError without a reason or where the year is
    not settled in this plan.
    """
    with transaction.atomic():
        item = procedure.begin_correction(
            actor, plan, RoundItem.Kind.ACTUAL, indicator, fiscal_year, reason, CYCLE_KINDS[kind]
        )
        actual = _rows([(indicator.pk, fiscal_year, kind)]).first()
        _require_version(actual, expected_version)
        if actual is None:
            settled = Actual.State.FINAL
            actual = Actual(indicator=indicator, fiscal_year=fiscal_year, kind=kind, state=settled)
        before = audit.values_of(actual, ENTERED_FIELDS) if actual.pk else {}
        shown = _shown(actual)
        _fill(actual, entry)
        after = audit.values_of(actual, ENTERED_FIELDS)
        if before == after:
            return actual
        actual.entered_by = actor.account
        _write(actual, expected_version)
        changes = [
            (label, old, new)
            for (label, old), new in zip(shown.items(), _shown(actual).values(), strict=True)
            if old != new
        ]
        procedure.note_correction(actor, item, changes, reason)
        audit.record(
            actor, "actual.correct", actual, indicator.organization_id, before, after, reason
        )
    return actual


def _shown(actual: Actual) -> dict[str, str]:
    """What a reader sees of it, by the name of the field."""
    value = format_actual(actual.indicator, actual) if actual.pk else ""
    return {f"{actual.get_kind_display()}値": value, "コメント": actual.note}


def sync_states(items: Iterable[RoundItem]) -> None:
    """Let the actuals say of themselves how far their items have come (see `plans.signals`)."""
    by_state: dict[tuple[ReportingCycle, str], set[int]] = defaultdict(set)
    for item in items:
        if item.kind == RoundItem.Kind.ACTUAL:
            state = _STATES.get(item.state, Actual.State.DRAFT)
            by_state[item.cycle, state].add(item.object_id)
    for (cycle, state), indicators in by_state.items():
        places = [(pk, cycle.fiscal_year, _KINDS[cycle.kind]) for pk in indicators]
        held = _rows(places).exclude(state=state).values_list("pk", flat=True)
        Actual.objects.filter(pk__in=list(held)).update(
            state=state, version=F("version") + 1, updated_at=timezone.now()
        )


_STATES: dict[str, str] = {
    RoundItem.State.SUBMITTED: Actual.State.SUBMITTED,
    RoundItem.State.APPROVED: Actual.State.APPROVED,
    RoundItem.State.FINAL: Actual.State.FINAL,
}
# What a round of each kind asks for, and the round that asks for it.
_KINDS: dict[str, str] = {
    ReportingCycle.Kind.ANNUAL: Actual.Kind.ACTUAL,
    ReportingCycle.Kind.INTERIM: Actual.Kind.INTERIM,
}
CYCLE_KINDS = {asked: round_ for round_, asked in _KINDS.items()}


def _may_enter(actor: Actor, indicator: Indicator) -> bool:
    organization_id, department_id = indicator.organization_id, indicator.department_id
    if policy.allows(actor, Act.ENTER, organization_id, department_id, on=indicator):
        return True
    # What no department answers for is the DX office's own work.
    return department_id is None and policy.allows(actor, Act.MANAGE, organization_id, on=indicator)


def _require_may_enter(actor: Actor, indicator: Indicator) -> None:
    if not _may_enter(actor, indicator):
        policy.require(
            actor,
            Act.ENTER,
            indicator.organization_id,
            indicator.department_id,
            what=f"「{indicator.name}」の実績の入力",
            on=indicator,
        )


def _require_unlocked(actual: Actual | None) -> None:
    if actual is not None and actual.state in Actual.LOCKED_STATES:
        raise Locked(f"この値は「{actual.get_state_display()}」のため変更できません。")


def _require_version(actual: Actual | None, expected: int | None) -> None:
    if actual is not None and actual.version != expected:
        raise StaleVersion(actual)
    if actual is None and expected is not None:
        raise ValidationError("この値は、ほかの人が先に取り消しました。画面を読み直してください。")


def _fill(actual: Actual, entry: ActualEntry) -> None:
    """Put what was typed into the row. Raises ValidationError with the field at fault."""
    _read_into(actual, entry)
    # `clean` says what the database's own constraints say, which would cost a query each.
    actual.full_clean(
        exclude=["indicator", "entered_by"], validate_unique=False, validate_constraints=False
    )


def _read_into(actual: Actual, entry: ActualEntry) -> None:
    actual.status = entry.status
    actual.note = entry.note
    actual.is_preliminary = entry.is_preliminary
    actual.value = actual.numerator = actual.denominator = None
    actual.raw_text = entry.text.strip()
    if entry.status != ValueStatus.REPORTED:
        if actual.raw_text or entry.numerator or entry.denominator:
            label = ValueStatus(entry.status).label if entry.status in ValueStatus else entry.status
            raise ValidationError(
                {"value": f"値の状態が「{label}」のときは、数値を空欄にしてください。"}
            )
        return
    if entry.numerator or entry.denominator:
        _fill_rate(actual, entry)
    elif actual.raw_text and not actual.indicator.is_qualitative:
        actual.value = _read("value", actual.raw_text, actual.indicator.unit)
        actual.raw_text = _keep_if_different(actual.raw_text, actual.value)


def _keep_if_different(text: str, value: Decimal) -> str:
    """The text as it was typed, unless it is just the number."""
    return "" if text == format(value, "f") else text


def _fill_rate(actual: Actual, entry: ActualEntry) -> None:
    """A rate from its two counts, which are kept; a typed rate must agree with them."""
    numerator = _read("numerator", entry.numerator, "")
    denominator = _read("denominator", entry.denominator, "")
    if denominator == 0:
        raise ValidationError({"denominator": "分母に0は入れられません。"})
    step = Decimal(1).scaleb(-actual.indicator.decimals)
    rate = (numerator / denominator * 100).quantize(step, ROUND_HALF_UP)
    typed = _read("value", actual.raw_text, actual.indicator.unit) if actual.raw_text else rate
    if typed != rate:
        raise ValidationError(
            {"value": f"分子÷分母は{rate:f}%です。入力された「{actual.raw_text}」と合いません。"}
        )
    actual.numerator, actual.denominator, actual.value = numerator, denominator, rate
    actual.raw_text = ""


# A figure that the columns cannot hold is refused where it is typed.
_FITS = DecimalValidator(MAX_DIGITS, DECIMAL_PLACES)


def _read(field: str, text: str, unit: str) -> Decimal:
    try:
        value = read_number(text, unit).value
        _FITS(value)
    except ValueError as error:
        raise ValidationError({field: str(error)}) from error
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from error
    return value
