"""The annual report on paper: HTML from templates, laid out by WeasyPrint as PDF/UA-1."""

import gc
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from dxportal.reports.content import ReportContent
from dxportal.reports.rows import stage_legend
from dxportal.reports.sections import contents_of, kinds_of
from dxportal.reports.sheets import notes_by_part
from kpi.charts import BarRow, Bars, Segment

Progress = Callable[[str, int], None]

STYLE = Path(__file__).with_name("report.css")
_FONT_FOLDER = settings.BASE_DIR / "static" / "vendor" / "bizudpgothic"
# The only resources that a report may fetch, by the addresses that its style sheet uses.
RESOURCES = {
    "report:regular": _FONT_FOLDER / "BIZUDPGothic-Regular.ttf",
    "report:bold": _FONT_FOLDER / "BIZUDPGothic-Bold.ttf",
    "report:figures": _FONT_FOLDER / "PortalFigures-Regular.ttf",
    "report:figures-bold": _FONT_FOLDER / "PortalFigures-Bold.ttf",
}
PDF_VARIANT = "pdf/ua-1"
# Percent of the whole job at which laying out begins and ends; the rest is writing.
LAYOUT_FROM, LAYOUT_TO = 15, 80


class ReportFetcher(URLFetcher):
    """Hands out the report's own fonts and refuses every other address, also those of files."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if url not in RESOURCES:
            raise ValueError(f"A report fetches nothing from {url[:100]!r}.")
        return URLFetcherResponse(url, RESOURCES[url].read_bytes())


def html_of(content: ReportContent) -> str:
    """The finished HTML of the report: its sections one after the other."""
    created = timezone.localtime(content.data_as_of).isoformat(timespec="seconds")
    shared = {
        "report": content,
        "stage_legend": stage_legend(),
        "mark_bars": mark_bars(content),
        "kpi_bars": kpi_bars(content),
        "contents": contents_of(content),
        "notes_by_part": notes_by_part(content),
    }
    body = "".join(
        render_to_string(kind.template, {**shared, **kind.context(content, chosen)})
        for kind, chosen in kinds_of(content)
    )
    context = {"report": content, "created": created, "body": mark_safe(body)}
    return render_to_string("reports/pdf/report.html", context)


def mark_bars(content: ReportContent) -> Bars:
    """Marks by area; the shade runs from dark (best) to white (no mark)."""
    totals = content.totals
    last = len(totals.mark_labels) - 1
    segments = tuple(
        Segment(label, 0 if index == last else max(1, 3 - index))
        for index, label in enumerate(totals.mark_labels)
    )
    bars = tuple(BarRow(area.label, area.marks) for area in totals.areas)
    return Bars("進捗の記号の数", segments, bars)


def kpi_bars(content: ReportContent) -> Bars:
    segments = (Segment("達成", 3), Segment("未達成", 1), Segment("判定なし", 0))
    bars = tuple(
        BarRow(area.label, (area.reached, area.missed, area.unjudged))
        for area in content.totals.areas
    )
    return Bars("KPIの達成の数", segments, bars)


def write_pdf(content: ReportContent, target: Path, progress: Progress) -> dict[str, int]:
    """Render the report into `target`; what `progress` raises stops it at the next page.

    Returns the page on which each of its parts stands, by the part's anchor.
    """
    progress("紙面の組立て", 10)
    html = html_of(content)
    progress("ページの割付", LAYOUT_FROM)
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    with _without_collector(), _layout_progress(progress, _expected_pages(content)):
        return render(html, target, identifier)


def render(html: str, target: Path, identifier: bytes | None = None) -> dict[str, int]:
    """WeasyPrint with the report's own options, and nothing else; pages by anchor."""
    fonts, fetcher = FontConfiguration(), ReportFetcher()
    style = CSS(STYLE, font_config=fonts, url_fetcher=fetcher)
    options: dict[str, Any] = {"pdf_variant": PDF_VARIANT, "pdf_identifier": identifier}
    document = HTML(string=html, url_fetcher=fetcher).render(
        font_config=fonts, stylesheets=[style], **options
    )
    document.write_pdf(target, **options)
    pages: dict[str, int] = {}
    for number, page in enumerate(document.pages, start=1):
        for anchor in page.anchors:
            pages.setdefault(anchor, number)
    return pages


def _expected_pages(content: ReportContent) -> int:
    """A guess, for the progress bar alone."""
    projects = sum(group.count for group in content.project_list)
    return 6 + 5 * len(content.areas) + projects // 16


@contextmanager
def _without_collector() -> Iterator[None]:
    """The layout makes millions of objects that live to its end: collecting finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()


@contextmanager
def _layout_progress(progress: Progress, expected_pages: int) -> Iterator[None]:
    """Turns what WeasyPrint logs of its steps into the job's progress."""
    logger = logging.getLogger("weasyprint.progress")
    before = logger.level, logger.propagate
    handler = _StepHandler(progress, expected_pages)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class _StepHandler(logging.Handler):
    def __init__(self, progress: Progress, expected_pages: int) -> None:
        super().__init__()
        self.progress, self.expected_pages = progress, expected_pages
        self.thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self.thread:
            return
        arguments: Any = record.args
        if "Page %d" in str(record.msg):
            page = int(arguments[0])
            part = min(1.0, page / self.expected_pages)
            percent = LAYOUT_FROM + int(part * (LAYOUT_TO - LAYOUT_FROM))
            self.progress(f"ページの割付（{page}ページ目）", percent)
        elif "Creating PDF" in str(record.msg):
            self.progress("PDFの書出し", LAYOUT_TO + 5)
        elif "metadata" in str(record.msg):
            self.progress("PDFの書出し", 95)
