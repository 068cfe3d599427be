"""What an entry workbook would change, and changing it: one decision, all or nothing.

The preview is the real thing taken back: every edit goes through the verbs of the grid in a
transaction that is rolled back. What they refuse is refused here, and what a person sees as
"after" is what will be stored.

Between the preview and the decision the edits travel in the page, signed, packed, and bound to the
person and the round (`pack`). They are small, so nothing has to be kept on the server and cleared
away later as with plan books; the signature keeps what was looked at and what is applied the same,
and rights, locks and versions are checked again by the verbs when they are applied.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field, replace

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import User
from budgets.money import in_words
from dxportal.rounds.cells import Cell, Field
from dxportal.rounds.entry_book_reading import (
    CellFault,
    RowEdit,
    read_entry_book,
    refuse_too_large,
)
from dxportal.rounds.grid import rows_of_round
from dxportal.rounds.rows import ActualRow, Row, SettlementRow
from dxportal.rounds.writing import errors_by_cell, is_change, yen_of
from dxportal.rounds.writing_many import RowWrite, store_rows
from plans.models import ReportingCycle

# So long a preview may lie on the screen.
MAX_AGE_SECONDS = 2 * 60 * 60
# Django takes no form above 2.5 MB.
MAX_PACKED = 2_000_000
# So many faults are kept for their download; a page lists them all.
MAX_KEPT_FAULTS = 2_000
_EDITS, _FAULTS = "rounds.entry-book.edits", "rounds.entry-book.faults"

Rows = Mapping[int, Row]


class Outdated(Exception):
    """The preview does not hold any more; nothing was changed."""


@dataclass(frozen=True)
class CellChange:
    """One field of a row: what a person sees of it before and after, and how it was understood."""

    label: str
    cell: str
    before: str
    after: str
    typed: str = ""
    understood: str = ""


@dataclass
class RowChange:
    """One item that would change. In a conflict `before` is what is stored now, by whom and when.

    `seen` is the version that the decision is made on, `theirs_by` who stored it and when.
    """

    edit: RowEdit
    row: Row
    cells: list[CellChange]
    warnings: list[str] = field(default_factory=list)
    is_withdrawal: bool = False
    is_conflict: bool = False
    is_mine: bool = False
    theirs_by: str = ""

    @property
    def act(self) -> str:
        """What would happen to the item, in a word."""
        if self.is_withdrawal:
            return "入力の取消"
        return "変更" if self.row.is_filled else "新しい入力"

    @property
    def seen(self) -> str:
        return self.row.version


@dataclass
class Preview:
    changes: list[RowChange] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    row_count: int = 0

    @property
    def conflicts(self) -> list[RowChange]:
        return [change for change in self.changes if change.is_conflict]


def preview_of_file(
    actor: Actor, cycle: ReportingCycle, rows: Sequence[Row], upload: UploadedFile
) -> Preview:
    """What an uploaded workbook would do to the person's rows, with all that is wrong with it.

    Raises BookRefused where it is no entry workbook of this round at all.
    """
    assert isinstance(actor.user, User)
    refuse_too_large(upload.size)
    book = read_entry_book(upload, actor.user, cycle, rows)
    preview = preview_of(actor, cycle, book.edits)
    preview.faults = sorted([*book.faults, *preview.faults], key=_place_of(rows))
    preview.notices, preview.row_count = book.notices, book.row_count
    return preview


def _place_of(rows: Sequence[Row]) -> Callable[[CellFault], tuple[int, int, str]]:
    """Faults in the order of sheets and rows."""
    sheets = list(dict.fromkeys(row.item.get_kind_display() for row in rows))

    def place(fault: CellFault) -> tuple[int, int, str]:
        digits = "".join(sign for sign in fault.cell if sign.isdecimal())
        order = sheets.index(fault.sheet) if fault.sheet in sheets else len(sheets)
        return order, int(digits or 0), fault.cell.rjust(12)

    return place


def preview_of(
    actor: Actor, cycle: ReportingCycle, edits: Iterable[RowEdit], mine: Iterable[int] = ()
) -> Preview:
    """What the edits would do to what is stored now. `mine`: the conflicts decided for the book."""
    found = Preview()
    rows = _rows(actor, cycle)
    wanted = []
    for edit in edits:
        row = rows.get(edit.item_pk)
        if row is None:
            found.faults.append(_fault(edit, "", "あなたの入力する項目ではなくなりました。"))
        elif is_change(row, edit.typed):
            wanted.append(edit)
    after, refused = _tried(actor, cycle, rows, wanted)
    found.faults += refused
    for edit in wanted:
        if edit.item_pk in after:
            is_mine = edit.item_pk in set(mine)
            found.changes.append(_change(edit, rows[edit.item_pk], after[edit.item_pk], is_mine))
    return found


def apply_edits(
    actor: Actor, cycle: ReportingCycle, edits: Sequence[RowEdit], seen: Mapping[int, str]
) -> int:
    """Write the edits; the number of items that changed.

    `seen` names the version of each row that the person decided on; a conflict that was decided
    for what is stored is not among the edits. Raises Outdated, having changed nothing, where
    anything is refused: the preview then says what.
    """
    try:
        with transaction.atomic():
            rows = _rows(actor, cycle)
            writes = [RowWrite(rows[e.item_pk], e.typed, seen[e.item_pk]) for e in edits]
            stored = store_rows(actor, cycle, writes)
            if stored.refused:
                raise Outdated
    except KeyError as error:
        raise Outdated from error
    return len(stored.changed)


def _rows(actor: Actor, cycle: ReportingCycle) -> dict[int, Row]:
    assert isinstance(actor.user, User)
    return {row.item.pk: row for row in rows_of_round(actor.user, cycle)}


def _tried(
    actor: Actor, cycle: ReportingCycle, rows: Rows, edits: Sequence[RowEdit]
) -> tuple[Rows, list[CellFault]]:
    """The rows as they would be, of the edits that go through, and why the others do not."""
    copies = {e.item_pk: replace(rows[e.item_pk], item=copy(rows[e.item_pk].item)) for e in edits}
    writes = [RowWrite(row, e.typed, row.version) for e in edits for row in [copies[e.item_pk]]]
    with transaction.atomic():
        stored = store_rows(actor, cycle, writes)
        transaction.set_rollback(True)
    faults: list[CellFault] = []
    for edit in edits:
        if refusal := stored.refused.get(edit.item_pk):
            row = copies[edit.item_pk]
            if isinstance(refusal, ValidationError):
                faults += _refusals(edit, row, refusal)
            else:
                faults.append(_fault(edit, row.title, str(refusal)))
    return {pk: copies[pk] for pk in stored.changed}, faults


def _refusals(edit: RowEdit, row: Row, error: ValidationError) -> list[CellFault]:
    if isinstance(error, Locked):
        return [_fault(edit, row.title, "".join(error.messages))]
    return [
        _fault(edit, row.title, reason, name)
        for name, reasons in errors_by_cell(error).items()
        for reason in reasons
    ]


def _fault(edit: RowEdit, title: str, reason: str, name: str = "") -> CellFault:
    value = edit.typed.get(name, "")[:200]
    return CellFault(edit.sheet, edit.address(name), title, value, reason)


def _change(edit: RowEdit, before: Row, after: Row, is_mine: bool) -> RowChange:
    old, new = before.cells, after.cells
    names = [name for name in new if name in edit.typed or _differs(old, new, name)]
    cells = [
        CellChange(
            new[name].field.label,
            edit.cells.get(name, ""),
            _seen(old[name]) if name in old and before.is_filled else "",
            _seen(new[name]),
            _typed(edit, new[name]),
            _understood(after, new[name].field),
        )
        for name in names
        if _differs(old, new, name)
    ]
    return RowChange(
        edit,
        before,
        cells,
        after.warnings,
        is_withdrawal=before.is_filled and not after.is_filled,
        is_conflict=edit.version != before.version,
        is_mine=is_mine,
    )


def _differs(old: Mapping[str, Cell], new: Mapping[str, Cell], name: str) -> bool:
    return name not in old or old[name].value != new[name].value


def _seen(cell: Cell) -> str:
    """A cell's words; a choice of nothing says nothing."""
    return cell.shown if cell.value else ""


def _typed(edit: RowEdit, cell: Cell) -> str:
    """What was typed as a figure, where something else is stored for it."""
    typed = edit.typed.get(cell.field.name, "")
    return typed if cell.field.kind == "figure" and typed != cell.value else ""


def _understood(row: Row, field: Field) -> str:
    """A stored figure with its unit, as it was read."""
    text = row.values[field.name]
    if isinstance(row, ActualRow) and field.name == "value":
        return row.understood
    if isinstance(row, SettlementRow) and field.kind == "figure" and text:
        yen = yen_of(field.name, text)
        return "" if yen is None else in_words(yen)
    return ""


# Between the preview and the decision


def pack(user: User, cycle: ReportingCycle, preview: Preview) -> str:
    """The edits of a preview for its form. Raises ValidationError where they are too many."""
    edits = [{**asdict(change.edit), "seen": change.seen} for change in preview.changes]
    packed = signing.dumps([user.pk, cycle.pk, edits], salt=_EDITS, compress=True)
    if len(packed) > MAX_PACKED:
        raise ValidationError(
            "一度に取り込むには変更が多すぎます。シートを分けて、2回に分けて取り込んでください。"
        )
    return packed


def unpack(user: User, cycle: ReportingCycle, packed: str) -> tuple[list[RowEdit], dict[int, str]]:
    """The edits of a preview, and the versions that it was made on.

    Raises Outdated for what is too old, or was made for somebody else or another round.
    """
    try:
        owner, round_pk, edits = signing.loads(packed, salt=_EDITS, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature as error:
        raise Outdated from error
    if (owner, round_pk) != (user.pk, cycle.pk):
        raise Outdated
    seen = {edit["item_pk"]: edit.pop("seen") for edit in edits}
    return [RowEdit(**edit) for edit in edits], seen


def pack_faults(user: User, faults: Sequence[CellFault]) -> str:
    """The faults of a book, for the form that downloads them."""
    kept = [list(asdict(fault).values()) for fault in faults[:MAX_KEPT_FAULTS]]
    return signing.dumps([user.pk, kept], salt=_FAULTS, compress=True)


def unpack_faults(user: User, packed: str) -> list[CellFault]:
    """Raises Outdated for what is too old or somebody else's."""
    try:
        owner, faults = signing.loads(packed, salt=_FAULTS, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature as error:
        raise Outdated from error
    if owner != user.pk:
        raise Outdated
    return [CellFault(*fault) for fault in faults]
