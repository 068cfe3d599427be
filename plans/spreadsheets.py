"""Writing workbooks safely: the one way in which any part of the portal puts a value in a cell.

A text stays a text (`=1+1`, `+81…`, `-`, `@x`, `#N/A`, `007`), a number stays a number with a
format for its decimals, and empty is not zero. `safe_cell` works for ordinary and for write-only
sheets:

    sheet.append([safe_cell(sheet, "=1+1"), safe_cell(sheet, Decimal("12.5"), decimals=1)])
    write_row(sheet, ["名称", Decimal(3), None])
    write_table(workbook, "一覧", ["名称", "値"], rows)     # machine-readable: head in row 1
    save(workbook, path, as_of)                             # same content, same bytes
"""

import datetime
import re
import shutil
import zipfile
from collections.abc import Hashable, Iterable, Sequence
from copy import copy
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from weakref import WeakKeyDictionary

from django.db import models
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.writer.excel import ExcelWriter

from accounts.csv_cells import FORMULA_STARTS
from plans.streamed_workbook import Look, StreamedCell, StreamedSheet

# With these and "#" (#N/A) begins what openpyxl itself may take for something else than a text.
_SPECIAL = frozenset({*FORMULA_STARTS, "#"})
# Excel keeps 15 significant digits of a number and 32,767 characters of a text.
MAX_SIGNIFICANT_DIGITS = 15
MAX_TEXT = 32_767
CUT_TEXT = "…（セルに入る長さを超えたため以下省略）"
# What XML 1.0 cannot carry; one such sign would make the whole file unreadable.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_FORBIDDEN_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
MAX_TITLE = 31
MOMENTS = (datetime.date, datetime.datetime)

HEAD_FONT = Font(bold=True)
HEAD_FILL = PatternFill("solid", fgColor="E8F1FE")
THIN = Side(style="thin", color="767676")
BORDER = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
HEAD_ALIGNMENT = Alignment(vertical="center", wrap_text=True)


def number_format(decimals: int = 0, on_paper: bool = False) -> str:
    """Thousands commas and so many decimals; △ for minus in the forms that are printed."""
    plain = "#,##0" + ("." + "0" * decimals if decimals > 0 else "")
    return f'{plain};"△"{plain}' if on_paper else plain


def safe_cell(
    sheet: Any,
    value: Any,
    decimals: int | None = None,
    number_format: str = "",
    **style: Any,
) -> Cell | StreamedCell:
    """A cell to append to `sheet`.

    For a streamed sheet it is a `StreamedCell`, else one of openpyxl's, which may be changed yet.
    `decimals` gives a number its format (None leaves it as it is); `number_format` overrides it.
    `style` sets `font`, `fill`, `border`, `alignment`. None and "" give an empty cell.
    """
    if isinstance(sheet, StreamedSheet):
        return _streamed_cell(sheet, value, decimals, number_format, style)
    return _styled_cell(sheet, value, decimals, number_format, style)


def _styled_cell(
    sheet: Any, value: Any, decimals: int | None, number_format: str, style: dict[str, Any]
) -> Cell:
    cell: Cell = WriteOnlyCell(sheet)
    set_value(cell, value, decimals, number_format)
    if style:
        _set_style(cell, style)
    return cell


def _streamed_cell(
    sheet: StreamedSheet,
    value: Any,
    decimals: int | None,
    number_format: str,
    style: dict[str, Any],
) -> StreamedCell:
    """What `_styled_cell` gives, which is asked once for each look alone."""
    value = _as_text_or_number(_plain(value))
    format: Hashable = None
    if isinstance(value, str):
        format = value.startswith(FORMULA_STARTS)
    elif value is not None:
        format = (type(value) in MOMENTS, decimals, number_format)
    key = (format, *style, *map(id, style.values()))
    look = sheet.parent.looks.get(key)
    if look is None:
        number = _styled_cell(sheet, value, decimals, number_format, style).style_id
        alignment = style.get("alignment")
        look = Look(number, bool(alignment and alignment.wrap_text), style)
        sheet.parent.looks[key] = look
    if type(value) in MOMENTS:
        value = to_excel(value, sheet.parent.epoch)
    return StreamedCell(value, look)


# For each workbook, the numbers that it gave to looks (sets of settings) which it has had before.
_LOOKS: WeakKeyDictionary[Workbook, dict[Hashable, tuple[StyleArray, object]]] = WeakKeyDictionary()


def _set_style(cell: Cell, style: dict[str, Any]) -> None:
    """Give a cell its look; openpyxl compares every setting with all others, so only once each."""
    looks = _LOOKS.setdefault(cell.parent.parent, {})
    # The settings are kept beside their look: another one could else get the same id.
    before = bytes(cell._style or b"")  # a number's format, a text's quote
    look = (before, *((name, id(setting)) for name, setting in style.items()))
    if look not in looks:
        for name, setting in style.items():
            setattr(cell, name, setting)
        looks[look] = copy(cell._style), style
    cell._style = copy(looks[look][0])


def set_value(cell: Cell, value: Any, decimals: int | None = None, number_format: str = "") -> None:
    """Put a value into an existing cell (see `safe_cell`)."""
    value = _as_text_or_number(_plain(value))
    if isinstance(value, str):
        _set_text(cell, value)
    elif value is not None:
        cell.value = value
        if number_format or decimals is not None:
            cell.number_format = number_format or _number_format(decimals)


def _number_format(decimals: int | None) -> str:
    return number_format(decimals or 0)


def _plain(value: Any) -> Any:
    """What openpyxl can hold: enums and rows as text, moments in the office's own time."""
    if type(value) is str:
        return value or None
    if value is None or value == "":
        return None
    if isinstance(value, bool | int | float | Decimal):
        return int(value) if isinstance(value, models.IntegerChoices) else value
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
    if isinstance(value, datetime.date):
        return value
    return str(value)


def _fits_number(value: Decimal) -> bool:
    return value.is_finite() and len(value.normalize().as_tuple().digits) <= MAX_SIGNIFICANT_DIGITS


def _as_text_or_number(value: Any) -> Any:
    """A text that a cell can hold; a number that Excel would round as a text."""
    if not isinstance(value, str):
        is_rounded = isinstance(value, Decimal) and not _fits_number(value)
        return f"{value:f}" if is_rounded else value
    text = ILLEGAL.sub(REPLACEMENT, value)
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - len(CUT_TEXT)] + CUT_TEXT
    return text


def _set_text(cell: Cell, text: str) -> None:
    cell.value = text
    # openpyxl takes "=…" for a formula and "#N/A" for an error: say that it is neither.
    cell.data_type = "s"
    if text.startswith(FORMULA_STARTS):
        cell.quotePrefix = True  # type: ignore[attr-defined]  # part of the cell's style


def write_row(sheet: Any, values: Iterable[Any], decimals: int | None = None, **style: Any) -> None:
    """Append one row of safe cells, all in the same style."""
    if style or decimals is not None:
        sheet.append([safe_cell(sheet, value, decimals, **style) for value in values])
    else:
        sheet.append([_as_is(sheet, value) for value in values])


def _as_is(sheet: Any, value: Any) -> Any:
    """A value that openpyxl writes as it is; a cell of its own where it would take it for more."""
    if value is None or type(value) is int:
        return value
    if type(value) is str and value and len(value) <= MAX_TEXT and value[0] not in _SPECIAL:
        return value if ILLEGAL.search(value) is None else safe_cell(sheet, value)
    return safe_cell(sheet, value)


def write_head(sheet: Any, labels: Iterable[str]) -> None:
    """Append the row of column names."""
    write_row(
        sheet,
        labels,
        font=HEAD_FONT,
        fill=HEAD_FILL,
        border=BORDER,
        alignment=HEAD_ALIGNMENT,
    )


def write_table(
    workbook: Workbook,
    title: str,
    labels: Sequence[str],
    rows: Iterable[Sequence[Any]],
    widths: Sequence[float] = (),
) -> Any:
    """A machine-readable sheet: one table, its head in row 1, nothing merged or hidden."""
    sheet = workbook.create_sheet(sheet_title(title, workbook.sheetnames))
    # A write-only sheet wants these before its first row.
    sheet.freeze_panes = "A2"
    for index, label in enumerate(labels, start=1):
        width = widths[index - 1] if index <= len(widths) else max(10, 2 * len(label) + 2)
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    write_head(sheet, labels)
    for row in rows:
        write_row(sheet, row)
    return sheet


def sheet_title(text: str, taken: Iterable[str] = ()) -> str:
    """A title that Excel takes: no forbidden sign, at most 31 characters, not there yet."""
    title = _FORBIDDEN_IN_TITLES.sub("・", text).strip("' ")[:MAX_TITLE] or "シート"
    used = {name.casefold() for name in taken}
    number, unique = 2, title
    while unique.casefold() in used:
        suffix = f"（{number}）"
        unique = title[: MAX_TITLE - len(suffix)] + suffix
        number += 1
    return unique


class _DatedZip(zipfile.ZipFile):
    """A zip whose members all carry one given moment instead of the clock's."""

    moment: datetime.datetime

    def _member(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self.moment.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info

    def writestr(self, name: Any, data: Any, *args: Any, **options: Any) -> None:
        super().writestr(self._member(name) if isinstance(name, str) else name, data)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **options: Any) -> None:
        with (
            Path(filename).open("rb") as source,
            self.open(self._member(str(arcname or filename)), "w", force_zip64=True) as member,
        ):
            shutil.copyfileobj(source, member)


def save(workbook: Workbook, file: Path | str | IO[bytes], as_of: datetime.datetime) -> None:
    """Save with the moment of the data instead of the clock's: same content, same bytes."""
    moment = timezone.localtime(as_of) if timezone.is_aware(as_of) else as_of
    moment = moment.replace(tzinfo=None, microsecond=0)
    workbook.properties.created = workbook.properties.modified = moment
    with _DatedZip(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        archive.moment = moment
        ExcelWriter(workbook, archive).write_data()
