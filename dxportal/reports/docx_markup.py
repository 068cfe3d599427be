"""WordprocessingML as text: runs, paragraphs, tables and pictures.

It is written as text and not as a tree of elements, so that a report of any length is made in
bounded memory. The names of styles are those of docx_styles.xml. Lengths are millimetres.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from types import TracebackType
from typing import Self

from django.utils.html import escape

from plans.spreadsheets import ILLEGAL, REPLACEMENT

HEAD_FILL, STEP_FILL, GROUP_FILL, CURRENT_FILL = "DFE8F7", "F3F5F9", "C5D7FB", "000060"
POINT = 25.4 / 72  # millimetres
# A row that is higher than this part of the page may be torn, else it would leave a page empty.
TALL = 0.5


def twips(millimetres: float) -> int:
    return round(millimetres / 25.4 * 1440)


def emu(millimetres: float) -> int:
    return round(millimetres * 36000)


def clean(text: str) -> str:
    """Text that XML can carry and that is escaped; the place of a bad sign stays visible."""
    return str(escape(ILLEGAL.sub(REPLACEMENT, text)))


@dataclass(frozen=True)
class Run:
    """A piece of text in one style; `size` in points, 0 for that of the paragraph."""

    text: str
    bold: bool = False
    size: float = 0
    raised: bool = False
    color: str = ""

    def markup(self) -> str:
        said = "<w:b/><w:bCs/>" if self.bold else ""
        said += f'<w:color w:val="{self.color}"/>' if self.color else ""
        if self.size:
            half_points = round(self.size * 2)
            said += f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'
        said += '<w:vertAlign w:val="superscript"/>' if self.raised else ""
        properties = f"<w:rPr>{said}</w:rPr>" if said else ""
        text = clean(self.text).replace("\r", "")
        for sign, name in (("\n", "br"), ("\t", "tab")):
            text = text.replace(sign, f'</w:t><w:{name}/><w:t xml:space="preserve">')
        return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


@dataclass(frozen=True)
class Paragraph:
    """Runs in one paragraph style; `more` is finished markup behind them (pictures, fields)."""

    runs: tuple[Run, ...] = ()
    style: str = ""
    align: str = ""
    keeps_next: bool = False
    breaks_page: bool = False
    more: str = ""

    def markup(self) -> str:
        said = f'<w:pStyle w:val="{self.style}"/>' if self.style else ""
        said += "<w:keepNext/>" if self.keeps_next else ""
        said += "<w:pageBreakBefore/>" if self.breaks_page else ""
        said += f'<w:jc w:val="{self.align}"/>' if self.align else ""
        properties = f"<w:pPr>{said}</w:pPr>" if said else ""
        runs = "".join(run.markup() for run in self.runs if run.text)
        return f"<w:p>{properties}{runs}{self.more}</w:p>"

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def split_lines(text: str) -> list[str]:
    """The lines that people wrote; str.splitlines would also break at control characters."""
    return text.replace("\r\n", "\n").strip("\n\t 　").split("\n")


def lines(text: str, style: str = "") -> tuple[Paragraph, ...]:
    """A paragraph for each line of a text that people wrote; none for an empty text."""
    if not text.strip():
        return ()
    return tuple(Paragraph((Run(line),), style) for line in split_lines(text))


@dataclass(frozen=True)
class Box:
    """A cell of a table. `merge` is "restart" where it goes on below, there "continue"."""

    paragraphs: tuple[Paragraph, ...] = ()
    span: int = 1
    merge: str = ""
    fill: str = ""
    is_heavy: bool = False

    def markup(self, width: float, style: str, keeps_next: bool, is_middle: bool) -> str:
        said = f'<w:tcW w:w="{twips(width)}" w:type="dxa"/>'
        said += f'<w:gridSpan w:val="{self.span}"/>' if self.span > 1 else ""
        said += f'<w:vMerge w:val="{self.merge}"/>' if self.merge else ""
        if self.is_heavy:
            sides = "".join(
                f'<w:{side} w:val="single" w:sz="12" w:color="000000"/>'
                for side in ("top", "left", "bottom", "right")
            )
            said += f"<w:tcBorders>{sides}</w:tcBorders>"
        said += f'<w:shd w:val="clear" w:color="auto" w:fill="{self.fill}"/>' if self.fill else ""
        said += '<w:vAlign w:val="center"/>' if is_middle else ""
        inside = "".join(
            replace(one, style=one.style or style, keeps_next=keeps_next or one.keeps_next).markup()
            for one in self.paragraphs or (Paragraph(),)
        )
        return f"<w:tc><w:tcPr>{said}</w:tcPr>{inside}</w:tc>"

    def line_count(self, width: float, size: float) -> int:
        """A guess at the lines that the text takes at this width, every sign a full one."""
        signs = max(1, int(width / (size * POINT)))
        return sum(max(1, ceil(len(one.text) / signs)) for one in self.paragraphs)


@dataclass(frozen=True)
class TableLook:
    """How a table is set: the style of its text and that text's size in points."""

    style: str
    size: float


NORMAL, SMALL = TableLook("TableText", 8.5), TableLook("TableSmall", 7.5)
TINY = TableLook("TableTiny", 7)


class Table:
    """A table, written row by row; what a row holds is not kept.

    `widths` are those of the columns; the columns with None share what is left of `room`.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        widths: Sequence[float | None],
        room: float,
        page_height: float,
        caption: str,
        look: TableLook = NORMAL,
        table_style: str = "ReportTable",
    ) -> None:
        free = sum(width is None for width in widths)
        left = room - sum(width or 0 for width in widths)
        self.widths = [left / free if width is None else width for width in widths]
        self.write, self.look, self.page_height = write, look, page_height
        self.caption, self.table_style = caption, table_style

    def __enter__(self) -> Self:
        columns = "".join(f'<w:gridCol w:w="{twips(width)}"/>' for width in self.widths)
        caption = f'<w:tblCaption w:val="{clean(self.caption)}"/>' if self.caption else ""
        self.write(
            f'<w:tbl><w:tblPr><w:tblStyle w:val="{self.table_style}"/>'
            f'<w:tblW w:w="{twips(sum(self.widths))}" w:type="dxa"/>'
            '<w:tblLayout w:type="fixed"/>'
            '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
            'w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
            f"{caption}</w:tblPr><w:tblGrid>{columns}</w:tblGrid>"
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.write("</w:tbl>")

    @property
    def columns(self) -> int:
        return len(self.widths)

    def head(self, labels: Iterable[str], current: str = "") -> None:
        """The row that repeats on every page; `current` is the label of the year in question."""
        boxes = [self._head_box(label, bool(current) and label == current) for label in labels]
        self.row(boxes, keeps_next=True, is_head=True)

    def _head_box(self, label: str, is_current: bool) -> Box:
        color = "FFFFFF" if is_current else ""
        paragraph = Paragraph((Run(label, color=color),), f"{self.look.style}Head")
        return Box((paragraph,), fill=CURRENT_FILL if is_current else HEAD_FILL)

    def row(self, boxes: Iterable[Box], keeps_next: bool = False, is_head: bool = False) -> None:
        """A row that is not torn; with `keeps_next` the row after it stands on the same page."""
        said, column, tallest = [], 0, 0
        for box in boxes:
            width = sum(self.widths[column : column + box.span])
            said.append(box.markup(width, self.look.style, keeps_next, is_head))
            if box.merge != "continue":
                tallest = max(tallest, box.line_count(width - 2, self.look.size))
            column += box.span
        is_tall = tallest * self.look.size * POINT * 1.4 > self.page_height * TALL
        properties = "" if is_tall else "<w:cantSplit/>"
        properties += "<w:tblHeader/>" if is_head else ""
        start = f"<w:trPr>{properties}</w:trPr>" if properties else ""
        self.write(f"<w:tr>{start}{''.join(said)}</w:tr>")

    def text(self, text: str, refs: str = "", bold: bool = False, align: str = "") -> Box:
        """A cell of text; `refs` are the signs of its notes."""
        runs = [[Run(line, bold)] for line in split_lines(text)]
        runs[-1].append(Run(refs, raised=True))
        return Box(tuple(Paragraph(tuple(parts), align=align) for parts in runs))

    def figure(self, text: str, refs: str = "", bold: bool = False, size: float = 0) -> Box:
        """A figure at the right edge, its digits under those of the next row."""
        runs = (Run(text, bold, size), Run(refs, raised=True))
        return Box((Paragraph(runs, f"{self.look.style}Figure"),))

    def band(self, text: str, fill: str, refs: str = "", remark: str = "") -> None:
        """A row across the table that names what follows."""
        runs = (Run(text, bold=fill == GROUP_FILL), Run(refs, raised=True), Run(remark))
        box = Box((Paragraph(runs),), span=self.columns, fill=fill)
        self.row([box], keeps_next=not remark)


def goes_on(box: Box, rows: int) -> Box:
    """The cell as the first of `rows` that are merged below each other."""
    return replace(box, merge="restart") if rows > 1 else box


BELOW = Box(merge="continue")


def field(instruction: str, shown: str = "", properties: str = "", dirty: bool = False) -> str:
    """A field with the result that is shown until it is updated."""
    look = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    mark = ' w:dirty="true"' if dirty else ""
    return (
        f'<w:r>{look}<w:fldChar w:fldCharType="begin"{mark}/></w:r>'
        f'<w:r>{look}<w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText></w:r>'
        f'<w:r>{look}<w:fldChar w:fldCharType="separate"/></w:r>'
        f"<w:r>{look}<w:t>{clean(shown)}</w:t></w:r>"
        f'<w:r>{look}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def picture(relation: str, number: int, title: str, text: str, width: float, height: float) -> str:
    """A picture in its line, with its alternative text."""
    about = f'id="{number}" name="図{number}" descr="{clean(text)}" title="{clean(title)}"'
    size = f'cx="{emu(width)}" cy="{emu(height)}"'
    kind = "http://schemas.openxmlformats.org/drawingml/2006/picture"
    return (
        '<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f"<wp:extent {size}/><wp:docPr {about}/>"
        f'<a:graphic><a:graphicData uri="{kind}"><pic:pic>'
        f'<pic:nvPicPr><pic:cNvPr id="{number}" name="図{number}"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch>'
        f'</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
