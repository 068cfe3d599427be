"""Writes a checked plan book to the database: everything or nothing, and nothing twice."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import AuditEntry, Organization
from accounts.policy import Act
from dxportal.planbook import changes
from dxportal.planbook.cells import ParsedRow, parse_book, single_row_faults
from dxportal.planbook.changes import Change, Choice, row_id
from dxportal.planbook.columns import Kind, Scope, Sheet
from dxportal.planbook.faults import Fault, PlanBookError
from dxportal.planbook.locks import Locks
from dxportal.planbook.plan_rows import SHARED_PATHS, rows_of_plan
from dxportal.planbook.reader import Book, read_book
from dxportal.planbook.removal import Absent, remove, why_kept
from dxportal.planbook.sheets import IDENTIFIERS, SHEETS
from plans.models import Plan

BATCH = 500
NEEDS_LEFT_OUT = (
    "取り込まないことにした行を使っています。その行も取り込むか、この行も外してください。"
)


@dataclass
class LoadResult:
    """What loading did, by sheet."""

    plan: Plan
    created: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return self.created.total() + self.updated.total()


def load_plan(actor: Actor, path: Path, dry_run: bool = False) -> LoadResult:
    """Load a plan book from a folder or workbook; `dry_run` tells what it would do and does not.

    Raises PlanBookError with every fault found, or PermissionDenied; nothing is then changed.
    Rows that the database has and the book has not are told of in `changes` and left alone.
    """
    return load_book(actor, read_book(path), dry_run)


def load_book(
    actor: Actor, book: Book, dry_run: bool = False, choice: Choice | None = None
) -> LoadResult:
    """Load a book that has been read (see `load_plan`), or what `choice` takes of it.

    A row that others of the book need cannot be left out: those others are then faults. `changes`
    of the result does not tell of rows that were left out.
    """
    parsed, faults = parse_book(book)
    faults = [*book.faults, *faults, *single_row_faults(parsed)]
    faults += _unknown_references(book, parsed)
    if faults:
        told = {(fault.sheet, fault.row) for fault in faults}
        more = _faults_of_sound_rows(actor, parsed)
        raise PlanBookError([*faults, *(f for f in more if (f.sheet, f.row) not in told)])
    with transaction.atomic():
        # A dry run is the run itself, undone: what it tells cannot differ from what would happen.
        sheets = frozenset(book.sheets)
        book.sheets.clear()  # a large book is held once, and sheet by sheet less
        result = _Loader(actor, sheets, choice or Choice(), is_trial=dry_run).load(parsed)
        if dry_run:
            transaction.set_rollback(True)
        return result


def _faults_of_sound_rows(actor: Actor, parsed: dict[int, list[ParsedRow]]) -> list[Fault]:
    """What the models and the database would refuse among the rows that could be read.

    So that one look at the list of faults is enough: the rows are tried and everything is undone.
    """
    needed = (Organization, Plan)
    if any(not parsed[i] for i, sheet in enumerate(SHEETS) if sheet.model in needed):
        return []
    with transaction.atomic():
        try:
            _Loader(actor, frozenset(), Choice(), is_trial=True).load(parsed)
        except PlanBookError as error:
            return error.faults
        except PermissionDenied:
            return []  # a book of another organization: its faults so far refuse it
        finally:
            transaction.set_rollback(True)
    return []


def _unknown_references(book: Book, parsed: dict[int, list[ParsedRow]]) -> Iterator[Fault]:
    """References to keys that the book does not have. A book stands on its own.

    A key counts even if something else in its row is wrong, and a sheet that is missing is told
    of once: one mistake should not look like a hundred.
    """
    keys = {
        name: {row.cells.get(IDENTIFIERS[name], "") for row in rows}
        for name, rows in book.sheets.items()
    }
    missing: set[tuple[str, str]] = set()
    for rows in parsed.values():
        for row in rows:
            for column in row.sheet.columns:
                value = row.values.get(column.name)
                if column.kind is not Kind.REFERENCE or not value:
                    continue
                if column.refers_to not in keys:
                    missing.add((row.sheet.name, column.refers_to))
                elif value not in keys[column.refers_to]:
                    yield row.fault(
                        column.name, f"シート「{column.refers_to}」にこの識別子がありません。"
                    )
    for name, refers_to in sorted(missing):
        yield Fault(name, None, "", "", f"このシートが使うシート「{refers_to}」がありません。")


class _Loader:
    """One load: finds the stored rows, compares, writes what differs, and audits it."""

    def __init__(
        self, actor: Actor, sheets_in_book: frozenset[str], choice: Choice, is_trial: bool
    ) -> None:
        self.actor = actor
        self.is_trial = is_trial
        self.sheets_in_book = sheets_in_book
        self.choice = choice
        self.locks = Locks()
        # Identifiers of new rows that are left out, by sheet: nothing may refer to them.
        self.not_taken: dict[str, set[Any]] = {}
        self.changes: list[Change] = []
        self.seen: dict[int, set[int]] = {}
        self.organization: Organization | None = None
        self.plan: Plan | None = None
        self.by_key: dict[str, dict[Any, models.Model]] = {}
        self.faults: list[Fault] = []
        self.entries: list[AuditEntry] = []
        self.counts: dict[str, Counter[str]] = {
            name: Counter() for name in ("created", "updated", "unchanged", "left_out", "deleted")
        }

    def load(self, parsed: dict[int, list[ParsedRow]]) -> LoadResult:
        for index, sheet in enumerate(SHEETS):
            rows = parsed.pop(index)
            if sheet.model is Organization:
                self._require_right(rows[0])
            for wave in _waves(sheet, rows, self.faults):
                self._load_sheet(index, sheet, wave)
            self._write_audit()
            if self.faults and sheet.model in (Organization, Plan):
                break  # what stands below cannot be judged without them
        if self.faults:
            raise PlanBookError(self.faults)
        assert self.plan is not None  # the plan sheet is required and has its row
        self._remove_chosen(list(self._absent()))
        self.locks.note_entries(self.actor)
        return LoadResult(self.plan, **self.counts, changes=self.changes)

    def _write_audit(self) -> None:
        AuditEntry.objects.bulk_create(self.entries, batch_size=BATCH)
        self.entries.clear()

    def _absent(self) -> Iterator[Absent]:
        """Rows of the plan that the book's sheets do not hold."""
        assert self.plan is not None
        for index, sheet in enumerate(SHEETS):
            if sheet.name not in self.sheets_in_book or sheet.name in SHARED_PATHS:
                continue
            for instance in rows_of_plan(self.plan, sheet):
                if instance.pk not in self.seen.get(index, set()):
                    yield changes.absent(sheet, instance, why_kept(instance)), instance

    def _remove_chosen(self, absent: list[Absent]) -> None:
        self.changes += [change for change, _ in absent]
        chosen = [found for found in absent if found[0].id in self.choice.removed]
        removal = remove(self.actor, self.locks, chosen)
        if removal.faults:
            raise PlanBookError(removal.faults)
        self.counts["deleted"] = removal.deleted

    def _changed_cells(
        self, row: ParsedRow, instance: models.Model, before: audit.Values
    ) -> dict[str, tuple[str, str]]:
        """The cells that differ as (before, after), rows of other sheets by their identifier."""
        after = audit.values_of(instance, before)
        cells = {}
        for column in row.sheet.columns:
            if before.get(column.field) == after.get(column.field):
                continue
            old = before[column.field]
            if column.kind is Kind.REFERENCE:
                old = self._identifier(column.refers_to, old)
            cells[column.name] = ("" if old is None else str(old), row.raw.get(column.name, ""))
        return cells

    def _identifier(self, sheet_name: str, pk: int | None) -> str | None:
        known = self.by_key.get(sheet_name, {}).items()
        return next((key for key, instance in known if instance.pk == pk), None) if pk else None

    def _require_right(self, row: ParsedRow) -> None:
        """Only the system may bring in an organization; else its coordinator may load plans."""
        stored = Organization.objects.filter(code=row.values["code"]).first()
        if stored is None and not self.actor.is_system:
            raise PermissionDenied("新しい団体を取り込めるのは、サーバーの管理者だけです。")
        if stored is not None:
            policy.require(self.actor, Act.MANAGE, stored.pk, what="計画ブックの取込")

    def _load_sheet(self, index: int, sheet: Sheet, rows: list[ParsedRow]) -> None:
        stored = self._stored(sheet, rows)
        new: list[tuple[ParsedRow, models.Model]] = []
        changed: list[tuple[ParsedRow, models.Model]] = []
        known = self.by_key.setdefault(sheet.name, {})
        instance: models.Model | None = None
        for row in rows:
            if self.choice.left_out and row_id(row) in self.choice.left_out:
                instance = self._leave_out(index, row, stored)
                continue
            wanted = self._attributes(row)
            if wanted is None:
                continue
            instance = stored.get(self._natural_key(sheet, wanted))
            if instance is None:
                instance = sheet.model(**wanted)
                before: audit.Values = {}
                target = new
            else:
                before = audit.values_of(instance, wanted)
                if isinstance(instance, Plan):
                    self.locks.found_plan(instance)
                for name, value in wanted.items():
                    setattr(instance, name, value)
                target = changed
            if instance.pk is not None:
                self.seen.setdefault(index, set()).add(instance.pk)
            if sheet.identifier in row.values:
                known[row.values[sheet.identifier]] = instance
            if before and before == audit.values_of(instance, wanted):
                self.counts["unchanged"][sheet.name] += 1
                continue
            if self._is_sound(row, instance, before):
                target.append((row, instance))
                if before:
                    self._audit("planbook.update", instance, before, wanted)
                    self.changes.append(
                        changes.changed(row, instance, self._changed_cells(row, instance, before))
                    )
        self._write(sheet, new, changed)
        for row, made in new:
            self.changes.append(changes.added(row, made))
            self.seen.setdefault(index, set()).add(made.pk)
        if isinstance(instance, Organization):
            self.organization = self.locks.organization = instance
        elif isinstance(instance, Plan):
            self.plan = self.locks.plan = instance

    def _leave_out(
        self, index: int, row: ParsedRow, stored: dict[Any, models.Model]
    ) -> models.Model | None:
        """Leave a row as it is stored, which is returned; a new one stays unknown."""
        sheet = row.sheet
        self.counts["left_out"][sheet.name] += 1
        wanted = self._attributes(row, tell=False)
        instance = stored.get(self._natural_key(sheet, wanted)) if wanted is not None else None
        if instance is not None:
            self.seen.setdefault(index, set()).add(instance.pk)
            if isinstance(instance, Plan):
                self.locks.found_plan(instance)
        elif sheet.model in (Organization, Plan):
            self.faults.append(row.fault(sheet.key[0], "この行は外せません。"))
        if sheet.identifier in row.values:
            identifier = row.values[sheet.identifier]
            if instance is not None:
                self.by_key[sheet.name][identifier] = instance
            else:
                self.not_taken.setdefault(sheet.name, set()).add(identifier)
        return instance

    def _attributes(self, row: ParsedRow, tell: bool = True) -> dict[str, Any] | None:
        """The model's attributes as the row wants them; None where a row it refers to failed.

        Where that row was left out instead, this one has a fault (unless `tell` is off).
        """
        wanted: dict[str, Any] = {}
        for column in row.sheet.columns:
            if column.name not in row.raw and not column.required:
                continue  # a column that the book does not have is left as it is
            value = row.values.get(column.name)
            if column.kind is Kind.REFERENCE and value is not None:
                if tell and value in self.not_taken.get(column.refers_to, ()):
                    self.faults.append(row.fault(column.name, NEEDS_LEFT_OUT))
                value = self.by_key.get(column.refers_to, {}).get(value)
                if value is None or value.pk is None:
                    return None
            elif value is None:
                value = _empty(row.sheet.model._meta.get_field(column.field))
            wanted[column.field] = value
        return wanted | self._scope(row.sheet)

    def _scope(self, sheet: Sheet) -> dict[str, Any]:
        if sheet.scope is Scope.PLAN:
            return {"plan": self.plan}
        if sheet.scope is Scope.ORGANIZATION:
            return {"organization": self.organization}
        return {}

    def _stored(self, sheet: Sheet, rows: list[ParsedRow]) -> dict[Any, models.Model]:
        """The rows that may be meant, by natural key, in one query."""
        if not rows:
            return {}
        queryset = sheet.model._base_manager.all()
        if scope := self._scope(sheet):
            queryset = queryset.filter(**scope)
        else:
            first = sheet.key[0]
            column = sheet.column(first)
            if column.kind is Kind.REFERENCE:
                parents = {
                    parent.pk
                    for row in rows
                    if (parent := self.by_key.get(column.refers_to, {}).get(row.values[first]))
                    is not None
                }
                queryset = queryset.filter(**{f"{column.field}__in": parents})
            else:
                queryset = queryset.filter(
                    **{f"{column.field}__in": {row.values[first] for row in rows}}
                )
        names = [sheet.column(name).field for name in sheet.key]
        return {tuple(audit.values_of(instance, names).values()): instance for instance in queryset}

    @staticmethod
    def _natural_key(sheet: Sheet, wanted: dict[str, Any]) -> tuple[Any, ...]:
        parts = []
        for name in sheet.key:
            column = sheet.column(name)
            value = wanted.get(column.field)
            if value is None and column.field not in wanted:
                value = _empty(sheet.model._meta.get_field(column.field))
            parts.append(value.pk if isinstance(value, models.Model) else value)
        return tuple(parts)

    def _is_sound(self, row: ParsedRow, instance: models.Model, before: audit.Values) -> bool:
        """Run the model's own rules; what they refuse becomes a fault of this row."""
        relations = [f.name for f in instance._meta.fields if f.is_relation]
        try:
            self.locks.refuse(instance, before)
            instance.clean_fields(exclude=relations)
            instance.clean()
        except ValidationError as error:
            self.faults += _faults_of(row, error)
            return False
        return True

    def _write(
        self,
        sheet: Sheet,
        new: list[tuple[ParsedRow, models.Model]],
        changed: list[tuple[ParsedRow, models.Model]],
    ) -> None:
        try:
            with transaction.atomic():
                manager = sheet.model._base_manager
                manager.bulk_create([instance for _, instance in new], batch_size=BATCH)
                fields = [f.name for f in sheet.model._meta.concrete_fields if not f.primary_key]
                if changed:
                    manager.bulk_update(
                        [_next_version(instance) for _, instance in changed], fields, BATCH
                    )
        except IntegrityError as error:
            self.faults += _broken_constraints([*new, *changed], error)
            for _, instance in new:
                instance.pk = None
            return
        for _, instance in new:
            self._audit("planbook.create", instance, {}, _own_fields(sheet))
        for _, instance in (*new, *changed):
            self.locks.note_written(instance)
        self.counts["created"][sheet.name] += len(new)
        self.counts["updated"][sheet.name] += len(changed)

    def _audit(
        self, action: str, instance: models.Model, before: audit.Values, fields: Iterable[str]
    ) -> None:
        if self.is_trial:
            return  # a third of the time, for entries that would be undone unread
        organization = self.organization
        if organization is None and isinstance(instance, Organization):
            organization = instance
        self.entries.append(
            audit.entry(
                self.actor,
                action,
                instance,
                organization.pk if organization else None,
                before,
                audit.values_of(instance, fields),
            )
        )


def _own_fields(sheet: Sheet) -> list[str]:
    return [column.field for column in sheet.columns]


def _empty(model_field: Any) -> Any:
    """What an empty cell means for a field: its default, nothing, or an empty text."""
    if model_field.has_default():
        return model_field.get_default()
    if model_field.null:
        return None
    return ""


def _next_version(instance: models.Model) -> models.Model:
    if hasattr(instance, "version"):
        instance.version += 1
    return instance


def _faults_of(row: ParsedRow, error: ValidationError) -> Iterator[Fault]:
    columns = {column.field: column.name for column in row.sheet.columns}
    if hasattr(error, "error_dict"):
        for name, messages in error.message_dict.items():
            for message in messages:
                yield row.fault(columns.get(name, ""), message)
    else:
        for message in error.messages:
            yield row.fault("", message)


def _broken_constraints(
    rows: list[tuple[ParsedRow, models.Model]], error: IntegrityError
) -> list[Fault]:
    """Which rows break a database constraint, alone or together with an earlier row.

    Asked row by row, each written after it was found sound, since this is the rare path; all of
    it is undone again.
    """
    faults: list[Fault] = []
    with transaction.atomic():
        for row, instance in rows:
            try:
                instance.validate_constraints()
                instance.save()
            except ValidationError as refused:
                faults += _faults_of(row, refused)
        transaction.set_rollback(True)
    return faults or [
        Fault(rows[0][0].sheet.name, None, "", "", f"データベースの制約に反します（{error}）。")
    ]


def _waves(sheet: Sheet, rows: list[ParsedRow], faults: list[Fault]) -> Iterator[list[ParsedRow]]:
    """Rows that refer to their own sheet come after those they refer to (parents first)."""
    own = [c.name for c in sheet.columns if c.refers_to == sheet.name]
    if not own:
        yield rows
        return
    waiting, done = rows, set[str]()
    while waiting:
        ready = [row for row in waiting if all(row.values.get(c) in {None, *done} for c in own)]
        if not ready:
            faults += [row.fault(own[0], "上位をたどると輪になっています。") for row in waiting]
            return
        yield ready
        done |= {row.values["key"] for row in ready}
        waiting = [row for row in waiting if row.values["key"] not in done]
