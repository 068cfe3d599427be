"""The annual report as a Word file, in which an office edits its last sentences.

It says what the PDF says, in the same order, with real headings, fields for pages and contents,
and tables whose heads repeat.
"""

from pathlib import Path

from dxportal.reports.content import ReportContent
from dxportal.reports.docx_document import Report
from dxportal.reports.docx_sections import (
    write_areas,
    write_contents,
    write_cover,
    write_notes,
    write_structure,
    write_totals,
)
from dxportal.reports.docx_tables import write_projects
from dxportal.reports.pdf import Progress


def write_docx(content: ReportContent, target: Path, progress: Progress) -> None:
    """Write the report into `target`; what `progress` raises stops it at the next section."""
    with Report(content) as report:
        for percent, step, write in (
            (10, "表紙", write_cover),
            (12, "目次", write_contents),
            (14, "計画の組立て", write_structure),
            (20, "施策ごとの進捗と評価", write_areas),
            (70, "事業の一覧", _write_projects),
            (80, "集計", write_totals),
        ):
            progress(step, percent)
            write(report, content)
        progress("ファイルの書出し", 85)
        report.save(target)


def _write_projects(report: Report, content: ReportContent) -> None:
    write_projects(report, content)
    write_notes(report, content.list_notes, 2)
