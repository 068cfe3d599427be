"""A Word document that is being written: its pages, headings, contents, tables and pictures."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE

from dxportal.reports.chart_pictures import png_of
from dxportal.reports.content import ReportContent
from dxportal.reports.docx_markup import (
    NORMAL,
    Paragraph,
    Run,
    Table,
    TableLook,
    field,
    lines,
    picture,
    twips,
)
from dxportal.reports.docx_package import add_part, empty_document, save_document

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
NAMESPACES = (
    f'{_W} {_R} xmlns:a="{_DRAWING}/main" xmlns:wp="{_DRAWING}/wordprocessingDrawing" '
    f'xmlns:pic="{_DRAWING}/picture"'
)
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True)
class Page:
    """A kind of page in millimetres; `title` says what stands at the right of its header.

    0 is a page without header and footer, 1 the chapter's heading, 2 the section's beside it.
    """

    name: str
    width: float
    height: float
    top: float
    side: float
    bottom: float
    title: int = 1

    @property
    def room(self) -> float:
        return self.width - 2 * self.side

    @property
    def is_landscape(self) -> bool:
        return self.width > self.height

    @property
    def inner_height(self) -> float:
        return self.height - self.top - self.bottom


COVER = Page("cover", 210, 297, 23, 16, 17, title=0)
UPRIGHT = Page("upright", 210, 297, 23, 16, 17)
AREA = Page("area", 210, 297, 23, 16, 17, title=2)
WIDE = Page("wide", 297, 210, 21, 14, 15, title=2)
LIST = Page("list", 420, 297, 21, 14, 15)
LIST_SMALL = Page("list", 297, 210, 21, 14, 15)


class Report:
    """A report that is being written: its text goes to a temporary file, not into memory.

        with Report(content) as report:
            report.page(UPRIGHT)
            report.heading(1, "集計")
            report.save(target)

    Headings are collected on the way; `contents` marks the place where they are listed.
    """

    def __init__(self, content: ReportContent) -> None:
        self.content = content
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._page: Page | None = None
        self._breaks_page = False
        self._contents_at = 0
        self._headings: list[tuple[int, str]] = []
        self._pictures = 0
        self._word = empty_document(content)
        # The headings of level 1 and 2 that stand in the header: of the open section, newest.
        self._running: dict[int, str] = {}
        self._newest: dict[int, str] = {}
        self._footers: dict[str, str] = {}
        self._headers: dict[tuple[str, str, str], str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    # What the sections call

    def write(self, markup: str) -> None:
        self._file.write(markup.encode())

    def page(self, page: Page) -> None:
        """Begin a new page of this kind; a heading must follow."""
        if self._page is page:
            self._breaks_page = True
            return
        if self._page is not None:
            self._end_section()
        self._page, self._breaks_page = page, False

    def _end_section(self) -> None:
        self.write(f'<w:p><w:pPr><w:pStyle w:val="ReportGap"/>{self._section()}</w:pPr></w:p>')
        self._running = {}

    def heading(self, level: int, text: str, above: str = "") -> None:
        """A heading of level 1 to 3; the first two are listed in the contents.

        `above` is a small line over it: the name of the measure's level in its plan.
        """
        breaks, self._breaks_page = self._breaks_page, False
        if breaks and level in self._running and level <= self._page_title:
            # The header changes: word processors other than Word don't look for it themselves.
            self._end_section()
            breaks = False
        if level <= 2:
            self._note_running(level, text)
        if above:
            small = Paragraph((Run(above),), "ReportLevel", keeps_next=True, breaks_page=breaks)
            self.write(small.markup())
            breaks = False
        paragraph = Paragraph((Run(text),), f"Heading{level}", breaks_page=breaks)
        markup = paragraph.markup()
        if above:  # it keeps the distance from what was before
            markup = markup.replace("</w:pPr>", '<w:spacing w:before="0"/></w:pPr>', 1)
        if level > 2:
            self.write(markup)
            return
        self._headings.append((level, text))
        number = len(self._headings)
        start = f'<w:bookmarkStart w:id="{number}" w:name="{_bookmark(number)}"/>'
        end = f'<w:bookmarkEnd w:id="{number}"/>'
        before, close, after = markup.partition("</w:pPr>")
        self.write(f"{before}{close}{start}{after.removesuffix('</w:p>')}{end}</w:p>")

    @property
    def _page_title(self) -> int:
        return self._page.title if self._page else 0

    def _note_running(self, level: int, text: str) -> None:
        """Keep a heading for the header, which shows the first ones of its section."""
        self._newest[level] = text
        if level == 1:
            self._newest.pop(2, None)
        self._running.setdefault(level, text)

    def paragraph(self, text: str, style: str = "", keeps_next: bool = False) -> None:
        breaks, self._breaks_page = self._breaks_page, False
        self.write(
            Paragraph((Run(text),), style, keeps_next=keeps_next, breaks_page=breaks).markup()
        )

    def text(self, text: str, style: str = "") -> None:
        """What people wrote, a paragraph for each of its lines."""
        for paragraph in lines(text, style):
            self.write(paragraph.markup())

    def table(
        self,
        widths: Sequence[float | None],
        caption: str = "",
        look: TableLook = NORMAL,
        style: str = "ReportTable",
    ) -> Table:
        assert self._page is not None, "page() comes before the first table"
        height = self._page.inner_height
        return Table(self.write, widths, self._page.room, height, caption, look, style)

    def gap(self) -> None:
        """Keeps two tables apart, which Word would join."""
        self.paragraph("", "ReportGap")

    def picture(self, svg: str, title: str, description: str, width: float) -> str:
        """The markup of a chart, `width` millimetres wide, with its words for who cannot see it."""
        self._pictures += 1
        data, units_wide, units_high = png_of(svg)
        name = f"media/chart{self._pictures}.png"
        relation = add_part(self._word, name, CONTENT_TYPE.PNG, RELATIONSHIP_TYPE.IMAGE, data)
        height = width * units_high / units_wide
        return picture(relation, self._pictures, title, description, width, height)

    def contents(self) -> None:
        """The table of contents comes here."""
        self._contents_at = self._file.tell()

    # The file

    def save(self, target: Path) -> None:
        """Write the Word file; the same content gives the same bytes."""
        last = self._section()  # with its header, before the package is put together
        save_document(self._word, self._document(last), target, self.content)

    def _document(self, last_section: str) -> Iterator[bytes]:
        yield f"{_DECLARATION}<w:document {NAMESPACES}><w:body>".encode()
        self._file.seek(0)
        yield self._file.read(self._contents_at)
        if self._contents_at:
            yield self._contents_list().encode()
        while chunk := self._file.read(1 << 20):
            yield chunk
        yield f"{last_section}</w:body></w:document>".encode()

    def _contents_list(self) -> str:
        """The headings with links to them, in a field that Word offers to bring up to date.

        On which pages they stand only a word processor knows: Word makes the lines anew with their
        numbers on opening. Until then, and elsewhere, no dots lead to a number that is not there.
        """
        rows = []
        for number, (level, text) in enumerate(self._headings, start=1):
            start = f'<w:hyperlink w:anchor="{_bookmark(number)}" w:history="1">'
            link = f"{start}{Run(text).markup()}</w:hyperlink>"
            rows.append(Paragraph(style=f"TOC{level}", more=link).markup())
        begin, end = field('TOC \\o "1-2" \\h \\z \\u', dirty=True).split("<w:r><w:t></w:t></w:r>")
        if rows:
            rows[0] = rows[0].replace("</w:pPr>", f"</w:pPr>{begin}", 1)
            rows[-1] = rows[-1].removesuffix("</w:p>") + f"{end}</w:p>"
        return "".join(rows)

    def _section(self) -> str:
        """The properties of the section that ends here."""
        page = self._page or COVER
        said = "".join(
            f'<w:{kind}Reference w:type="default" r:id="{relation}"/>'
            for kind, relation in self._header_and_footer(page)
        )
        turned = ' w:orient="landscape"' if page.is_landscape else ""
        return (
            f'<w:sectPr>{said}<w:type w:val="nextPage"/>'
            f'<w:pgSz w:w="{twips(page.width)}" w:h="{twips(page.height)}"{turned}/>'
            f'<w:pgMar w:top="{twips(page.top)}" w:right="{twips(page.side)}" '
            f'w:bottom="{twips(page.bottom)}" w:left="{twips(page.side)}" '
            f'w:header="{twips(11)}" w:footer="{twips(8)}" w:gutter="0"/>'
            '<w:cols w:space="425"/></w:sectPr>'
        )

    def _header_and_footer(self, page: Page) -> tuple[tuple[str, str], ...]:
        """The relations of the header and the footer of the section that ends here."""
        if not page.title:
            return ()
        key = f"{page.name}_{page.width}"
        titles = {**self._newest, **self._running}
        shown = (titles.get(1, ""), titles.get(2, "") if page.title > 1 else "")
        if key not in self._footers:
            self._footers[key] = self._footer()
        header = self._headers.get((key, *shown)) or self._header(page, shown)
        self._headers[key, *shown] = header
        return (("header", header), ("footer", self._footers[key]))

    def _header(self, page: Page, shown: tuple[str, str]) -> str:
        """Fields that Word keeps up to date itself, with the text that others show as it is."""
        numbers = self.content.design.cover.numbers
        title = (Run(f"{numbers}　").markup() if numbers else "") + field("STYLEREF 1", shown[0])
        if page.title > 1:
            title += Run("　").markup() + field("STYLEREF 2", shown[1])
        tab = f'<w:tabs><w:tab w:val="right" w:pos="{twips(page.room)}"/></w:tabs>'
        plan = f"{self.content.plan_name}　{self.content.cover_title}"
        head = Paragraph((Run(plan),), "Header", more=f"<w:r><w:tab/></w:r>{title}").markup()
        head = head.replace("</w:pPr>", f"{tab}</w:pPr>", 1)
        return self._relate("header", len(self._headers) + 1, f"<w:hdr {_W}>{head}</w:hdr>")

    def _footer(self) -> str:
        slash = Run(" / ").markup()
        foot = Paragraph(
            style="Footer", more=f"{field('PAGE', '1')}{slash}{field('NUMPAGES', '1')}"
        )
        number = len(self._footers) + 1
        return self._relate("footer", number, f"<w:ftr {_W}>{foot.markup()}</w:ftr>")

    def _relate(self, kind: str, number: int, markup: str) -> str:
        return add_part(
            self._word,
            f"{kind}{number}.xml",
            getattr(CONTENT_TYPE, f"WML_{kind.upper()}"),
            getattr(RELATIONSHIP_TYPE, kind.upper()),
            (_DECLARATION + markup).encode(),
        )


def _bookmark(number: int) -> str:
    """As Word names the places that its contents lead to."""
    return f"_Toc{number:09d}"
