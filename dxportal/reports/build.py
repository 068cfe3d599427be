"""Build a report file: what the job and `manage.py build_report` call."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dxportal.models import ReportJob
from dxportal.reports.compose import report_of
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


def build(
    plan: Plan,
    fiscal_year: int,
    format: str,
    target: Path,
    progress: Callable[[str, int], None],
) -> BuiltReport:
    """Write the report of a plan and fiscal year into `target`.

    `progress(step, percent)` is called between the steps, and between pages; what it raises
    stops the building.
    """
    progress("データの読み取り", 2)
    content = report_of(plan, fiscal_year)
    WRITERS[ReportJob.Format(format)](content, target, progress)
    progress("確認", 98)
    return BuiltReport(content.unapproved_count, content.data_as_of)
