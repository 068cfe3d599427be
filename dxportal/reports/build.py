"""Build a report file: what the job and `manage.py build_report` call."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from dxportal.models import ReportJob, ReportSnapshot
from dxportal.reports import snapshots
from dxportal.reports.characters import Missing
from dxportal.reports.collector import without_collector
from dxportal.reports.compose import report_of
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Design
from dxportal.reports.docx import write_docx
from dxportal.reports.pdf import Crew, WrittenPdf, write_pdf
from dxportal.reports.xlsx import write_xlsx
from plans.models import Plan

WRITERS: dict[ReportJob.Format, Callable[..., WrittenPdf | None]] = {
    ReportJob.Format.PDF: write_pdf,
    ReportJob.Format.XLSX: write_xlsx,
    ReportJob.Format.DOCX: write_docx,
}


@dataclass(frozen=True)
class BuiltReport:
    unapproved_count: int
    data_as_of: datetime.datetime
    pages: dict[str, int] = field(default_factory=dict)  # of a PDF, by the places' anchors
    missing: tuple[dict[str, str], ...] = ()  # characters of a PDF that its font lacks


def build(
    plan: Plan,
    fiscal_year: int,
    format: str,
    target: Path,
    progress: Callable[[str, int], None],
    snapshot: ReportSnapshot | None = None,
    design: Design | None = None,
    crew: Crew | None = None,
) -> BuiltReport:
    """Write the report of a plan and fiscal year into `target`.

    It says what the snapshot says (read now, if nobody has yet), or without one the state of this
    moment. The same snapshot and design give the same bytes. `progress(step, percent)` is called
    between the steps, and between pages; what it raises stops the building. A `crew` lays out the
    parts of a PDF; without one they are laid out here.
    """
    progress("データの読み取り", 2)
    with without_collector():
        # In a function of its own: what it made is gone when the collector looks.
        said, written = _written(
            plan, fiscal_year, format, target, progress, snapshot, design, crew
        )
    progress("確認", 98)
    if written is None:
        return BuiltReport(*said)
    return BuiltReport(*said, written.pages, tuple(_told(*one) for one in written.missing))


def _written(
    plan: Plan,
    fiscal_year: int,
    format: str,
    target: Path,
    progress: Callable[[str, int], None],
    snapshot: ReportSnapshot | None,
    design: Design | None,
    crew: Crew | None,
) -> tuple[tuple[int, datetime.datetime], WrittenPdf | None]:
    """What the content says of itself, and what is known of a PDF."""
    if snapshot is None:
        content = report_of(plan, fiscal_year)
    else:
        content = snapshots.content_of(snapshots.fill(snapshot, report_of))
    content = designed(content, design or Design())
    kind = ReportJob.Format(format)
    helped = {"crew": crew} if kind == ReportJob.Format.PDF else {}
    written = WRITERS[kind](content, target, progress, **helped)
    return (content.unapproved_count, content.data_as_of), written


def _told(section: str, missing: Missing) -> dict[str, str]:
    return {
        "character": missing.character,
        "code": missing.code,
        "section": section,
        "words": missing.words,
    }


def designed(content: ReportContent, design: Design) -> ReportContent:
    """What a snapshot says, arranged by this design."""
    return replace(content, design=design)
