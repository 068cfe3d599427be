"""Many rows of one kind that define a plan, each created or changed, in one transaction.

Every row passes what `accounts.editing` asks of a single one (right, lock, version, the model's
own rules) and leaves the same audit entry; what that takes from the database is read once for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from accounts import audit, editing
from accounts.audit import Actor
from accounts.models import AuditEntry
from accounts.rows import organization_id_of
from accounts.versions import REFUSALS, AnyVersion, StaleVersion, Versioned, Written

Row = TypeVar("Row", bound=Versioned)
Place = tuple[Any, ...]


@dataclass(frozen=True)
class RowEdit:
    """A row that is to be written.

    `place` names the fields that make it this row and no other; what it belongs to (a project) is
    given there as a row. `changes` are plain fields to set; those that are not named stay.
    `version` is the one that the person saw, None where there was no row yet.
    """

    place: Mapping[str, Any]
    changes: Mapping[str, Any]
    version: int | AnyVersion | None

    @property
    def key(self) -> Place:
        values = self.place.values()
        return tuple(value.pk if isinstance(value, models.Model) else value for value in values)


def write_many(
    actor: Actor, rows: "models.QuerySet[Row]", writes: Sequence[RowEdit]
) -> list[Written[Row] | Exception]:
    """Create or change these rows, each as `editing.create` and `editing.change` do it.

    `rows` are those among which a place has one row at most; all writes name the same fields as
    their place. The model's `clean` has to say what its constraints say, which would cost a query
    each. What became of each, in their order: the row, or the PermissionDenied, Locked,
    ValidationError or StaleVersion that refused it. The queries do not grow with the new rows;
    each that is changed takes one.
    """
    if not writes:
        return []
    try:
        return _write(actor, rows, writes)
    except IntegrityError:
        # Somebody put a row there meanwhile: now it is seen.
        return _write(actor, rows, writes)


def _write(
    actor: Actor, rows: "models.QuerySet[Row]", writes: Sequence[RowEdit]
) -> list[Written[Row] | Exception]:
    with transaction.atomic():
        writing = _Writing(actor, rows, writes)
        became = [writing.decide(write) for write in writes]
        writing.finish()
    return became


@dataclass(frozen=True)
class _Change(Generic[Row]):
    """One row that will be written: what it said before, and which fields are set."""

    row: Row
    before: audit.Values
    version: int | None
    fields: list[str]


class _Writing(Generic[Row]):
    """Everything is read and locked at once, each row is decided for itself, and all that may be
    written is written at the end.
    """

    def __init__(
        self, actor: Actor, rows: "models.QuerySet[Row]", writes: Sequence[RowEdit]
    ) -> None:
        self.actor, self.model = actor, rows.model
        self.decided: set[Place] = set()
        self.changes: list[_Change[Row]] = []
        self.owners = {
            name for name, value in writes[0].place.items() if isinstance(value, models.Model)
        }
        stored = self._stored(rows, writes)
        self.rows: dict[Place, Row] = {}
        for write in writes:
            row = stored.get(write.key) or self.model()
            for name, value in write.place.items():
                setattr(row, name, value)
            self.rows[write.key] = row
        reasons = editing.why_each_is_locked(list(self.rows.values()))
        self.locked = dict(zip(self.rows, reasons, strict=True))

    def _stored(self, rows: "models.QuerySet[Row]", writes: Sequence[RowEdit]) -> dict[Place, Row]:
        """The rows in these places and some beside them, locked in the order of their numbers."""
        names = list(writes[0].place)
        found = rows.select_for_update(of=("self",)).filter(
            **{f"{name}__in": {write.place[name] for write in writes} for name in names}
        )
        columns = [self.model._meta.get_field(name).attname for name in names]  # type: ignore[union-attr]  # they have columns
        return {tuple(getattr(row, c) for c in columns): row for row in found.order_by("pk")}

    def decide(self, write: RowEdit) -> Written[Row] | Exception:
        try:
            return self._decide(write)
        except REFUSALS as error:
            return error

    def _decide(self, write: RowEdit) -> Written[Row]:
        if write.key in self.decided:
            raise ValidationError("同じ対象の行が、この前にもあります。")
        self.decided.add(write.key)
        row = self.rows[write.key]
        is_new = row.pk is None
        editing.require_right(self.actor, row, "登録" if is_new else "変更")
        if reason := self.locked[write.key]:
            raise editing.Locked(reason)
        version = _version(row, write.version)
        before = {} if is_new else audit.values_of(row, write.changes)
        for name, value in write.changes.items():
            setattr(row, name, value)
        row.full_clean(exclude=self.owners, validate_unique=False, validate_constraints=False)
        if is_new or before != audit.values_of(row, write.changes):
            self.changes.append(_Change(row, before, version, list(write.changes)))
        return Written(row, version)

    def finish(self) -> None:
        """Write what was decided, with its audit entries."""
        self.model._base_manager.bulk_create(c.row for c in self.changes if c.version is None)
        for change in self.changes:
            if change.version is not None:
                change.row.save_version(change.version, change.fields)
        AuditEntry.objects.bulk_create(self._entry(change) for change in self.changes)

    def _entry(self, change: _Change[Row]) -> AuditEntry:
        row, is_new = change.row, change.version is None
        after = audit.values_of(row, editing.audited_fields(row) if is_new else change.fields)
        action = f"{row._meta.model_name}.{'create' if is_new else 'change'}"
        return audit.entry(self.actor, action, row, organization_id_of(row), change.before, after)


def _version(row: Versioned, expected: int | AnyVersion | None) -> int | None:
    """The version that the write starts from; None of a new row. Raises what stands against it."""
    if row.pk is None:
        if expected not in (None, AnyVersion.ANY):
            raise ValidationError({"version": "この行はまだありません。"})
        return None
    if expected is AnyVersion.ANY:
        return row.version
    if expected != row.version:
        raise StaleVersion(row)
    return row.version
