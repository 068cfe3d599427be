"""Verbs that change the values of indicators."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.policy import Act
from accounts.versions import StaleVersion
from kpi.achievement import format_actual
from kpi.models import Actual, Indicator, ValueStatus
from kpi.models.indicators import DECIMAL_PLACES, MAX_DIGITS
from kpi.numbers import read_number
from plans import procedure
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
    _require_may_enter(actor, indicator)
    with transaction.atomic():
        items = _begin(indicator, fiscal_year, kind)
        actual = _stored(indicator, fiscal_year, kind)
        _require_version(actual, expected_version)
        if actual is None:
            actual = Actual(indicator=indicator, fiscal_year=fiscal_year, kind=kind)
        before = audit.values_of(actual, ENTERED_FIELDS) if actual.pk else {}
        _fill(actual, entry)
        actual.full_clean(exclude=["indicator", "entered_by"], validate_unique=False)
        if before == audit.values_of(actual, ENTERED_FIELDS):
            return actual
        actual.entered_by = actor.account
        _write(actual, expected_version)
        procedure.note_entry(actor, items)
        audit.record(
            actor,
            "actual.record",
            actual,
            indicator.organization_id,
            before,
            audit.values_of(actual, ENTERED_FIELDS),
        )
    return actual


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
        items = _begin(indicator, fiscal_year, kind)
        actual = _stored(indicator, fiscal_year, kind)
        _require_version(actual, expected_version)
        if actual is None:
            return
        # With what it was the value of: a later value of the year finds this one by it.
        before = audit.values_of(actual, (*ENTERED_FIELDS, *PLACE_FIELDS))
        audit.record(actor, "actual.clear", actual, indicator.organization_id, before, {})
        deleted, _ = Actual.objects.filter(pk=actual.pk, version=expected_version).delete()
        if not deleted:
            raise StaleVersion(Actual.objects.get(pk=actual.pk))
        procedure.note_entry(actor, items, is_empty=True)


def correct_actual(
    actor: Actor,
    plan: Plan,
    indicator: Indicator,
    fiscal_year: int,
    entry: ActualEntry,
    expected_version: int | None,
    reason: str,
) -> Actual:
    """Correct (訂正) a settled actual: the old figure is kept, and told of in the 正誤表.

    Raises what `record_actual` raises, and ValidationError without a reason or where the year is
    not settled in this plan.
    """
    with transaction.atomic():
        item = procedure.begin_correction(
            actor, plan, RoundItem.Kind.ACTUAL, indicator, fiscal_year, reason
        )
        actual = _row(indicator, fiscal_year, Actual.Kind.ACTUAL)
        _require_version(actual, expected_version)
        if actual is None:
            actual = Actual(indicator=indicator, fiscal_year=fiscal_year, state=Actual.State.FINAL)
        before, shown = audit.values_of(actual, ENTERED_FIELDS), _shown(actual)
        _fill(actual, entry)
        actual.full_clean(exclude=["indicator", "entered_by"], validate_unique=False)
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
    return {"実績値": value, "コメント": actual.note}


def sync_states(items: Iterable[RoundItem]) -> None:
    """Let the actuals say of themselves how far their items have come (see `plans.signals`)."""
    for item in items:
        if item.kind != RoundItem.Kind.ACTUAL:
            continue
        state = _STATES.get(item.state, Actual.State.DRAFT)
        kind = _KINDS[item.cycle.kind]
        Actual.objects.filter(
            indicator_id=item.object_id, fiscal_year=item.cycle.fiscal_year, kind=kind
        ).exclude(state=state).update(
            state=state, version=F("version") + 1, updated_at=timezone.now()
        )


_STATES: dict[str, str] = {
    RoundItem.State.SUBMITTED: Actual.State.SUBMITTED,
    RoundItem.State.APPROVED: Actual.State.APPROVED,
    RoundItem.State.FINAL: Actual.State.FINAL,
}
# What a round of each kind asks for.
_KINDS: dict[str, str] = {
    ReportingCycle.Kind.ANNUAL: Actual.Kind.ACTUAL,
    ReportingCycle.Kind.INTERIM: Actual.Kind.INTERIM,
}


def _require_may_enter(actor: Actor, indicator: Indicator) -> None:
    if indicator.department_id is None and policy.allows(
        actor, Act.MANAGE, indicator.organization_id
    ):
        return  # what no department answers for is the DX office's own work
    policy.require(
        actor,
        Act.ENTER,
        indicator.organization_id,
        indicator.department_id,
        what=f"「{indicator.name}」の実績の入力",
    )


def _begin(indicator: Indicator, fiscal_year: int, kind: str) -> list[RoundItem]:
    plan_ids = indicator.uses.values_list("plan_id", flat=True)
    cycle_kind = next(round_ for round_, asked in _KINDS.items() if asked == kind)
    return procedure.begin_entry(
        plan_ids, RoundItem.Kind.ACTUAL, indicator, fiscal_year, indicator.department, cycle_kind
    )


def _row(indicator: Indicator, fiscal_year: int, kind: str) -> Actual | None:
    return (
        Actual.objects.select_for_update(of=("self",))
        .filter(indicator=indicator, fiscal_year=fiscal_year, kind=kind)
        .first()
    )


def _stored(indicator: Indicator, fiscal_year: int, kind: str) -> Actual | None:
    actual = _row(indicator, fiscal_year, kind)
    if actual is not None and actual.state in Actual.LOCKED_STATES:
        raise Locked(f"この値は「{actual.get_state_display()}」のため変更できません。")
    return actual


def _require_version(actual: Actual | None, expected: int | None) -> None:
    if actual is not None and actual.version != expected:
        raise StaleVersion(actual)
    if actual is None and expected is not None:
        raise ValidationError("この値は、ほかの人が先に取り消しました。画面を読み直してください。")


def _fill(actual: Actual, entry: ActualEntry) -> None:
    """Put what was typed into the row. Raises ValidationError with the field at fault."""
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


def _write(actual: Actual, expected_version: int | None) -> None:
    same = Actual.objects.filter(
        indicator=actual.indicator, fiscal_year=actual.fiscal_year, kind=actual.kind
    )
    actual.store(expected_version, [*ENTERED_FIELDS, "entered_by"], same)
