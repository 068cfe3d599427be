"""The annual report as a Word file: what Word needs of it, and that it says what the PDF says."""

import dataclasses
import io
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.test import Client
from docx import Document
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from PIL import Image

from accounts.audit import Actor
from accounts.models import User
from dxportal import services, tasks
from dxportal.models import ReportJob
from dxportal.planbook.loader import load_plan
from dxportal.reports.chart_pictures import png_of
from dxportal.reports.compose import report_of
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Chosen, CoverWords, Design
from dxportal.reports.docx import SECTION_WRITERS, write_docx
from dxportal.reports.plan_rows import thousands
from dxportal.reports.sections import BY_KEY, kinds_of
from dxportal.templatetags.report_paper import paper
from kpi.charts import BarRow, Bars, Segment
from kpi.models import Actual
from projects.models import Placement, Review
from tests.cast import LAST_YEAR, Cast

FIXTURES = Path(settings.BASE_DIR) / "fixtures"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def silent(step: str, percent: int) -> None:
    pass


def written(content: ReportContent, tmp_path: Path) -> Path:
    target = tmp_path / "report.docx"
    write_docx(content, target, silent)
    return target


def opened(content: ReportContent, tmp_path: Path) -> WordDocument:
    return Document(str(written(content, tmp_path)))


def text_of(document: WordDocument) -> str:
    """All of the body's text in its order, without spaces and line ends."""
    return "".join(
        "".join(node.text or "" for node in document.element.body.iter(qn("w:t"))).split()
    )


def headings(document: WordDocument, level: int) -> list[str]:
    style = f"Heading{level}"
    return [one.text for one in document.paragraphs if one.style.style_id == style]


def test_headings_are_word_s_own_and_in_the_order_of_the_report(cast: Cast, tmp_path: Path) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    document = opened(content, tmp_path)
    names = {document.styles[f"Heading {level}"].name for level in (1, 2, 3)}
    assert names == {"Heading 1", "Heading 2", "Heading 3"}
    chapters = headings(document, 1)
    assert chapters[0] == "計画の組立て" and chapters[-2:] == ["事業の一覧", "集計"]
    titles = [title for title in headings(document, 2) if title in {a.title for a in content.areas}]
    # Those of the one-page sheets come first, then every section with all that is said of it.
    assert titles[-len(content.areas) :] == [area.title for area in content.areas]
    assert "KPI・成果指標" in headings(document, 3)
    levels = [
        int(one.style.style_id[-1])
        for one in document.paragraphs
        if one.style.style_id.startswith("Heading")
    ]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_contents_list_every_chapter_and_lead_to_it(cast: Cast, tmp_path: Path) -> None:
    document = opened(report_of(cast.plan, LAST_YEAR), tmp_path)
    lines = [one for one in document.paragraphs if one.style.style_id in ("TOC1", "TOC2")]
    said = [link.text.strip() for one in lines for link in one.hyperlinks]
    listed = [
        one.text for one in document.paragraphs if one.style.style_id in ("Heading1", "Heading2")
    ]
    assert said == listed
    body = document.element.body
    marks = {mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))}
    assert {link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))} == marks
    begun, ended = (
        sum(f.get(qn("w:fldCharType")) == kind for f in body.iter(qn("w:fldChar")))
        for kind in ("begin", "end")
    )
    assert begun == ended == 1
    (contents,) = (one.text for one in body.iter(qn("w:instrText")) if "TOC" in (one.text or ""))
    assert contents.split() == ["TOC", "\\o", '"1-2"', "\\h", "\\z", "\\u"]
    # No number is known yet, and no dots lead to where one would stand.
    assert not any(list(one._p.iter(qn("w:tab"))) for one in lines)
    settings_part = zipfile.ZipFile(tmp_path / "report.docx").read("word/settings.xml")
    assert b'<w:updateFields w:val="true"/>' in settings_part


def test_upright_and_lying_pages_stand_in_one_document(cast: Cast, tmp_path: Path) -> None:
    document = opened(report_of(cast.plan, LAST_YEAR), tmp_path)
    sizes = {
        (round(one.page_width.mm), round(one.page_height.mm), one.orientation)
        for one in document.sections
    }
    assert sizes == {
        (210, 297, WD_ORIENT.PORTRAIT),
        (297, 210, WD_ORIENT.LANDSCAPE),
        (420, 297, WD_ORIENT.LANDSCAPE),
    }
    cover, *others = document.sections
    assert cover.header.is_linked_to_previous
    for section in others:
        foot = section.footer._element.xml
        assert " PAGE " in foot and " NUMPAGES " in foot
        assert "令和6年度年次報告書" in section.header.paragraphs[0].text


def test_the_header_names_the_section_that_stands_below_it(cast: Cast, tmp_path: Path) -> None:
    """Also where the name of its level stands over its heading."""
    cast.levels["issue"].name = "DX重点課題"
    cast.levels["issue"].save()
    content = report_of(cast.plan, LAST_YEAR)
    design = Design(tuple(Chosen(key) for key in ("cover", "overviews")))
    document = opened(dataclasses.replace(content, design=design), tmp_path)
    shown = [one.header.paragraphs[0].text for one in document.sections[1:]]
    assert len(shown) == len(content.areas) > 1
    for area, header in zip(content.areas, shown, strict=True):
        assert area.level and header.endswith(area.title)


def test_heads_repeat_and_rows_are_not_torn(cast: Cast, tmp_path: Path) -> None:
    long = "長い文です。" * 700
    Review.objects.filter(measure=cast.measures["観光1"], fiscal_year=LAST_YEAR).update(result=long)
    document = opened(report_of(cast.plan, LAST_YEAR), tmp_path)
    torn = []
    for table in document.tables:
        head, *rows = table._tbl.tr_lst
        if "Head" in head.xml:
            assert head.find(qn("w:trPr")).find(qn("w:tblHeader")) is not None
        torn += [row for row in rows if "w:cantSplit" not in row.xml]
    # Only what is higher than half a page may be torn: else it would leave a page empty.
    assert torn and all(long[:100] in "".join(row.xpath(".//w:t/text()")) for row in torn)


def test_every_table_fits_between_the_margins(cast: Cast, tmp_path: Path) -> None:
    document = opened(report_of(cast.plan, LAST_YEAR), tmp_path)
    for table in document.tables:
        columns = [int(c.get(qn("w:w"))) for c in table._tbl.tblGrid.findall(qn("w:gridCol"))]
        assert min(columns) > 250 and sum(columns) <= 22230
        for row in table._tbl.tr_lst:
            spans = [cell.grid_span for cell in row.tc_lst]
            assert sum(spans) == len(columns)


def test_the_same_content_gives_the_same_bytes(cast: Cast, tmp_path: Path) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    first = written(content, tmp_path).read_bytes()
    assert written(content, tmp_path).read_bytes() == first
    said = Document(io.BytesIO(first)).core_properties
    assert said.title == content.title and said.language == "ja-JP" and said.subject
    assert said.author == content.organization
    assert said.created == content.data_as_of.replace(microsecond=0)


def test_signs_that_xml_cannot_carry_and_markup_are_text(cast: Cast, tmp_path: Path) -> None:
    Review.objects.filter(measure=cast.measures["観光1"], fiscal_year=LAST_YEAR).update(
        goal="前\x01\x0b後\ufffe<w:p>&amp;", result="一行目\n二行目\tタブ 𠮷"
    )
    content = report_of(cast.plan, LAST_YEAR)
    content = dataclasses.replace(content, plan_name="計画\x01" + "長" * 300)
    text = text_of(opened(content, tmp_path))
    assert "前��後�<w:p>&amp;" in text and "一行目二行目" in text and "𠮷" in text


def test_negative_figures_have_their_triangle(cast: Cast, tmp_path: Path) -> None:
    Actual.objects.filter(indicator=cast.indicators["来訪者"], fiscal_year=2024).update(value=-1234)
    text = text_of(opened(report_of(cast.plan, LAST_YEAR), tmp_path))
    assert "△1,234" in text and "-1,234" not in text


def test_charts_are_pictures_with_their_numbers_in_words(cast: Cast, tmp_path: Path) -> None:
    content = report_of(cast.plan, LAST_YEAR)
    document = opened(content, tmp_path)
    said = [one.get("descr") for one in document.element.body.iter(qn("wp:docPr"))]
    charts = [chart.description for area in content.areas for chart in area.charts]
    assert charts and set(charts) < set(said) and all(said)
    names = [n for n in zipfile.ZipFile(tmp_path / "report.docx").namelist() if "media/" in n]
    assert len(names) == len(said)


def test_whoever_stops_the_job_stops_the_writing(cast: Cast, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def progress(step: str, percent: int) -> None:
        if step == "事業の一覧":
            raise Stop

    with pytest.raises(Stop):
        write_docx(report_of(cast.plan, LAST_YEAR), tmp_path / "x.docx", progress)
    assert not list(tmp_path.iterdir())


def test_a_picture_is_drawn_and_an_unknown_element_is_refused() -> None:
    bars = Bars("棒", (Segment("達成", 3), Segment("なし", 0)), (BarRow("観光", (3, 1)),))
    data, width, _ = png_of(str(bars.svg(600, font="Report")))
    image = Image.open(io.BytesIO(data)).convert("RGB")
    assert width == 600 and image.width == 1800
    assert len(image.getcolors(1 << 20) or []) > 3  # text, bars and their edges
    with pytest.raises(ValueError, match="polygon"):
        png_of('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><polygon/></svg>')


@pytest.mark.parametrize(
    ("book", "year"),
    [
        ("sasebo-dx-r6", 2024),
        ("nagasaki-dx-package-2024", 2024),
        ("nagasaki-action-plan-r7-h", 2025),
        ("nagasaki-dx-plan-draft", 2024),
        ("omura-dx-plan", 2024),
    ],
)
def test_every_name_and_figure_of_a_real_plan_is_in_the_text(
    db: None, book: str, year: int, tmp_path: Path
) -> None:
    plan = load_plan(Actor.system(), FIXTURES / book).plan
    content = report_of(plan, year)
    text = text_of(opened(content, tmp_path))

    def says(said: str) -> bool:
        return "".join(paper(said).split()) in text

    for placement in Placement.objects.filter(plan=plan).select_related("project"):
        assert says(placement.project.name) and says(placement.code), placement
        assert says(placement.summary or placement.project.summary), placement
    projects = [p for g in content.project_list for s in g.groups for p in s.projects]
    for project in projects:
        assert says(project.departments) and all(says(line) for line in project.small_lines)
    has_areas = any(kind.key == "areas" for kind, _ in kinds_of(content))
    for plain in () if has_areas else content.plain:
        steps = [
            f"{bar.project}：{bar.text}{bar.period}" if bar.project else bar.text + bar.period
            for bar in plain.bars
        ]
        tables = [text for one in plain.references for row in one.rows for text in row]
        for said in (
            *(text for _, text in (*plain.texts, *plain.tags)),
            *(text for _, texts in plain.states for text in texts),
            *(text for note in plain.footnotes for text in note),
            *(text for text in (*steps, *tables, *plain.source_note.splitlines())),
        ):
            assert says(said), said
    for row in [
        *(row for project in projects for row in project.indicators),
        *(row for area in content.areas for row in area.kpis),
    ]:
        for cell in (*row.planned, *row.actual):
            assert says(cell.text), (row.name, cell.text)
        for said in (row.name, row.definition, row.comment):
            assert says(said), said
    for area in content.areas:
        for said in (
            area.title,
            *(text for _, text in area.texts),
            *(text for row in area.states for text in row.texts),
            *(f"{note.sign}{note.about}―{note.text}" for note in area.notes if has_areas),
        ):
            assert says(said), said
        for review in (*area.reviews, *([area.overview] if area.overview else [])):
            for said in (review.goal, review.result, review.summary, review.planned_mark):
                assert says(said), said
            assert says(review.mark) and all(says(text) for _, text in review.reasons)
    for level in content.outline:
        assert says(level.title)


def test_every_section_that_may_be_chosen_is_written(cast: Cast, tmp_path: Path) -> None:
    assert set(SECTION_WRITERS) == set(BY_KEY)
    cover = CoverWords("報告", "副題", "様式第1号", "資料2", "令和7年3月末", "はじめの言葉。")
    design = Design(tuple(Chosen(key) for key in reversed(BY_KEY)), cover)
    content = dataclasses.replace(report_of(cast.plan, LAST_YEAR), design=design)
    document = opened(content, tmp_path)
    text = text_of(document)
    for said in ("様式第1号　資料2", "副題", "令和7年3月末", "はじめの言葉。", "個票", "正誤表"):
        assert "".join(said.split()) in text
    chapters = headings(document, 1)
    assert chapters.index("集計") < chapters.index("事業の一覧") < chapters.index("計画の組立て")


def test_the_budget_of_nagasaki_has_its_unit_and_sums(db: None, tmp_path: Path) -> None:
    plan = load_plan(Actor.system(), FIXTURES / "nagasaki-dx-package-2024").plan
    design = Design(tuple(Chosen(key) for key in ("budget_by_measure", "measures_plain", "sheets")))
    content = dataclasses.replace(report_of(plan, 2024), design=design)
    text = text_of(opened(content, tmp_path))
    part = content.budgets[0]
    assert "（単位：千円）" in text and thousands(part.amount) in text
    for group in part.groups:
        assert "".join(group.title.split()) in text and thousands(group.amount) in text
        for line in group.lines:
            assert "".join(line.title.split()) in text and thousands(line.amount) in text


def test_a_job_builds_the_file_and_it_can_be_fetched(
    cast: Cast,
    sign_in: Callable[[User], Client],
    settings: LazySettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    monkeypatch.setattr(services, "_send", lambda job_id: None)
    client = sign_in(cast.coordinator)
    form = {"plan": cast.plan.pk, "fiscal_year": 2024, "format": "docx"}
    assert client.post("/reports/start/", form).status_code == 302
    job = ReportJob.objects.get()
    tasks.build_report(job.pk)
    job.refresh_from_db()
    assert job.state == ReportJob.State.DONE, job.error
    for address in (f"/reports/{job.pk}/download/", f"/api/v1/reports/{job.pk}/download/"):
        answer: Any = client.get(address)
        assert answer.status_code == 200
        assert "docx" in answer["Content-Disposition"]
        document = Document(io.BytesIO(b"".join(answer.streaming_content)))
        assert document.core_properties.title.endswith("令和6年度年次報告書")
    assert answer["Content-Type"] == MEDIA_TYPE
