"""Many rows in one call of the API: each created, updated, found unchanged or refused.

The services that write the rows are those of single calls; what is here decides what a refusal
means for the others, and tells what became of every row.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import models, transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound

from accounts.rest.errors import FieldErrorSerializer, errors_of
from accounts.rest.viewsets import StrictSerializer
from accounts.versions import StaleVersion, Versioned, Written

MAX_ROWS = 10_000
# The largest number that a row can have.
MAX_ID = 2**63 - 1
# So many rows are committed at a time where each stands for itself.
BATCH = 200


class Mode(models.TextChoices):
    ALL_OR_NOTHING = "all_or_nothing", "すべてか、何もしないか"
    ROW_BY_ROW = "row_by_row", "書き込める行だけ"


class Outcome(models.TextChoices):
    CREATED = "created", "作成"
    UPDATED = "updated", "変更"
    UNCHANGED = "unchanged", "変更なし"
    REFUSED = "refused", "断った"


class RowsRefused(APIException):
    """Some rows were refused, so none was written. `members` is the report."""

    status_code = 422
    problem = "rows-refused"

    def __init__(self, report: dict[str, Any]) -> None:
        self.members = report
        count = report["counts"][Outcome.REFUSED]
        super().__init__(f"{count}行を書き込めないため、何も書き込んでいません。")


@dataclass(frozen=True)
class Checked:
    """A row as it was sent, and what it says, or why it cannot be read."""

    sent: Any
    said: dict[str, Any]
    error: APIException | None = None


def check_rows(rows: Sequence[Any], row_class: type[StrictSerializer]) -> list[Checked]:
    """Each row read for itself."""
    check = row_class()
    return [_checked(row, check) for row in rows]


def _checked(row: Any, check: StrictSerializer) -> Checked:
    try:
        return Checked(row, check.run_validation(row))
    except APIException as error:
        return Checked(row, {}, error)


# What a row is to the service: `read` makes it out of what the row says, or raises why it cannot.
Wish = TypeVar("Wish")
Read = Callable[[dict[str, Any]], Wish]
# The service: what became of each, in the same order, or the exception that refused it.
Write = Callable[[Sequence[Wish]], Sequence[Written[Any] | Exception]]
REFUSALS = (APIException, ModelValidationError, PermissionDenied)


def write_rows(
    rows: Sequence[Checked], read: Read[Wish], write: Write[Wish], mode: str, dry_run: bool
) -> dict[str, Any]:
    """The report of writing the rows: all at once, or row by row in transactions of BATCH rows.

    Raises RowsRefused with the report in the mode all_or_nothing; nothing is then written.
    """
    if dry_run or mode == Mode.ALL_OR_NOTHING:
        with transaction.atomic():
            results = _write(0, rows, read, write)
            refused = any(result["outcome"] == Outcome.REFUSED for result in results)
            if dry_run or refused:
                transaction.set_rollback(True)
        report = _report(results, applied=not (dry_run or refused))
        if refused and not dry_run:
            raise RowsRefused(report)
        return report
    results = []
    for first in range(0, len(rows), BATCH):
        with transaction.atomic():
            results += _write(first, rows[first : first + BATCH], read, write)
    return _report(results, applied=True)


def _write(
    first: int, rows: Sequence[Checked], read: Read[Wish], write: Write[Wish]
) -> list[dict[str, Any]]:
    """What became of each of these rows, the first of which has this index."""
    became: dict[int, Written[Any] | Exception] = {}
    wishes: dict[int, Wish] = {}
    for place, row in enumerate(rows):
        try:
            if row.error is not None:
                raise row.error
            wishes[place] = read(row.said)
        except REFUSALS as error:
            became[place] = error
    became |= zip(wishes, write(list(wishes.values())), strict=True)
    return [_told(first + place, row, became[place]) for place, row in enumerate(rows)]


def _told(index: int, row: Checked, became: Written[Any] | Exception) -> dict[str, Any]:
    match became:
        case Written():
            return _result(index, outcome_of(became), became.row, [])
        case StaleVersion():
            errors = errors_of(became, row.sent)
            return _result(index, Outcome.REFUSED, became.current, errors)
        case _:
            return _result(index, Outcome.REFUSED, None, errors_of(became, row.sent))


def outcome_of(written: Written[Any]) -> Outcome:
    if written.is_new:
        return Outcome.CREATED
    return Outcome.UPDATED if written.is_changed else Outcome.UNCHANGED


def _result(
    index: int, outcome: Outcome, row: Versioned | None, errors: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "index": index,
        "outcome": outcome.value,
        "id": row and row.pk,
        "version": row and row.version,
        "errors": errors,
    }


def _report(results: list[dict[str, Any]], applied: bool) -> dict[str, Any]:
    counts = Counter(result["outcome"] for result in results)
    return {
        "applied": applied,
        "counts": {outcome: counts[outcome] for outcome in Outcome.values},
        "results": results,
    }


class OnceInACall:
    """Refuses a natural key that came before in the same call: which one was meant is unclear."""

    def __init__(self) -> None:
        self.seen: dict[Any, int] = {}

    def check(self, key: Any) -> None:
        if key in self.seen:
            raise ModelValidationError(f"同じ対象の行が、この前（{self.seen[key]}）にもあります。")
        self.seen[key] = len(self.seen)


class ByNumberOrKey:
    """The rows that a call names as `project` or `project_key`, fetched once for all of them."""

    def __init__(self, name: str, visible: models.QuerySet, rows: Sequence[Checked]) -> None:
        self.name = name
        numbers = {row.said[name] for row in rows if name in row.said}
        keys = {row.said[f"{name}_key"] for row in rows if f"{name}_key" in row.said}
        found = visible.filter(models.Q(pk__in=numbers) | models.Q(key__in=keys))
        self.found: dict[int | str, Any] = {}
        for row in found:
            self.found |= {row.pk: row, row.key: row}

    @property
    def numbers(self) -> list[int]:
        return [number for number in self.found if isinstance(number, int)]

    def names(self, row: dict[str, Any]) -> bool:
        return self.name in row or f"{self.name}_key" in row

    def of(self, row: dict[str, Any]) -> Any:
        """The row that is named. Raises NotFound."""
        field = self.name if self.name in row else f"{self.name}_key"
        if row[field] not in self.found:
            raise NotFound({field: "この行はありません。"})
        return self.found[row[field]]


def number_field(name: str, label: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        label=label,
        min_value=1,
        max_value=MAX_ID,
        required=False,
        help_text=f"`{name}_key` か、どちらか1つ。",
    )


def key_field(label: str) -> serializers.CharField:
    return serializers.CharField(
        label=f"{label}の識別子",
        max_length=200,
        required=False,
        help_text="団体（施策では計画）の中で1つに決まります。",
    )


# What calls and reports look like


class _AsSent(serializers.Field):
    """A row as it was sent: each is checked for itself, so that one is refused alone."""

    def to_internal_value(self, data: Any) -> Any:
        return data


def rows_field(row_class: type[StrictSerializer]) -> serializers.ListField:
    """The `rows` of a bulk call; the schema says what one is, the view checks each."""

    @extend_schema_field(row_class(many=True, min_length=1, max_length=MAX_ROWS))
    class RowsField(serializers.ListField):
        pass

    return RowsField(
        child=_AsSent(),
        min_length=1,
        max_length=MAX_ROWS,
        label="行",
        help_text=f"{MAX_ROWS:,}行まで。",
    )


class BulkSerializer(StrictSerializer):
    """How the rows are to be written."""

    mode = serializers.ChoiceField(
        label="断られた行があるとき",
        choices=Mode.choices,
        default=Mode.ALL_OR_NOTHING,
        help_text="既定では、1行でも断られると何も書き込みません（422）。",
    )
    dry_run = serializers.BooleanField(
        label="試すだけ", default=False, help_text="何も書き込まずに、結果だけを返します。"
    )


class RowVersion(serializers.IntegerField):
    """In a row: left out is "whatever is there", null is "nothing is there yet"."""

    def __init__(self) -> None:
        super().__init__(
            label="版",
            min_value=1,
            required=False,
            allow_null=True,
            help_text=(
                "読み取ったときの `version`。違っていれば断ります。nullなら、すでに値があれば"
                "断ります。省けば、あれば変更し、なければ作成します。"
            ),
        )


class RowResultSerializer(serializers.Serializer):
    index = serializers.IntegerField(label="行", help_text="送られた順。最初の行が0。")
    outcome = serializers.ChoiceField(label="結果", choices=Outcome.choices)
    id = serializers.IntegerField(allow_null=True, label="行の番号（`id`）")
    version = serializers.IntegerField(allow_null=True, label="いまの版")
    errors = FieldErrorSerializer(many=True, label="断った理由")


class CountsSerializer(serializers.Serializer):
    created = serializers.IntegerField(label="作成")
    updated = serializers.IntegerField(label="変更")
    unchanged = serializers.IntegerField(label="変更なし")
    refused = serializers.IntegerField(label="断った")


class BulkReportSerializer(serializers.Serializer):
    applied = serializers.BooleanField(
        label="書き込んだか", help_text="falseのとき、`results` は書き込んだ場合の結果です。"
    )
    counts = CountsSerializer(label="件数")
    results = RowResultSerializer(many=True, label="行ごとの結果")
