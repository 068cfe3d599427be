"""What the annual report costs, beside the bare cost of the same pages and of the same cells."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from dxportal.management.commands.build_report import find_plan, read_fiscal_year
from dxportal.management.commands.generate_sample import CODE, NAME
from dxportal.management.measuring import Cost, Line, peak_mb, processor_seconds, timed
from dxportal.models import ReportJob
from dxportal.planbook.sample import enlarge
from dxportal.planbook.writer import write_plan
from dxportal.reports.build import build
from dxportal.reports.compose import report_of
from dxportal.reports.pdf import Crew, html_of, render
from dxportal.reports.pool import Pool

Options = dict[str, Any]
InProcess = Callable[[Options, str, Path], Cost]
# What a workbook knows of the looks of its cells.
LOOKS = ("_cell_styles", "_fonts", "_fills", "_borders", "_alignments", "_number_formats")


def report_lines(options: Options, in_process: InProcess, folder: Path) -> Iterator[Line]:
    """All formats; the bare costs render and write what the real ones made.

    The whole HTML of a report many times as large is more than a bare WeasyPrint can hold.
    """
    html, cells = folder / "report.html", folder / "report.xlsx"
    pdf = in_process(options, "pdf", html)
    bare_pdf = in_process(options, "bare_pdf", html) if options["times"] == 1 else None
    yield Line("report, PDF, one worker", pdf, bare_pdf)
    yield Line("report, PDF, two workers", in_process(options, "pdf_by_two", html), bare_pdf)
    if bare_pdf:
        yield Line("the same HTML, bare WeasyPrint", bare_pdf)
    xlsx = in_process(options, "xlsx", cells)
    for label, measure in (
        ("the same cells with their looks, bare openpyxl", "bare_xlsx"),
        ("the same values alone, bare openpyxl", "bare_values"),
    ):
        bare = in_process(options, measure, cells)
        yield Line("report, xlsx", xlsx, bare)
        yield Line(label, bare)
    yield Line("report, docx", in_process(options, "docx", folder / "report.docx"))


def enlarged(options: Options, folder: Path) -> Options:
    """The options for a plan so many times as large, in a database of its own in the folder."""
    book, sample = folder / "book", folder / "sample"
    write_plan(find_plan(options["plan"]), book)
    enlarge(book, sample, options["times"], CODE, NAME)
    environment = {"DATABASE_URL": f"sqlite:///{folder / 'sample.sqlite3'}"}
    for command in (["migrate"], ["load_plan", str(sample)]):
        subprocess.run(  # noqa: S603  # own command
            [sys.executable, sys.argv[0], *command],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
    return {**options, "environment": environment}


def _measured(options: Options, format: ReportJob.Format, crew: Crew | None = None) -> Cost:
    """The whole job in a fresh process: read, compose, lay out, write; and once more, warm."""
    plan = find_plan(options["plan"])
    year = read_fiscal_year(options["fiscal_year"], plan)
    target = target_of(options, format)

    def act() -> None:
        build(plan, year, format, target, lambda step, percent: None, crew=crew)

    cost = _cold_and_warm(act, is_once=options["times"] > 1)
    said = [f"{target.stat().st_size / 1024:,.0f} kB", *filter(None, [cost.remark])]
    if crew is not None:
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        said.append(f"the largest helper {largest:.0f} MB")
    return Cost(cost.seconds, cost.peak_mb, "; ".join(said), cost.processor)


def _cold_and_warm(act: Callable[[], None], is_once: bool = False) -> Cost:
    """The cost of the first time; the remark says that of the second."""
    before = processor_seconds()
    cold = timed(act)
    peak, between = peak_mb(), processor_seconds()
    if is_once:
        return Cost(cold, peak, "", between - before)
    warm = timed(act)
    remark = f"warm {warm:.2f} s, processor {processor_seconds() - between:.2f}"
    return Cost(cold, peak, remark, between - before)


def target_of(options: Options, format: str) -> Path:
    target: Path = options["input"].with_suffix(f".built.{format}")
    return target


def measure_pdf(options: Options) -> Cost:
    """Leaves its HTML for the bare run."""
    cost = _measured(options, ReportJob.Format.PDF)
    if options["times"] == 1:
        plan = find_plan(options["plan"])
        year = read_fiscal_year(options["fiscal_year"], plan)
        options["input"].write_text(html_of(report_of(plan, year)))
    return cost


def measure_pdf_by_two(options: Options) -> Cost:
    """Parts laid out by two processes; the peak is that of the one that joins them."""
    return _measured(options, ReportJob.Format.PDF, Pool(2))


def measure_bare_pdf(options: Options) -> Cost:
    html = options["input"].read_text()
    target = options["input"].with_suffix(".bare.pdf")

    def act() -> None:
        render(html, target)

    cost = _cold_and_warm(act)
    size = f"{len(html) / 1024:.0f} kB of HTML, collector on"
    return Cost(cost.seconds, cost.peak_mb, f"{size}; {cost.remark}", cost.processor)


def measure_xlsx(options: Options) -> Cost:
    cost = _measured(options, ReportJob.Format.XLSX)
    target_of(options, ReportJob.Format.XLSX).replace(options["input"])
    return cost


def measure_bare_xlsx(options: Options) -> Cost:
    """The same values with the same fonts, borders and formats, which openpyxl already knows."""
    source = load_workbook(options["input"], read_only=True)
    sheets = [
        (sheet.title, [[_value_and_look(cell) for cell in row] for row in sheet.iter_rows()])
        for sheet in source
    ]

    def write() -> None:
        workbook = Workbook(write_only=True)
        for name in LOOKS:
            setattr(workbook, name, getattr(source, name))
        for title, rows in sheets:
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append([_bare_cell(sheet, value, look) for value, look in row])
        workbook.save(options["input"].with_suffix(".bare.xlsx"))

    return _told(_cold_and_warm(write), sum(len(row) for _, rows in sheets for row in rows))


def _value_and_look(cell: Any) -> tuple[Any, int]:
    """Cells that have neither are read as such, without a number of their look."""
    return cell.value, getattr(cell, "_style_id", 0)


def _bare_cell(sheet: Any, value: Any, look: int) -> Any:
    if not look:
        return value
    cell = WriteOnlyCell(sheet, value)
    cell._style = sheet.parent._cell_styles[look]
    return cell


def measure_bare_values(options: Options) -> Cost:
    """The same values into the same sheets, without any look, width or check."""
    sheets = [
        (sheet.title, [list(row) for row in sheet.iter_rows(values_only=True)])
        for sheet in load_workbook(options["input"], read_only=True)
    ]

    def write() -> None:
        workbook = Workbook(write_only=True)
        for title, rows in sheets:
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        workbook.save(options["input"].with_suffix(".bare.xlsx"))

    return _told(_cold_and_warm(write), sum(len(row) for _, rows in sheets for row in rows))


def _told(cost: Cost, cells: int) -> Cost:
    return Cost(cost.seconds, cost.peak_mb, f"{cells:,} cells; {cost.remark}", cost.processor)


def measure_docx(options: Options) -> Cost:
    return _measured(options, ReportJob.Format.DOCX)


MEASURES: dict[str, Callable[[Options], Cost]] = {
    "pdf": measure_pdf,
    "pdf_by_two": measure_pdf_by_two,
    "bare_pdf": measure_bare_pdf,
    "xlsx": measure_xlsx,
    "bare_xlsx": measure_bare_xlsx,
    "bare_values": measure_bare_values,
    "docx": measure_docx,
}
