"""The sections of a report: chosen, ordered, and each with what it must say."""

import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pypdf
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.audit import Actor
from dxportal.planbook.loader import load_plan
from dxportal.reports import pdf, sections
from dxportal.reports.compose import report_of
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Chosen, CoverWords, Design, read_design
from dxportal.reports.xlsx import write_xlsx
from kpi.models import IndicatorUse
from plans.models import Mark, Plan
from projects.models import Placement, Project, Review, ScheduleEntry
from tests.cast import LAST_YEAR, Cast
from tests.dxportal.pdf_ua import problems_of

FIXTURES = Path(settings.BASE_DIR, "fixtures")


def silent(step: str, percent: int) -> None:
    """No progress to show."""


def designed(content: ReportContent, *chosen: Chosen | str, **words: str) -> ReportContent:
    rows = tuple(row if isinstance(row, Chosen) else Chosen(row) for row in chosen)
    return replace(content, design=Design(rows, CoverWords(**words)))


def loaded(folder: str) -> Plan:
    load_plan(Actor.system(), FIXTURES / folder)
    return Plan.objects.get()


def text_of(content: ReportContent, folder: Path) -> tuple[str, list[str]]:
    """All text of the PDF without spaces, and that of each page."""
    target = folder / "report.pdf"
    pdf.write_pdf(content, target, silent)
    pages = ["".join(page.extract_text().split()) for page in pypdf.PdfReader(target).pages]
    return "".join(pages), pages


def test_without_a_design_the_report_is_the_usual_one(cast: Cast, tmp_path: Path) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    html = pdf.html_of(content)
    marks = (
        "計画の組立て</h1>",
        "<h1>一枚概要</h1>",
        "<h1>01 まちづくり</h1>",
        "<h1>事業の一覧</h1>",
        "<h1>集計</h1>",
    )
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places) and "<h1>正誤表</h1>" not in html
    write_xlsx(content, tmp_path / "x.xlsx", silent)
    names = openpyxl.load_workbook(tmp_path / "x.xlsx").sheetnames
    assert names[:8] == [
        "表紙", "一枚概要", "進捗・評価", "KPI", "施策別の取組", "事業一覧", "集計", "出典注記",
    ]  # fmt: skip
    assert all(name.startswith("データ_") for name in names[8:])


def test_sections_stand_in_the_order_chosen_and_nothing_else(cast: Cast, tmp_path: Path) -> None:
    content = designed(report_of(cast.plan, LAST_YEAR), "totals", "contents", "kpis", "cover")
    html = pdf.html_of(content)
    places = [html.index(mark) for mark in ('id="totals"', "目次", 'id="kpis"', 'class="cover"')]
    assert places == sorted(places) and 'id="projects"' not in html
    assert sections.contents_of(content) == [
        ("toc-chapter", "集計", "totals"),
        ("toc-chapter", "KPI・成果指標", "kpis"),
    ]
    write_xlsx(content, tmp_path / "x.xlsx", silent)
    names = openpyxl.load_workbook(tmp_path / "x.xlsx").sheetnames
    assert names[:4] == ["集計", "KPI", "表紙", "出典注記"]


def test_every_section_can_be_made_of_every_plan(cast: Cast, tmp_path: Path) -> None:
    empty = Plan.objects.create(
        organization=cast.city, key="empty", name="空の計画", first_fiscal_year=2024,
        last_fiscal_year=2026,
    )  # fmt: skip
    for plan in (cast.plan, empty):
        content = designed(report_of(plan, LAST_YEAR), *(kind.key for kind in sections.SECTIONS))
        text, pages = text_of(content, tmp_path)
        assert len(pages) > 8
        for kind in sections.SECTIONS:
            if kind.is_listed and kind.key not in ("areas", *sections.OF_PROJECTS):
                assert "".join(kind.label.split()) in text, kind.key
        write_xlsx(content, tmp_path / "x.xlsx", silent)


def test_the_usual_report_follows_from_what_the_plan_has(cast: Cast, tmp_path: Path) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    keys = [row.section for row in sections.usual_sections(content)]
    assert keys[-5:] == ["roads", "areas", "measures_plain", "projects", "totals"]
    # A plan with neither marks nor figures nor stages: its texts, and its projects without columns
    # that would stand empty.
    IndicatorUse.objects.all().delete()
    for model in (Review, ScheduleEntry, Mark):
        model.objects.all().delete()
    Placement.objects.update(code="", is_leading=False)
    Project.objects.update(summary="")
    Placement.objects.filter(project=cast.projects["観光1-1-7"]).update(
        summary="この場所での概要", period_text="検討中", name="この計画での名"
    )
    content = report_of(cast.plan, LAST_YEAR)
    keys = [row.section for row in sections.usual_sections(content)]
    assert "measures_plain" in keys and not {"roads", "areas", "totals"} & {*keys}
    html = pdf.html_of(content)
    head = html[html.index('<table class="projects') :].partition("</thead>")[0]
    assert re.findall(r'<th scope="col">(.*?)</th>', head) == ["事業", "概要", "所管課"]
    for said in ("この場所での概要", "事業年度の表記：検討中", "この計画での名"):
        assert said in html
    assert "記号の見方" not in html and "リーディング" not in html
    write_xlsx(content, tmp_path / "x.xlsx", silent)
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert [cell.value for cell in book["事業一覧"][2]] == [
        "区分", "施策", "掲載先", "事業", "概要", "所管課", "出典注記",
    ]  # fmt: skip


def test_the_cover_says_the_office_s_own_words(cast: Cast, tmp_path: Path) -> None:
    content = designed(
        report_of(cast.plan, LAST_YEAR), "cover", title="進捗報告", subtitle="第1回本部会議",
        form_number="様式第3号", document_number="資料1", as_of="令和7年5月31日現在",
        foreword="本書は報告である。",
    )  # fmt: skip
    _, pages = text_of(content, tmp_path)
    for words in ("進捗報告", "第1回本部会議", "様式第3号", "資料1", "令和7年5月31日現在"):
        assert words in pages[0]
    assert "本書は報告である。" in pages[1]
    assert content.title == "DX戦略実行計画　進捗報告"


def test_the_list_of_projects_has_the_paper_that_was_chosen(cast: Cast, tmp_path: Path) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    for paper, size in (("a3", (420, 297)), ("a4", (297, 210))):
        target = tmp_path / f"{paper}.pdf"
        chosen = designed(content, Chosen("projects", (("paper", paper),)))
        pdf.write_pdf(chosen, target, silent)
        page = pypdf.PdfReader(target).pages[0]
        assert tuple(round(float(side) / 72 * 25.4) for side in page.mediabox[2:]) == size


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "1つ以上"),
        ((Chosen("nonsense"),), "章はありません"),
        ((Chosen("totals"), Chosen("totals")), "2回"),
        ((Chosen("projects", (("paper", "b5"),)),), "b5"),
    ],
)
def test_sections_that_cannot_be_are_refused(rows: tuple[Chosen, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        sections.require_sections(rows)


def test_a_design_comes_back_from_its_json_as_it_was() -> None:
    design = Design(
        (Chosen("cover"), Chosen("projects", (("paper", "a4"),))), CoverWords(title="題"), "議会用"
    )
    assert read_design(design.as_json()) == design
    assert read_design({}) == Design()


@pytest.mark.parametrize("folder", ["omura-dx-plan", "nagasaki-dx-plan-draft"])
def test_the_measures_of_a_plan_say_all_that_the_plan_says(
    db: None, tmp_path: Path, folder: str
) -> None:
    content = report_of(loaded(folder), 2024)
    text, _ = text_of(designed(content, "measures_plain"), tmp_path)
    for row in content.plain:
        said = [row.title, *(part for _, part in row.texts), *(step.text for step in row.bars)]
        said += [part for _, texts in row.states for part in texts]
        said += [label for table in row.references for label, _, _ in table.rows]
        said += [part for note in row.footnotes for part in note]
        for part in said:
            # Line breaks at a page's foot are the page's; a text is found by its first words.
            assert "".join(part.split())[:12] in text, part


def test_the_package_of_nagasaki_is_tagged_without_a_fault(db: None, tmp_path: Path) -> None:
    plan = loaded("nagasaki-dx-package-2024")
    content = designed(
        report_of(plan, 2024), "cover", "contents", "summary", "budget_by_measure", "totals"
    )
    pdf.write_pdf(content, tmp_path / "package.pdf", silent)
    assert problems_of(tmp_path / "package.pdf") == []


def test_each_project_has_one_sheet_of_its_own(cast: Cast, tmp_path: Path) -> None:
    content = designed(report_of(cast.plan, LAST_YEAR), "sheets")
    _, pages = text_of(content, tmp_path)
    assert len(pages) == 3
    assert sum("ＳＮＳデータの分析" in page for page in pages) == 1
