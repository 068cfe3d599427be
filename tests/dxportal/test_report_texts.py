"""The reports of plans without figures: every text, step, project and department of the documents.

What a report must say is read from the plan books in fixtures/. Each plan is loaded and laid out
once for the whole file, as the usual report that nobody has arranged.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from dxportal.reports.sections import kinds_of
from tests.dxportal.real_reports import YEAR, Report, bare, built, undone

# One process lays the plans out, not each of them. The mark has the tests' own database made, also
# where no other test of the run asks for it.
pytestmark = [pytest.mark.xdist_group("report-texts"), pytest.mark.django_db]

PLANS = {
    "omura-dx-plan": YEAR,
    "nagasaki-action-plan-r7-h": 2025,
    "nagasaki-dx-plan-draft": YEAR,
}


@pytest.fixture(scope="module")
def reports(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Report]:
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for name, year in PLANS.items():
        with django_db_blocker.unblock(), undone():
            found[name] = built(name, folder / f"{name}.pdf", year=year)
    return found


@pytest.fixture(params=PLANS)
def report(reports: dict[str, Report], request: Any) -> Report:
    return reports[request.param]


@pytest.fixture
def chapter_h(reports: dict[str, Report]) -> Report:
    return reports["nagasaki-action-plan-r7-h"]


def rows(report: Report, name: str) -> list[dict[str, str]]:
    """Of a sheet that the book may lack."""
    return report.rows(name) if (report.folder / f"{name}.csv").exists() else []


def said_of_measures(report: Report) -> Iterator[str]:
    for row in rows(report, "measures"):
        yield row["code"] + row["name"]
        for column in ("description", "situation", "approach", "source_note"):
            yield row.get(column, "")
    for row in rows(report, "target_states"):
        yield row["text"]
        yield row.get("source_note", "")
    for row in rows(report, "milestones"):
        yield row["text"]
        yield row["source_note"]
    tags = {row["key"]: row["name"] for row in rows(report, "tags")}
    for row in rows(report, "measure_tags"):
        yield tags[row["tag"]]
    placed = {row["key"]: row for row in rows(report, "reference_lists") if row["measure"]}
    for row in placed.values():
        yield row["title"]
        yield row["as_of"]
        yield row["note"]
        yield row["source_note"]
    for row in rows(report, "reference_items"):
        if row["reference_list"] in placed:
            yield row["label"]
            yield row["text"] or (row["value"] and row["value"] + row["unit"])
            yield row["note"]
    terms = {row["term"]: row["text"] for row in rows(report, "glossary")}
    for row in rows(report, "term_notes"):
        if row["measure"]:
            yield row["mark"]
            yield row["term"]
            yield row.get("text", "") or terms[row["term"]]


def test_all_that_a_document_says_of_its_measures_is_in_the_report(report: Report) -> None:
    said = [bare(text.replace("\\n", "")) for text in said_of_measures(report) if text]
    assert len(said) > 30
    assert [text for text in said if text not in report.text] == []


def test_every_step_lies_in_the_years_that_the_document_gives(chapter_h: Report) -> None:
    projects = {row["key"]: row["name"] for row in chapter_h.rows("projects")}
    steps = chapter_h.rows("milestones")
    assert len(steps) == 50
    year = chapter_h.content.fiscal_year
    for row in steps:
        first, last = int(row["first_fiscal_year"]), row["last_fiscal_year"]
        name = bare(f"{projects[row['project']]}：" + row["text"].replace("\\n", "") + row["label"])
        if first > year or (last and int(last) < year):
            assert name + "計画の年度の外" in chapter_h.text, name
        else:  # without a stated end it goes on into the plan's year
            assert name + ("▶" if not last and first < year else "■") in chapter_h.text, name


def test_every_project_stands_with_its_text_departments_and_tags(chapter_h: Report) -> None:
    projects = {row["key"]: row for row in chapter_h.rows("projects")}
    names = {row["key"]: row["name"] for row in chapter_h.rows("departments")}
    departments = defaultdict(list)
    for row in chapter_h.rows("project_departments"):
        departments[row["project"]].append(names[row["department"]])
    tags = {row["key"]: row["name"] for row in chapter_h.rows("tags")}
    tagged = defaultdict(list)
    for row in chapter_h.rows("project_tags"):
        tagged[row["project"], row["measure"]].append(tags[row["tag"]])
    placements = chapter_h.rows("placements")
    assert len(placements) == 88 and all(row["summary"] for row in placements)
    text = chapter_h.text
    start = text.index("事業の一覧活動指標の記載はありません")
    for row in placements:
        project = projects[row["project"]]
        at = text.find(bare(row["summary"]), start)
        assert at > 0, row["summary"]
        about = text[at - 160 : at]
        assert bare(project["name"]) in about
        for said in (row["period_text"], *tagged[row["project"], row["measure"]]):
            assert bare(said) in about, (project["name"], said)
        after = text[at : at + len(bare(row["summary"])) + 160]
        for name in departments[row["project"]]:
            assert bare(name) in after, (project["name"], name)


def test_the_numbers_are_those_of_the_api_and_the_dashboard(report: Report) -> None:
    content = report.content
    counts = {count.label: count.number for count in content.totals.counts}
    projects = counts["事業（プロジェクト）"]
    assert projects == len(report.api["projects"]) == report.dashboard["projects"]
    repeats = sum(not row["is_primary"] for row in report.api["placements"])
    assert counts.get("再掲の掲載", 0) == repeats
    assert sum(level.count for level in content.levels) == len(report.api["measures"])
    assert len(content.plain) == len(report.api["measures"]) == len(rows(report, "measures"))
    assert not any(report.api[name] for name in ("indicators", "actuals", "reviews", "budgets"))


def test_there_is_no_table_of_progress_where_there_is_none(report: Report) -> None:
    chosen = [kind.key for kind, _ in kinds_of(report.content)]
    assert chosen == ["cover", "contents", "structure", "measures_plain", "projects"]
    for words in ("リーディング", "達成率", "活動指標（単位）", "進捗予定", "集計"):
        assert words not in report.text, words
    pages = [page for page in report.pages if page]
    for number, page in enumerate(pages[1:], start=2):
        assert page.endswith(f"{number}/{len(pages)}")
