"""What the annual report says: every name and figure, in a fixed number of queries."""

import io
import logging
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pikepdf
import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from budgets.models import BudgetEntry
from dxportal.reports import pdf, source
from dxportal.reports.compose import compose, report_of
from dxportal.reports.content import Area, IndicatorRow, ReportContent
from dxportal.reports.design import Chosen, CoverWords, Design
from dxportal.reports.form import Form
from dxportal.reports.pdf_fonts import programs_of
from dxportal.reports.sections import contents_of
from dxportal.reports.source import read_source
from dxportal.reports.xlsx import write_xlsx
from kpi.models import Actual, DefinitionChange, Target
from plans.models import Level, Measure, Plan
from plans.streamed_workbook import StreamedWorkbook
from projects.models import Project, Review
from tests.cast import LAST_YEAR, Cast, actual, make_cast, targets

QUERIES = 30


def silent(step: str, percent: int) -> None:
    """No progress to show."""


def area(content: ReportContent, short_title: str) -> Area:
    return next(area for area in content.areas if area.short_title == short_title)


def kpi(content: ReportContent, name: str) -> IndicatorRow:
    return next(row for area in content.areas for row in area.kpis if row.name == name)


def texts(cells: tuple[Any, ...]) -> list[str]:
    return [cell.text for cell in cells]


def pdf_text(content: ReportContent, folder: Path) -> tuple[pypdf.PdfReader, str]:
    target = folder / "report.pdf"
    pdf.write_pdf(content, target, silent)
    return read_text(target)


@pytest.fixture(scope="module")
def printed(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The PDF of the cast's plan, laid out once for all tests that only read it."""
    with django_db_blocker.unblock(), transaction.atomic():
        content = report_of(make_cast().plan, LAST_YEAR)
        transaction.set_rollback(True)
    target = tmp_path_factory.mktemp("report") / "report.pdf"
    pdf.write_pdf(content, target, silent)
    return target


def read_text(file: Path) -> tuple[pypdf.PdfReader, str]:
    """All text of a PDF without spaces."""
    reader = pypdf.PdfReader(file)
    return reader, "".join("".join(page.extract_text().split()) for page in reader.pages)


def poppler_text(file: Path) -> str:
    """As a viewer copies it, by poppler; by pypdf, which is slow, where that isn't installed."""
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, check=True)
        return "".join(done.stdout.decode().split())
    return "".join("".join(page.extract_text().split()) for page in pypdf.PdfReader(file).pages)


# Reading


def queries_of(plan: Plan) -> int:
    with CaptureQueriesContext(connection) as captured:
        report_of(plan, LAST_YEAR)
    # Without the savepoint around them.
    return sum("SAVEPOINT" not in query["sql"] for query in captured)


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(cast: Cast) -> None:
    before = queries_of(cast.plan)
    for number in range(30):
        project = cast.project(f"追加{number}", cast.measures["観光1-1"], "観光課")
        indicator = cast.indicator(f"追加{number}")
        cast.use(indicator, project, "activity")
        targets(indicator, y2024=1)
        actual(indicator, 2024, 2)
    assert queries_of(cast.plan) == before == QUERIES


def test_arranging_and_laying_out_need_no_query(cast: Cast) -> None:
    state = read_source(cast.plan, LAST_YEAR)
    with CaptureQueriesContext(connection) as captured:
        content = compose(state)
        pdf.html_of(content)
        write_xlsx(content, io.BytesIO(), silent)  # type: ignore[arg-type]
    assert len(captured) == 0


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_the_report_shows_one_state_of_the_database(cast: Cast, monkeypatch: Any) -> None:
    """What is committed between two of its reads is not seen by the second one."""

    def interfere() -> None:
        Review.objects.all().delete()
        connection.close()

    real = source.Plan.objects.select_related

    def select_related(*names: str) -> Any:
        rows = list(real(*names).filter(pk=cast.plan.pk))  # the first read fixes the state
        thread = threading.Thread(target=interfere)
        thread.start()
        thread.join()
        assert rows
        return real(*names)

    monkeypatch.setattr(source.Plan.objects, "select_related", select_related)
    content = report_of(cast.plan, LAST_YEAR)
    assert area(content, "観光").overview is not None
    assert not Review.objects.exists()


# What it says


def test_each_second_level_node_is_a_section_and_says_what_it_lacks(cast: Cast) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    assert [(a.pillar, a.short_title) for a in content.areas] == [
        ("01 まちづくり", "観光"),
        ("02 行政", "教育"),
    ]
    education = area(content, "教育")
    assert (education.kpis, education.reviews, education.overview) == ((), (), None)
    html = pdf.html_of(content)
    assert "KPI・成果指標の記載はありません。" in html
    assert "令和6年度の総括と目標・進捗・評価、到達像の記載はありません。" in html
    # The note on the section itself stands at its end, and its number at the heading.
    assert [note.text for note in education.notes] == ["KPIの頁がない"]
    assert education.refs == "※1"


def test_a_plan_of_two_levels_has_its_top_nodes_as_sections(cast: Cast) -> None:
    plan = Plan.objects.create(
        organization=cast.city, key="two", name="二層の計画", first_fiscal_year=2024,
        last_fiscal_year=2026,
    )  # fmt: skip
    level = Level.objects.create(plan=plan, key="policy", depth=0, name="基本方針")
    part = Level.objects.create(plan=plan, key="part", depth=1, name="取組")
    for number in (1, 2):
        top = Measure.objects.create(plan=plan, level=level, key=f"{number}", name=f"方針{number}")
        Measure.objects.create(
            plan=plan, level=part, parent=top, key=f"{number}-1", name=f"取組{number}"
        )
    content = report_of(plan, 2024)
    assert [a.title for a in content.areas] == ["方針1", "方針2"]
    assert content.project_list == ()
    assert set(content.chapters) == {"施策ごとの進捗と評価"}
    # Of progress there is nothing to say: the usual report is of the plan's texts.
    html = pdf.html_of(content)
    assert "取組2</h3>" in html and "<h1>集計</h1>" not in html
    chosen = replace(content, design=Design((Chosen("contents"), Chosen("areas"))))
    assert "<h1>施策ごとの進捗と評価</h1>" in pdf.html_of(chosen)
    assert contents_of(chosen) == [
        ("toc-pillar", "施策ごとの進捗と評価", content.areas[0].anchor),
        ("toc-area", "方針1", content.areas[0].anchor),
        ("toc-area", "方針2", content.areas[1].anchor),
    ]


def test_an_empty_plan_still_makes_a_report(cast: Cast, tmp_path: Path) -> None:
    plan = Plan.objects.create(
        organization=cast.city, key="empty", name="空の計画", first_fiscal_year=2024,
        last_fiscal_year=2026,
    )  # fmt: skip
    reader, text = pdf_text(report_of(plan, 2024), tmp_path)
    assert len(reader.pages) >= 3 and "空の計画" in text


def test_zero_nothing_and_the_kinds_of_nothing_stay_apart(cast: Cast) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    years = list(content.years)
    complaints, rate = kpi(content, "苦情件数"), kpi(content, "満足度")
    at = years.index(LAST_YEAR)
    assert (texts(complaints.actual)[at], complaints.actual[at].value) == ("0", Decimal(0))
    assert texts(complaints.actual)[at - 1] == ""
    assert texts(rate.actual)[at - 1 : at + 1] == ["該当なし", "未集計"]
    assert rate.achievement == "—" and rate.reached is None


def test_a_report_shows_no_actual_of_a_later_year(cast: Cast) -> None:
    actual(cast.indicators["立案数"], 2025, 99)
    content = report_of(cast.plan, LAST_YEAR)
    row = kpi(content, "データを活用した事業立案数")
    assert "99" not in texts(row.actual)
    values = next(table for table in content.tables if table.title == "値一覧")
    year, value = values.head.index("年度"), values.head.index("値")
    assert not [r for r in values.rows if r[year] == 2025 and r[value] == 99]


def test_the_achievement_stands_with_its_formula(cast: Cast) -> None:
    row = kpi(report_of(cast.plan, LAST_YEAR), "来訪者数")
    assert (row.achievement, row.reached_text) == ("82.3%", "未達成")
    assert row.how == "実績 12,345 ÷ 目標 15,000"


def test_revised_targets_preliminary_actuals_and_new_definitions_are_told(cast: Cast) -> None:
    indicator = cast.indicators["来訪者"]
    Target.objects.filter(indicator=indicator, fiscal_year=2024).update(is_current=False)
    Target.objects.create(indicator=indicator, fiscal_year=2024, revision=1, value=14000)
    Actual.objects.filter(indicator=indicator, fiscal_year=2024).update(is_preliminary=True)
    DefinitionChange.objects.create(
        indicator=indicator, from_fiscal_year=2024, name="来訪者数（延べ）", note="延べ人数にした"
    )
    content = report_of(cast.plan, LAST_YEAR)
    row = kpi(content, "来訪者数（延べ）")
    notes = [note.text for note in area(content, "観光").notes]
    assert "R6予定は改定後の値（改定前：15,000）" in notes and "R6実績は速報値" in notes
    assert "R6から：延べ人数にした" in row.definition


def test_a_project_that_is_placed_twice_counts_once(cast: Cast) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    counts = {count.label: count.number for count in content.totals.counts}
    assert counts["事業（プロジェクト）"] == 3
    assert counts["再掲の掲載"] == 1
    rows = [p for g in content.project_list for s in g.groups for p in s.projects]
    assert [row.title for row in rows if not row.is_primary] == ["ＳＮＳデータの分析（再掲）"]


def test_the_totals_add_up(cast: Cast) -> None:
    totals = report_of(cast.plan, LAST_YEAR).totals
    assert totals.mark_labels == ("○予定どおり", "△遅れている", "記載なし")
    tourism = totals.areas[0]
    assert (tourism.marks, tourism.reached, tourism.missed, tourism.unjudged) == (
        (1, 1, 0),
        2,
        1,
        1,
    )
    assert [(row.title, row.mark) for row in totals.late] == [
        ("2 デジタルプロモーションの推進", "△遅れている")
    ]
    assert totals.late[0].reasons[0] == ("後倒理由", "契約が遅れた。")


def test_a_project_s_own_review_stands_beside_those_of_measures(cast: Cast) -> None:
    Review.objects.create(
        plan=cast.plan,
        project=cast.projects["観光1-1-7"],
        fiscal_year=LAST_YEAR,
        mark=cast.marks["behind"],
        result="分析の途中。",
    )
    content = report_of(cast.plan, LAST_YEAR)
    rows = [row for row in area(content, "観光").reviews if row.title.startswith("事業：")]
    # Once, although the project is placed twice.
    assert [(row.title, row.mark) for row in rows] == [
        ("事業：観光1-1-7 ＳＮＳデータの分析", "△遅れている")
    ]
    # It is counted beside the measures, as the dashboards count measures alone.
    assert content.totals.areas[0].marks == (1, 1, 0)
    assert content.totals.project_marks == (0, 1, 0)


def test_values_that_nobody_approved_are_counted(cast: Cast) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    shown = Actual.objects.filter(fiscal_year__lte=LAST_YEAR, indicator__organization=cast.city)
    unapproved = shown.exclude(state__in=("approved", "final"))
    assert content.unapproved_count == unapproved.count() > 0
    assert f"{content.unapproved_count}件" in pdf.html_of(content)


# Paper


def test_the_pdf_is_tagged_named_embedded_and_holds_the_text(printed: Path) -> None:
    reader, text = read_text(printed)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "ja"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "DX戦略実行計画　令和6年度年次報告書"
    assert reader.metadata.author == "佐世保市"
    assert reader.outline[0]["/Title"] == "計画の組立て"
    for said in ("ＳＮＳデータの分析", "12,345", "未達成", "△遅れている", "契約が遅れた。"):
        assert said in text
    last = "".join(reader.pages[-1].extract_text().split())
    assert f"{len(reader.pages)}/{len(reader.pages)}" in last


def test_every_font_is_the_report_s_own_subset(printed: Path) -> None:
    """A fallback font would be boxes on a machine without Japanese fonts."""
    reader = pypdf.PdfReader(printed)
    names = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert names
    for name in names:
        subset, _, family = name.removeprefix("/").partition("+")
        assert len(subset) == 6 and family.startswith("Report")


def test_the_parts_share_one_program_of_each_font(printed: Path) -> None:
    with pikepdf.open(printed) as document:
        found = [(name, program.objgen) for name, program in programs_of(document)]
    assert len(found) > len(set(found)) == len(dict(found)) == 4


def test_upright_and_lying_pages_stand_in_one_document(printed: Path) -> None:
    reader = pypdf.PdfReader(printed)
    sizes = {tuple(round(float(side) / 72 * 25.4) for side in p.mediabox[2:]) for p in reader.pages}
    assert sizes == {(210, 297), (297, 210), (420, 297)}


def test_the_same_content_gives_the_same_bytes(cast: Cast, tmp_path: Path) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    made = []
    for name, write in (("pdf", pdf.write_pdf), ("xlsx", write_xlsx)):
        for number in (1, 2):
            target = tmp_path / f"{number}.{name}"
            write(content, target, silent)
            made.append(target.read_bytes())
    assert made[0] == made[1] and made[2] == made[3]


def test_negative_figures_have_their_triangle_on_paper(cast: Cast) -> None:
    Actual.objects.filter(indicator=cast.indicators["来訪者"], fiscal_year=2024).update(value=-1234)
    html = pdf.html_of(report_of(cast.plan, LAST_YEAR))
    assert "△1,234" in html and "-1,234" not in html


def test_a_report_fetches_nothing_but_its_fonts(cast: Cast) -> None:
    fetcher = pdf.ReportFetcher()
    for address in ("http://127.0.0.1/x.png", "file:///etc/passwd", "data:text/plain,x"):
        with pytest.raises(ValueError, match="fetches nothing"):
            fetcher.fetch(address)
    assert fetcher.fetch("report:regular").read()[:4] == b"\x00\x01\x00\x00"


def test_what_people_write_is_text_and_never_markup(cast: Cast) -> None:
    Review.objects.filter(measure=cast.measures["観光1"]).update(
        goal='<img src="http://example.com/x.png"><script>1</script>'
    )
    html = pdf.html_of(report_of(cast.plan, LAST_YEAR))
    assert "<img" not in html and "<script" not in html and "&lt;img" in html


def test_whoever_stops_the_job_stops_the_layout(cast: Cast, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    said: list[str] = []

    def progress(step: str, percent: int) -> None:
        said.append(step)
        if "ページ目" in step:
            raise Stop

    content = report_of(cast.plan, LAST_YEAR)
    with pytest.raises(Stop):
        pdf.write_pdf(content, tmp_path / "x.pdf", progress)
    assert said[-1].endswith("（1ページ目）") and "計画の組立て" in said[-1]
    assert not list(tmp_path.iterdir())
    assert not logging.getLogger("weasyprint.progress").handlers


# Workbook


@pytest.fixture
def workbook(cast: Cast) -> Iterator[openpyxl.Workbook]:
    Project.objects.filter(key="観光1-2-2").update(name="=1+1", summary="@SUM(A1)")
    Review.objects.filter(measure=cast.measures["観光1"], fiscal_year=2024).update(goal="+81")
    file = io.BytesIO()
    write_xlsx(report_of(cast.plan, LAST_YEAR), file, silent)  # type: ignore[arg-type]
    yield openpyxl.load_workbook(file)


def records(workbook: openpyxl.Workbook, title: str) -> list[dict[str, Any]]:
    head, *rows = workbook[f"データ_{title}"].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_no_cell_is_a_formula_and_text_stays_text(workbook: openpyxl.Workbook) -> None:
    cells = [cell for sheet in workbook for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type in ("f", "e")]
    found = {cell.value: cell for cell in cells if cell.value in ("=1+1", "@SUM(A1)", "+81", "-")}
    assert set(found) == {"=1+1", "@SUM(A1)", "+81", "-"}
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in found.values())


def test_the_tables_are_machine_readable(workbook: openpyxl.Workbook) -> None:
    sheets = [sheet for sheet in workbook if sheet.title.startswith("データ_")]
    assert len(sheets) == 9
    for sheet in sheets:
        head = [cell.value for cell in sheet[1]]
        assert all(head) and len(set(head)) == len(head)
        assert not sheet.merged_cells.ranges
        assert not any(d.hidden for d in sheet.row_dimensions.values())
        assert not any(d.hidden for d in sheet.column_dimensions.values())


def test_figures_are_numbers_and_empty_is_not_zero(workbook: openpyxl.Workbook) -> None:
    rows = records(workbook, "値一覧")
    actuals = {(row["指標"], row["年度"]): row for row in rows if row["種類"] == Actual.Kind.ACTUAL}
    assert actuals["来訪者", 2024]["値"] == 12345 and actuals["来訪者", 2024]["単位"] == "人"
    assert actuals["苦情", 2024]["値"] == 0
    assert actuals["満足度", 2024]["値"] is None
    assert actuals["満足度", 2024]["状態"] == "not_yet"
    assert (actuals["印字のみ", 2024]["表記"], actuals["印字のみ", 2024]["値"]) == ("-", None)


def test_a_rate_without_end_is_a_number_too(cast: Cast) -> None:
    """12,345 ÷ 15,000 ends; 7 ÷ 6 does not, and Excel keeps 15 digits."""
    Actual.objects.filter(indicator__key="立案数", fiscal_year=LAST_YEAR).update(value=7)
    file = io.BytesIO()
    write_xlsx(report_of(cast.plan, LAST_YEAR), file, silent)  # type: ignore[arg-type]
    made = openpyxl.load_workbook(file)
    rates = {row["指標"]: row["達成率"] for row in records(made, "達成率")}
    assert rates["立案数"] == 116.666667
    assert 116.666667 in [cell.value for row in made["KPI"].iter_rows() for cell in row]


def test_rows_are_as_high_as_their_text() -> None:
    """Programs do not agree on fitting rows when they open a file, so the file says it."""
    workbook, file = StreamedWorkbook(), io.BytesIO()
    form = Form(workbook, "様式", [20, 10])
    form.add(["短い", 1])
    form.add(["全角の二十五文字を超えると三行に折り返される文です。" * 2, "短い"])
    form.add(["一行目\n二行目", ""])
    form.finish()
    workbook.save(file)
    written = openpyxl.load_workbook(file)["様式"]
    heights = [written.row_dimensions[row].height for row in (1, 2, 3)]
    assert heights[0] is None
    assert heights[1] > heights[2] > 29


def test_the_workbook_holds_every_stored_value(cast: Cast, workbook: openpyxl.Workbook) -> None:
    rows = records(workbook, "値一覧")
    for kind, model in ((Target.Kind.TARGET, Target), (Actual.Kind.ACTUAL, Actual)):
        stored = {
            (row.indicator.key, row.fiscal_year): row.value
            for row in model.objects.filter(indicator__organization=cast.city).select_related(
                "indicator"
            )
            if model is Target or row.fiscal_year <= LAST_YEAR
        }
        written = {(r["指標"], r["年度"]): r["値"] for r in rows if r["種類"] == kind}
        assert written == {
            key: None if value is None else pytest.approx(float(value))
            for key, value in stored.items()
        }


def test_every_code_in_the_tables_is_explained(workbook: openpyxl.Workbook) -> None:
    known = {str(row["コード"]) for row in records(workbook, "コード表")}
    used = {row["状態"] for row in records(workbook, "値一覧")}
    used |= {row["種類"] for row in records(workbook, "値一覧")}
    used |= {row["階層"] for row in records(workbook, "施策")}
    used |= {row["進捗"] for row in records(workbook, "年度評価")}
    used |= {row["予定"] for row in records(workbook, "スケジュール")}
    assert used - {None} <= known


def test_the_forms_are_ready_to_print(workbook: openpyxl.Workbook) -> None:
    for title in ("進捗・評価", "KPI", "事業一覧"):
        sheet = workbook[title]
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0 and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_title_rows and sheet.print_area and sheet.freeze_panes


def test_a_printed_form_has_the_office_s_numbers_its_unit_and_negative_numbers(
    cast: Cast,
) -> None:
    """A negative number is a number with △ in its format, and never a text."""
    Actual.objects.filter(indicator=cast.indicators["来訪者"], fiscal_year=2024).update(value=-1234)
    BudgetEntry.objects.create(
        project=cast.projects["観光1-1-7"], fiscal_year=2024, stage="initial", amount=4_515_000
    )
    design = Design(
        (Chosen("kpis"), Chosen("budget_by_measure"), Chosen("budget_sheet")),
        CoverWords(form_number="様式第3号", document_number="資料1"),
    )
    file = io.BytesIO()
    content = replace(report_of(cast.plan, LAST_YEAR), design=design)
    write_xlsx(content, file, silent)  # type: ignore[arg-type]
    made = openpyxl.load_workbook(file)
    (cell,) = [
        cell for row in made["KPI"].iter_rows() for cell in row if cell.value in (-1234, "-1234")
    ]
    assert cell.data_type == "n" and "△" in cell.number_format
    assert -1234 in [row["値"] for row in records(made, "値一覧")]
    for title in ("KPI", "予算", "予算の概要"):
        assert made[title].oddHeader.right.text == "様式第3号　資料1　&A"
    for title in ("予算", "予算の概要"):
        sheet = made[title]
        (unit,) = [c for row in sheet.iter_rows() for c in row if c.value == "（単位：千円）"]
        assert unit.column == sheet.max_column and unit.alignment.horizontal == "right"
        assert 4515 in [c.value for row in sheet.iter_rows() for c in row]
    assert made["データ_値一覧"].oddHeader.right.text is None


def test_the_sheets_of_projects_in_a_workbook_say_what_those_on_paper_say(cast: Cast) -> None:
    Review.objects.create(
        plan=cast.plan,
        project=cast.projects["観光1-1-7"],
        fiscal_year=LAST_YEAR,
        mark=cast.marks["behind"],
        result="分析の途中。",
        delay_reason="契約の遅れ。",
    )
    content = report_of(cast.plan, LAST_YEAR)
    file = io.BytesIO()
    design = Design((Chosen("sheets"),))
    write_xlsx(replace(content, design=design), file, silent)  # type: ignore[arg-type]
    rows = list(openpyxl.load_workbook(file)["個票"].iter_rows(values_only=True))
    said = {(row[1], row[2]): row[3] for row in rows}
    assert said["ＳＮＳデータの分析", "進捗"] == "△遅れている"
    assert said["ＳＮＳデータの分析", "実績・評価・今後の対応"] == "分析の途中。"
    assert said["ＳＮＳデータの分析", "後倒理由"] == "契約の遅れ。"
    assert any(key.endswith("達成率") for _, key in said if key)


# The command


def test_the_command_builds_the_same_report(cast: Cast, tmp_path: Path) -> None:
    output = tmp_path / "report.xlsx"
    call_command(
        "build_report", plan="422029/dx", fiscal_year="令和6年度", format="xlsx", output=output,
        stdout=io.StringIO(),
    )  # fmt: skip
    assert openpyxl.load_workbook(output)["表紙"]["A1"].value.endswith("令和6年度年次報告書")
    assert [path.name for path in tmp_path.iterdir()] == ["report.xlsx"]


@pytest.mark.parametrize(
    ("plan", "year", "problem"),
    [
        ("nothing", "2024", "There is no plan with the key 'nothing'"),
        ("dx", "2024", "Several plans have the key 'dx'. Plans: 422029/dx, 422053/dx"),
        ("422029/dx", "R60", "2078 is outside the plan's years"),
        ("422029/dx", "R2", "outside the plan's years"),
        ("422029/dx", "next", "年度として読めません"),
    ],
)
def test_the_command_says_what_is_wrong(
    cast: Cast, tmp_path: Path, plan: str, year: str, problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        call_command(
            "build_report", plan=plan, fiscal_year=year, format="pdf", output=tmp_path / "x.pdf"
        )


def test_what_is_copied_from_a_viewer_is_the_text(printed: Path) -> None:
    assert "データにもとづく観光戦略" in poppler_text(printed)
