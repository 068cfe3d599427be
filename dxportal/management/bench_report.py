"""What the annual report costs, beside the bare cost of the same pages and of the same cells."""

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dxportal.management.commands.build_report import find_plan, read_fiscal_year
from dxportal.management.measuring import Cost, Line, peak_mb, timed
from dxportal.models import ReportJob
from dxportal.reports.build import build
from dxportal.reports.compose import report_of
from dxportal.reports.pdf import Crew, html_of, render
from dxportal.reports.pool import Pool

Options = dict[str, Any]
InProcess = Callable[[Options, str, Path], Cost]


def report_lines(options: Options, in_process: InProcess, folder: Path) -> list[Line]:
    """All formats; the bare costs render and write what the real ones made."""
    html, cells = folder / "report.html", folder / "report.xlsx"
    pdf = in_process(options, "pdf", html)
    two = in_process(options, "pdf_by_two", html)
    bare_pdf = in_process(options, "bare_pdf", html)
    xlsx = in_process(options, "xlsx", cells)
    bare_xlsx = in_process(options, "bare_xlsx", cells)
    docx = in_process(options, "docx", folder / "report.docx")
    return [
        Line("report, PDF, one worker", pdf, bare_pdf),
        Line("report, PDF, two workers", two, bare_pdf),
        Line("the same HTML, bare WeasyPrint", bare_pdf),
        Line("report, xlsx", xlsx, bare_xlsx),
        Line("the same cells, bare openpyxl", bare_xlsx),
        Line("report, docx", docx),
    ]


def _measured(options: Options, format: ReportJob.Format, crew: Crew | None = None) -> Cost:
    """The whole job in a fresh process: read, compose, lay out, write; and once more, warm."""
    plan = find_plan(options["plan"])
    year = read_fiscal_year(options["fiscal_year"], plan)
    target = target_of(options, format)

    def act() -> None:
        build(plan, year, format, target, lambda step, percent: None, crew=crew)

    cold = timed(act)
    peak = peak_mb()
    if crew is not None:
        peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    warm = timed(act)
    return Cost(cold, peak, f"{target.stat().st_size / 1024:.0f} kB; warm {warm:.2f} s")


def target_of(options: Options, format: str) -> Path:
    target: Path = options["input"].with_suffix(f".built.{format}")
    return target


def measure_pdf(options: Options) -> Cost:
    """Leaves its HTML for the bare run."""
    cost = _measured(options, ReportJob.Format.PDF)
    plan = find_plan(options["plan"])
    year = read_fiscal_year(options["fiscal_year"], plan)
    options["input"].write_text(html_of(report_of(plan, year)))
    return cost


def measure_pdf_by_two(options: Options) -> Cost:
    """Parts laid out by two processes; the peak is that of the larger one."""
    return _measured(options, ReportJob.Format.PDF, Pool(2))


def measure_bare_pdf(options: Options) -> Cost:
    html = options["input"].read_text()
    target = options["input"].with_suffix(".bare.pdf")
    cold = timed(lambda: render(html, target))
    peak = peak_mb()
    warm = timed(lambda: render(html, target))
    size = f"{len(html) / 1024:.0f} kB of HTML, collector on"
    return Cost(cold, peak, f"{size}; warm {warm:.2f} s")


def measure_xlsx(options: Options) -> Cost:
    cost = _measured(options, ReportJob.Format.XLSX)
    target_of(options, ReportJob.Format.XLSX).replace(options["input"])
    return cost


def measure_bare_xlsx(options: Options) -> Cost:
    """The same values into the same sheets, without any style, width or check."""
    from openpyxl import Workbook, load_workbook

    sheets = [
        (sheet.title, [list(row) for row in sheet.iter_rows(values_only=True)])
        for sheet in load_workbook(options["input"], read_only=True)
    ]

    def write() -> None:
        workbook = Workbook()
        for title, rows in sheets:
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        workbook.save(options["input"].with_suffix(".bare.xlsx"))

    cold = timed(write)
    peak = peak_mb()
    warm = timed(write)
    cells = sum(len(row) for _, rows in sheets for row in rows)
    return Cost(cold, peak, f"{cells:,} cells without styles; warm {warm:.2f} s")


def measure_docx(options: Options) -> Cost:
    return _measured(options, ReportJob.Format.DOCX)


MEASURES: dict[str, Callable[[Options], Cost]] = {
    "pdf": measure_pdf,
    "pdf_by_two": measure_pdf_by_two,
    "bare_pdf": measure_bare_pdf,
    "xlsx": measure_xlsx,
    "bare_xlsx": measure_bare_xlsx,
    "docx": measure_docx,
}
