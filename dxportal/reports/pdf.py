"""The annual report on paper: HTML from templates, laid out part by part, put together as PDF/UA-1.

Parts (`pdf_parts`) are laid out apart, in this process or by several workers (a `Crew`), and joined
with their tags, links, bookmarks and the numbers of their pages (`pdf_joining`).
"""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from dxportal.reports import pdf_joining
from dxportal.reports.characters import Missing, without_missing
from dxportal.reports.collector import without_collector
from dxportal.reports.content import ReportContent
from dxportal.reports.pdf_joining import LaidOut, Page, Pages
from dxportal.reports.pdf_parts import Part, Piece, chapter_openers, parts_of, whole
from dxportal.reports.pdf_tags import TagMender, relinked
from dxportal.reports.rows import stage_legend
from dxportal.reports.sections import contents_of
from dxportal.reports.sheets import notes_by_part
from kpi.charts import BarRow, Bars, Segment

Progress = Callable[[str, int], None]

STYLE = Path(__file__).with_name("report.css")
NUMBERS_STYLE = Path(__file__).with_name("page_numbers.css")
_FONT_FOLDER = settings.BASE_DIR / "static" / "vendor" / "bizudpgothic"
# The only resources that a report may fetch, by the addresses that its style sheet uses.
RESOURCES = {
    "report:regular": _FONT_FOLDER / "BIZUDPGothic-Regular.ttf",
    "report:bold": _FONT_FOLDER / "BIZUDPGothic-Bold.ttf",
    "report:figures": _FONT_FOLDER / "PortalFigures-Regular.ttf",
    "report:figures-bold": _FONT_FOLDER / "PortalFigures-Bold.ttf",
}
# What a text is set in; of figures alone there are others.
FONTS = RESOURCES["report:regular"], RESOURCES["report:bold"]
PDF_VARIANT = "pdf/ua-1"
# Percent of the whole job at which laying out begins and ends; the rest is joining and writing.
LAYOUT_FROM, LAYOUT_TO = 12, 90
# What stands at the foot of a page; so many of them are laid out at once.
SHOWN_NUMBER = 'counter(page) " / %d"'
NUMBERS_AT_ONCE = 300
# So many bars stand in one picture: more would not fit a page.
BARS_AT_ONCE = 40
# Points of a PDF for each unit of CSS.
POINTS = 0.75


class ReportFetcher(URLFetcher):
    """Hands out the report's own fonts and refuses every other address, also those of files."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if url not in RESOURCES:
            raise ValueError(f"A report fetches nothing from {url[:100]!r}.")
        return URLFetcherResponse(url, RESOURCES[url].read_bytes())


# HTML


def html_of(
    content: ReportContent,
    pieces: Sequence[Piece] | None = None,
    page_of: dict[str, int] | None = None,
) -> str:
    """The finished HTML of the report, or of some of its sections.

    `page_of` gives the table of contents the pages of its lines by their anchors; without it they
    are counted by the layout itself, which must then lay out the report as a whole.
    """
    created = timezone.localtime(content.data_as_of).isoformat(timespec="seconds")
    pages = page_of or {}
    shared = {
        "stage_legend": stage_legend(),
        "mark_bars": mark_bars(content),
        "kpi_bars": kpi_bars(content),
        "contents": [(*line, pages.get(line[2], "")) for line in contents_of(content)],
        "notes_by_part": notes_by_part(content),
        "chapters": chapter_openers(content),
    }
    body = "".join(
        render_to_string(
            piece.kind.template,
            {
                **shared,
                "report": piece.content,
                "before": piece.before,
                **piece.kind.context(piece.content, piece.chosen),
            },
        )
        for piece in (whole(content) if pieces is None else pieces)
    )
    context = {"report": content, "created": created, "body": mark_safe(body)}
    return render_to_string("reports/pdf/report.html", context)


def mark_bars(content: ReportContent) -> list[Bars]:
    """Marks by area; the shade runs from dark (best) to white (no mark)."""
    totals = content.totals
    last = len(totals.mark_labels) - 1
    segments = tuple(
        Segment(label, 0 if index == last else max(1, 3 - index))
        for index, label in enumerate(totals.mark_labels)
    )
    bars = [BarRow(area.label, area.marks) for area in totals.areas]
    return _pictures("進捗の記号の数", segments, bars)


def kpi_bars(content: ReportContent) -> list[Bars]:
    segments = (Segment("達成", 3), Segment("未達成", 1), Segment("判定なし", 0))
    bars = [
        BarRow(area.label, (area.reached, area.missed, area.unjudged))
        for area in content.totals.areas
    ]
    return _pictures("KPIの達成の数", segments, bars)


def _pictures(title: str, segments: tuple[Segment, ...], bars: Sequence[BarRow]) -> list[Bars]:
    """As many pictures as it takes; one alone keeps the plain title."""
    starts = range(0, max(1, len(bars)), BARS_AT_ONCE)
    return [
        Bars(
            title if len(starts) == 1 else f"{title}（{number}/{len(starts)}）",
            segments,
            tuple(bars[start : start + BARS_AT_ONCE]),
        )
        for number, start in enumerate(starts, start=1)
    ]


# Laying out


class Crew(Protocol):
    """Who lays out the parts."""

    def lay_out(
        self, content: ReportContent, parts: Sequence[Part], folder: Path, progress: Progress
    ) -> list[LaidOut]: ...


class Alone:
    """One process lays out all parts, one after the other: what is in memory is one part."""

    def lay_out(
        self, content: ReportContent, parts: Sequence[Part], folder: Path, progress: Progress
    ) -> list[LaidOut]:
        total, done, made = sum(part.weight for part in parts), 0, []
        for part in parts:
            span = tuple(
                LAYOUT_FROM + (LAYOUT_TO - LAYOUT_FROM) * weight // total
                for weight in (done, done + part.weight)
            )
            step = _PartProgress(progress, part, *span)
            made.append(lay_out_part(content, part, folder / f"{part.number}.part.pdf", step))
            done += part.weight
        return made


@dataclass(frozen=True)
class WrittenPdf:
    """What is known of a PDF beside its bytes."""

    pages: dict[str, int]  # on which each of its places stands, by the place's anchor
    missing: list[tuple[str, Missing]]  # characters that the font lacks, with the part's title


def write_pdf(
    content: ReportContent, target: Path, progress: Progress, crew: Crew | None = None
) -> WrittenPdf:
    """Write the report into `target`; what `progress` raises stops it at the next page.

    Parts are kept in a folder beside the target until they are joined.
    """
    progress("紙面の組立て", 10)
    parts = parts_of(content)
    with _parts_folder(target) as folder:
        apart = [part for part in parts if not part.is_front]
        made = {
            laid.number: laid
            for laid in (crew or Alone()).lay_out(content, apart, folder, progress)
        }
        progress("目次とページ番号", LAYOUT_TO)
        for part in parts:
            if part.is_front:
                made[part.number] = _lay_out_front(content, part, parts, made, folder)
        laid = [made[part.number] for part in parts]
        numbers = _lay_out_numbers(laid, folder)
        progress("PDFの組立て", LAYOUT_TO + 4)
        page_of = pdf_joining.join(laid, numbers, target)
    missing = [(part.title, one) for part in parts for one in made[part.number].missing]
    return WrittenPdf(page_of, missing)


def lay_out_part(
    content: ReportContent,
    part: Part,
    target: Path,
    progress: Callable[[int], None],
    page_of: dict[str, int] | None = None,
) -> LaidOut:
    """Write the pages of a part, without their numbers; `progress` is told each page."""
    html, missing = without_missing(relinked(html_of(content, part.pieces, page_of)), FONTS)
    labels = {anchor: text for _, text, anchor in contents_of(content) if anchor}
    with without_collector(), _page_progress(progress):
        pages = render(html, target, TagMender(labels))
    opens_with_cover = part.pieces[0].kind.key == "cover"
    return LaidOut(part.number, target, pages, opens_with_cover, tuple(missing))


def _lay_out_front(
    content: ReportContent, part: Part, parts: list[Part], made: dict[int, LaidOut], folder: Path
) -> LaidOut:
    """The cover and the contents: laid out again should they need more pages than was thought."""
    target = folder / f"{part.number}.part.pdf"
    pages = len(part.pieces)
    while True:
        page_of: dict[str, int] = {}
        before = 0
        for other in parts:
            laid = made.get(other.number)
            if laid is not None and other.number != part.number:
                pdf_joining.number_anchors(page_of, laid.pages, before)
                before += len(laid.pages)
            elif other.number == part.number:
                before += pages
        found = lay_out_part(content, part, target, lambda page: None, page_of)
        if len(found.pages) == pages:
            return found
        pages = len(found.pages)


def _lay_out_numbers(laid: Sequence[LaidOut], folder: Path) -> list[Path]:
    """Files with nothing but the number of each page, on pages of the same sizes."""
    kinds = [
        (page.width, page.height, part.opens_with_cover and index == 0)
        for part in laid
        for index, page in enumerate(part.pages)
    ]
    found = []
    for start in range(0, len(kinds), NUMBERS_AT_ONCE):
        target = folder / f"numbers{start}.part.pdf"
        with without_collector():  # what is garbage goes after each
            _write_numbers(kinds[start : start + NUMBERS_AT_ONCE], start + 1, len(kinds), target)
        found.append(target)
    return found


def _write_numbers(
    kinds: Sequence[tuple[float, float, bool]], first: int, total: int, target: Path
) -> None:
    """Pages of these widths and heights, of which a cover shows no number."""
    names = {kind: f"page{index}" for index, kind in enumerate(dict.fromkeys(kinds))}
    sheets = "".join(f'<div class="{names[kind]}"></div>' for kind in kinds)
    rules = "".join(
        f"@page {name} {{ size: {width}pt {height}pt;"
        f" @bottom-center {{ content: {'none' if is_cover else SHOWN_NUMBER % total} }} }}"
        f".{name} {{ page: {name} }}"
        for (width, height, is_cover), name in names.items()
    )
    rules += f"@page :first {{ counter-reset: page {first} }}"
    fonts, fetcher = FontConfiguration(), ReportFetcher()
    styles = [
        CSS(NUMBERS_STYLE, font_config=fonts, url_fetcher=fetcher),
        CSS(string=rules, font_config=fonts, url_fetcher=fetcher),
    ]
    html = HTML(string=sheets, url_fetcher=fetcher)
    html.write_pdf(target, font_config=fonts, stylesheets=styles)


def render(html: str, target: Path, finisher: Any = None) -> Pages:
    """WeasyPrint with the report's own options, and nothing else; what stands on which page."""
    fonts, fetcher = FontConfiguration(), ReportFetcher()
    style = CSS(STYLE, font_config=fonts, url_fetcher=fetcher)
    options: dict[str, Any] = {"pdf_variant": PDF_VARIANT}
    document = HTML(string=html, url_fetcher=fetcher).render(
        font_config=fonts, stylesheets=[style], **options
    )
    document.write_pdf(target, finisher=finisher, **options)
    return [_page(page) for page in document.pages]


def _page(page: Any) -> Page:
    """Sizes and places in points of the PDF, from its lower left corner."""
    height = page.height * POINTS

    def at(x: float, y: float) -> tuple[float, float]:
        return round(x * POINTS, 3), round(height - y * POINTS, 3)

    return Page(
        round(page.width * POINTS, 3),
        round(height, 3),
        {name: at(*place[:2]) for name, place in page.anchors.items()},
        [(level, label, at(*place)) for level, label, place, _ in page.bookmarks],
    )


def folder_beside(target: Path) -> Path:
    """Where parts wait to be joined: on the disk of the target, which other workers see as well."""
    return target.with_name(f"{target.name}.parts")


@contextmanager
def _parts_folder(target: Path) -> Iterator[Path]:
    folder = folder_beside(target)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _PartProgress:
    """The pages of a part as percent of the whole job."""

    def __init__(self, progress: Progress, part: Part, begin: int, end: int) -> None:
        self.progress, self.part, self.begin, self.end = progress, part, begin, end

    def __call__(self, page: int) -> None:
        done = min(1.0, page / expected_pages(self.part))
        percent = self.begin + int(done * (self.end - self.begin))
        self.progress(f"{self.part.title}（{page}ページ目）", percent)


def expected_pages(part: Part) -> int:
    """A guess, for progress bars alone."""
    return 1 + part.weight // 20


@contextmanager
def _page_progress(progress: Callable[[int], None]) -> Iterator[None]:
    """Turns what WeasyPrint logs of its pages into progress."""
    logger = logging.getLogger("weasyprint.progress")
    before = logger.level, logger.propagate
    handler = _PageHandler(progress)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class _PageHandler(logging.Handler):
    def __init__(self, progress: Callable[[int], None]) -> None:
        super().__init__()
        self.progress = progress
        self.thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        arguments: Any = record.args
        if record.thread == self.thread and "Page %d" in str(record.msg):
            self.progress(int(arguments[0]))
