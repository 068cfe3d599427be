"""The annual report as a Word file, in which an office edits its last sentences.

It says what the PDF says, in the same order, with real headings, fields for pages and contents,
and tables whose heads repeat.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from dxportal.reports import docx_one_pages as one_pages
from dxportal.reports import docx_plan as plan
from dxportal.reports import docx_sections as parts
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Chosen
from dxportal.reports.docx_document import Report
from dxportal.reports.docx_tables import write_projects
from dxportal.reports.pdf import Progress
from dxportal.reports.sections import kinds_of

Writer = Callable[[Report, ReportContent, Chosen], None]


def _plain(write: Callable[[Report, ReportContent], None]) -> Writer:
    """The writer of a section that has no options in a Word file."""
    return lambda report, content, chosen: write(report, content)


def _projects(report: Report, content: ReportContent, chosen: Chosen) -> None:
    write_projects(report, content, is_small=chosen.option("paper", "a3") == "a4")
    parts.write_notes(report, content.list_notes, 2)


SECTION_WRITERS: Mapping[str, Writer] = {
    "cover": _plain(parts.write_cover),
    "contents": _plain(parts.write_contents),
    "summary": plan.write_summary,
    "structure": _plain(parts.write_structure),
    "roads": one_pages.write_roads,
    "areas": _plain(parts.write_areas),
    "overviews": _plain(parts.write_overviews),
    "steps": _plain(parts.write_steps),
    "kpis": _plain(parts.write_kpis),
    "projects": _projects,
    "measures_plain": plan.write_plain_measures,
    "budget_sheet": one_pages.write_budget_sheet,
    "budget_by_measure": plan.write_budget,
    "sheets": plan.write_sheets,
    "totals": _plain(parts.write_totals),
    "errata": plan.write_errata,
    "notes": plan.write_all_notes,
}


def write_docx(content: ReportContent, target: Path, progress: Progress) -> None:
    """Write the report into `target`; what `progress` raises stops it at the next section."""
    kinds = kinds_of(content)
    with Report(content) as report:
        for number, (kind, chosen) in enumerate(kinds):
            progress(kind.label, 10 + 75 * number // len(kinds))
            SECTION_WRITERS[kind.key](report, content, chosen)
        progress("ファイルの書出し", 85)
        report.save(target)
