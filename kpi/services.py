"""Verbs that change the values of indicators."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator
from django.db import IntegrityError, transaction

from accounts import audit, policy
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.policy import Act
from accounts.versions import StaleVersion
from kpi.models import Actual, Indicator, ValueStatus
from kpi.models.indicators import DECIMAL_PLACES, MAX_DIGITS
from kpi.numbers import read_number
from plans import services as plan_services

ENTERED_FIELDS = (
    "value",
    "numerator",
    "denominator",
    "raw_text",
    "status",
    "is_preliminary",
    "note",
)


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
) -> Actual:
    """Write the actual of a year as a draft.

    `expected_version` is the version that the person saw, None where there was no value yet.
    Raises PermissionDenied, `Locked` (no open round, or already submitted), ValidationError with
    the fields at fault, and StaleVersion when somebody else was quicker. Nothing is then changed.
    """
    cycles = _require_may_enter(actor, indicator, fiscal_year)
    with transaction.atomic():
        actual = _stored(indicator, fiscal_year)
        _require_version(actual, expected_version)
        if actual is None:
            actual = Actual(indicator=indicator, fiscal_year=fiscal_year)
        before = audit.values_of(actual, ENTERED_FIELDS) if actual.pk else {}
        _fill(actual, entry)
        actual.full_clean(exclude=["indicator", "entered_by"], validate_unique=False)
        if before == audit.values_of(actual, ENTERED_FIELDS):
            return actual
        actual.entered_by = actor.account
        _write(actual, expected_version)
        plan_services.note_entry(cycles, indicator.department)
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
    actor: Actor, indicator: Indicator, fiscal_year: int, expected_version: int
) -> None:
    """Take a draft back to "nobody has entered anything"; the audit log keeps what it said."""
    _require_may_enter(actor, indicator, fiscal_year)
    with transaction.atomic():
        actual = _stored(indicator, fiscal_year)
        _require_version(actual, expected_version)
        if actual is None:
            return
        before = audit.values_of(actual, ENTERED_FIELDS)
        audit.record(actor, "actual.clear", actual, indicator.organization_id, before, {})
        deleted, _ = Actual.objects.filter(pk=actual.pk, version=expected_version).delete()
        if not deleted:
            raise StaleVersion(Actual.objects.get(pk=actual.pk))


def _require_may_enter(
    actor: Actor, indicator: Indicator, fiscal_year: int
) -> list[plan_services.ReportingCycle]:
    policy.require(
        actor,
        Act.ENTER,
        indicator.organization_id,
        indicator.department_id,
        what=f"「{indicator.name}」の実績の入力",
    )
    plan_ids = indicator.uses.values_list("plan_id", flat=True)
    return plan_services.require_entry_open(plan_ids, fiscal_year)


def _stored(indicator: Indicator, fiscal_year: int) -> Actual | None:
    actual = (
        Actual.objects.select_for_update(of=("self",))
        .filter(indicator=indicator, fiscal_year=fiscal_year, kind=Actual.Kind.ACTUAL)
        .first()
    )
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
    """Insert or conditionally update; whoever comes second gets StaleVersion."""
    if expected_version is not None:
        actual.save_version(expected_version, [*ENTERED_FIELDS, "entered_by"])
        return
    try:
        with transaction.atomic():
            actual.save(force_insert=True)
    except IntegrityError as error:
        current = Actual.objects.filter(
            indicator=actual.indicator, fiscal_year=actual.fiscal_year, kind=actual.kind
        ).first()
        if current is None:
            raise
        raise StaleVersion(current) from error
