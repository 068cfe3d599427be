"""Build a report file: what the job and `manage.py build_report` call."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from dxportal.models import ReportJob, ReportSnapshot
from dxportal.reports import snapshots
from dxportal.reports.compose import report_of
from dxportal.reports.design import Design
from dxportal.reports.docx import write_docx
from dxportal.reports.pdf import write_pdf
from dxportal.reports.xlsx import write_xlsx
from plans.models import Plan

WRITERS = {
    ReportJob.Format.PDF: write_pdf,
    ReportJob.Format.XLSX: write_xlsx,
    ReportJob.Format.DOCX: write_docx,
}


@dataclass(frozen=True)
class BuiltReport:
    unapproved_count: int
    data_as_of: datetime.datetime
    pages: dict[str, int] = field(default_factory=dict)  # of a PDF, by the parts' anchors


def build(
    plan: Plan,
    fiscal_year: int,
    format: str,
    target: Path,
    progress: Callable[[str, int], None],
    snapshot: ReportSnapshot | None = None,
    design: Design | None = None,
) -> BuiltReport:
    """Write the report of a plan and fiscal year into `target`.

    It says what the snapshot says (read now, if nobody has yet), or without one the state of this
    moment. The same snapshot and design give the same bytes. `progress(step, percent)` is called
    between the steps, and between pages; what it raises stops the building.
    """
    progress("データの読み取り", 2)
    if snapshot is None:
        content = report_of(plan, fiscal_year)
    else:
        content = snapshots.content_of(snapshots.fill(snapshot, report_of))
    content = replace(content, design=design or Design())
    pages = WRITERS[ReportJob.Format(format)](content, target, progress) or {}
    progress("確認", 98)
    return BuiltReport(content.unapproved_count, content.data_as_of, pages)
