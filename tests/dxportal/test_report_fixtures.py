"""The reports of the real plans say every name, figure and mark of the documents, and their totals
are those of the dashboards and the API.

What a report must say is read from the plan books in fixtures/, not from the report's own rows, and
a figure is looked for in its place: between the project's name and the next figure. Each plan is
loaded and laid out once for the whole file.
"""

import re
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest

from dxportal.reports.content import IndicatorRow
from dxportal.reports.sheets import summary_of
from tests.dxportal.real_reports import YEAR, Report, bare, built, undone

# One process lays the plans out, not each of them. The mark has the tests' own database made, also
# where no other test of the run asks for it.
pytestmark = [pytest.mark.xdist_group("report-fixtures"), pytest.mark.django_db]

REFS = r"(?:※\d+)*"
STAGES = {"": "", "study": "…", "build": "○", "operate": "⇒"}


@pytest.fixture(scope="module")
def reports(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Report]:
    folder = tmp_path_factory.mktemp("reports")
    with django_db_blocker.unblock(), undone():
        found = {
            "sasebo": built("sasebo-dx-r6", folder / "sasebo.pdf"),
            "package": built(
                "nagasaki-dx-package-2024",
                folder / "package.pdf",
                "budget_sheet",
                "summary",
                "budget_by_measure",
                "totals",
            ),
        }
    return found


@pytest.fixture
def sasebo(reports: dict[str, Report]) -> Report:
    return reports["sasebo"]


@pytest.fixture
def package(reports: dict[str, Report]) -> Report:
    return reports["package"]


# What a document says


def shown(row: dict[str, str], decimals: int) -> str:
    """A pattern for a value as it may stand on paper."""
    if row["text"]:
        forms = {bare(row["text"])}
    elif row["value"]:
        value = Decimal(row["value"])
        forms = {f"{value:,}", f"{value:,.{decimals}f}"}
    else:
        return ".{0,8}?"  # a kind of nothing, in its own words
    return "(?:" + "|".join(re.escape(form) for form in forms) + ")" + ".{0,3}?"


def lines_of(report: Report) -> dict[str, tuple[str, str]]:
    """Of each indicator, patterns of its targets and of its actuals over all years."""
    decimals = {row["key"]: int(row["decimals"]) for row in report.rows("indicators")}
    values: dict[tuple[str, str, int], dict[str, str]] = {}
    for row in report.rows("values"):  # a later revision comes after the one before
        values[row["indicator"], row["kind"], int(row["fiscal_year"])] = row
    found = {}
    for key in decimals:
        sides = []
        for kind in ("target", "actual"):
            cells = [
                shown(values[key, kind, year], decimals[key]) + REFS
                for year in report.content.years
                if (key, kind, year) in values and (kind == "target" or year <= YEAR)
            ]
            sides.append("".join(cells))
        found[key] = (sides[0], sides[1])
    return found


def named(row: dict[str, str]) -> str:
    """A pattern of an indicator's name with its unit and its notes."""
    unit = f"(?:（{re.escape(bare(row['unit']))}）)?" if row["unit"] else ""
    return re.escape(bare(row["name"])) + unit + REFS


def test_every_project_of_sasebo_stands_with_all_its_figures(sasebo: Report) -> None:
    projects = {row["key"]: row for row in sasebo.rows("projects")}
    indicators = {row["key"]: row for row in sasebo.rows("indicators")}
    figures, schedule = lines_of(sasebo), defaultdict(str)
    for row in sasebo.rows("schedule"):
        schedule[row["project"]] += STAGES[row["planned"]] + bare(row["text"])
    uses = defaultdict(list)
    for row in sasebo.rows("indicator_uses"):
        uses[row["project"]].append(row["indicator"])
    placements = sasebo.rows("placements")
    assert len({row["project"] for row in placements}) == 106
    start = sasebo.text.index("事業の一覧活動指標の予定と実績")
    for row in placements:
        project = projects[row["project"]]
        star = "★" if row["is_leading"] == "1" else ""
        again = "" if row["is_primary"] == "1" else "（再掲）"
        pattern = re.escape(bare(row["code"] + star + project["name"] + again)) + REFS
        pattern += "(?:別名：.{0,80}?)?" + re.escape(bare(project["summary"])) + ".{0,60}?"
        stages = re.escape(bare(schedule[project["key"]]))
        for number, key in enumerate(uses[project["key"]]):
            planned, actual = figures[key]
            pattern += (
                f"{named(indicators[key])}予定{planned}{'' if number else stages}実績{actual}"
            )
        assert re.compile(pattern).search(sasebo.text, start), (row["code"], project["name"])


def test_every_kpi_of_sasebo_stands_with_all_its_figures(sasebo: Report) -> None:
    indicators = {row["key"]: row for row in sasebo.rows("indicators")}
    measures = {row["key"]: row for row in sasebo.rows("measures")}
    figures = lines_of(sasebo)
    uses = [row for row in sasebo.rows("indicator_uses") if row["role"] == "kpi"]
    assert len(uses) == 39
    for use in uses:
        row, measure = indicators[use["indicator"]], measures[use["measure"]]
        planned, actual = figures[row["key"]]
        pattern = re.escape(bare(measure["code"] + measure["name"])) + named(row)
        pattern += f"予定{planned}.{{0,900}}?実績{actual}"
        assert re.search(pattern, sasebo.text), (measure["name"], row["name"])


def test_every_mark_of_sasebo_stands_at_its_measure(sasebo: Report) -> None:
    measures = {row["key"]: row for row in sasebo.rows("measures")}
    marks = {row["key"]: row["symbol"] + row["label"] for row in sasebo.rows("marks")}
    reviews = [row for row in sasebo.rows("reviews") if row["mark"]]
    assert len(reviews) == 29
    for row in reviews:
        measure = measures[row["measure"]]
        parts = (measure["code"] + measure["name"], row["goal"])
        pattern = REFS.join(re.escape(bare(part)) for part in parts)
        pattern += marks[row["planned_mark"]] + marks[row["mark"]]
        assert re.search(pattern, sasebo.text), measure["name"]
        assert bare(row["result"]) in sasebo.text, measure["name"]


def test_each_section_has_its_road_on_one_page(sasebo: Report) -> None:
    roads = [page for page in sasebo.pages if "年度ごとの予定：" in page and "到達像" in page]
    assert len(roads) == len(sasebo.content.areas) == 14
    for area, page in zip(sasebo.content.areas, roads, strict=True):
        assert bare(area.title) in page
        for project in (project for step in area.steps for project in step.projects):
            assert bare(project.code + ("★" if project.is_leading else "")) in page
            assert bare(project.title) in page


def test_the_sections_of_sasebo_are_those_of_the_document(sasebo: Report) -> None:
    content = sasebo.content
    assert [area.short_title for area in content.areas if not area.kpis] == [
        "教育",
        "多様化",
        "推進課題",
        "3つのしかけ",
    ]
    counts = {count.label: count.number for count in content.totals.counts}
    assert counts["事業（プロジェクト）"] == 106
    assert counts["うちリーディングプロジェクト"] == 27
    assert counts["KPI（指標の数）"] == 39


def test_the_summary_is_of_the_figures_of_the_report(sasebo: Report, package: Report) -> None:
    found, totals = summary_of(sasebo.content), sasebo.content.totals
    figures = {count.label: count.number for count in found.figures}
    assert figures["KPI・成果指標：達成"] == totals.total.reached
    assert figures["進捗：△遅れている"] == totals.total.marks[1] == len(found.late)
    assert len(found.deviations) + found.deviations_rest >= totals.total.missed - 1
    percents = [row.row.percent for row in found.deviations]
    assert percents == sorted(percents)  # type: ignore[type-var]  # none of them is empty
    # What a plan does not have, its summary does not count as nought.
    (page,) = (page for page in package.pages if "要約" in page and "主な数値" in page)
    assert "23億2,559万4千円" in page and "進捗：" not in page and "KPI" not in page


def test_no_page_is_empty_and_every_page_has_its_number(sasebo: Report) -> None:
    pages = [page for page in sasebo.pages if page]
    for number, page in enumerate(pages[1:], start=2):
        assert page.endswith(f"{number}/{len(pages)}")
        # The header and the number take some 50 signs: a page says more than a stray last line.
        assert len(page) > 180, number


def test_every_budget_line_of_the_package_stands_with_its_amount(package: Report) -> None:
    names = {row["key"]: row["name"] for row in package.rows("projects")}
    for row in package.rows("placements"):
        if row["is_primary"] == "1":
            names[row["project"]] = row["name"] or names[row["project"]]
    labels = {"new": "新規", "expanded": "拡大", "continued": "継続", "": ""}
    budgets = package.rows("budgets")
    assert len(budgets) == 50
    start = package.text.index("施策別の事業")
    for row in budgets:
        name, category = bare(names[row["project"]]), labels[row["category"]]
        zero = "ゼロ予算" if row["is_zero_budget"] == "1" else ""
        amount = f"{int(row['amount']) // 1000:,}" if row["amount"] else ""
        pattern = re.escape(name) + f".{{0,40}}?(?:{zero}・?)?{category}{re.escape(amount)}"
        assert re.compile(pattern).search(package.text, start), name


def test_the_sums_of_the_package_are_those_that_are_printed(package: Report) -> None:
    amounts = {row["project"]: int(row["amount"] or 0) for row in package.rows("budgets")}
    tagged = defaultdict(set)
    for row in package.rows("project_tags"):
        tagged[row["tag"]].add(row["project"])
    stated = {row["tag"]: int(row["amount"]) for row in package.rows("stated_totals")}
    assert stated[""] == sum(amounts.values()) == 2_325_594_000
    assert len(stated) == 4
    for tag, amount in stated.items():
        if tag:
            assert sum(amounts[project] for project in tagged[tag]) == amount
        assert f"{amount // 1000:,}" in package.text
    sheet = package.pages[0]
    assert "1/" in sheet
    for words in ("23億2,559万4千円", "1億1,750万1千円", "9,862万3千円", "1億5,218万2千円"):
        assert words in sheet, words


# Totals, against what the dashboards and the API say


def test_the_marks_are_those_of_the_dashboard_and_of_the_api(sasebo: Report) -> None:
    totals = sasebo.content.totals
    counted = {line.label: line.marks for line in totals.areas if any(line.marks)}
    assert counted == {
        label: counts for label, counts in sasebo.dashboard["marks"].items() if any(counts)
    }
    symbols = Counter(
        f"{row['mark_symbol']}" for row in sasebo.api["reviews"] if row["fiscal_year"] == YEAR
    )
    for label, number in zip(totals.mark_labels[:-1], totals.total.marks, strict=False):
        assert symbols[label[0]] == number > 0
    assert {row.title for row in totals.late} == sasebo.dashboard["late"]


def test_the_kpis_are_those_of_the_dashboard_and_of_the_api(sasebo: Report) -> None:
    total = sasebo.content.totals.total
    assert (total.indicators, total.reached, total.missed) == sasebo.dashboard["kpi"]
    rows: dict[int, IndicatorRow] = {
        row.indicator_id: row for area in sasebo.content.areas for row in area.kpis
    }
    for group in sasebo.content.project_list:
        for project in (project for step in group.groups for project in step.projects):
            rows |= {row.indicator_id: row for row in project.indicators}
    actuals = [
        row
        for row in sasebo.api["actuals"]
        if row["fiscal_year"] == YEAR and row["kind"] == "actual"
    ]
    assert len(actuals) > 100
    for actual in actuals:
        row, found = rows[actual["indicator"]], actual["achievement"]
        assert row.reached == found["reached"], row.name
        percent = None if found["percent"] is None else Decimal(found["percent"])
        assert (row.percent is None) == (percent is None), row.name
        if percent is not None and row.percent is not None:
            assert abs(row.percent - percent) < Decimal("0.06"), row.name


def test_the_states_of_the_year_are_those_of_the_api(sasebo: Report) -> None:
    counts = {count.label: count.number for count in sasebo.content.totals.statuses}
    actuals = [
        row
        for row in sasebo.api["actuals"]
        if row["fiscal_year"] == YEAR and row["kind"] == "actual"
    ]
    statuses = Counter(row["status"] for row in actuals)
    assert counts["報告済"] == statuses["reported"]
    assert counts["指標の計"] == len(sasebo.api["indicators"])
    assert counts["記載がない（入力なし）"] == len(sasebo.api["indicators"]) - len(actuals)
    assert counts["うち承認の済んでいない実績値"] == sum(
        row["state"] not in ("approved", "final") for row in actuals
    )


@pytest.mark.parametrize("name", ["sasebo", "package"])
def test_the_numbers_of_projects_are_those_of_the_api(
    reports: dict[str, Report], name: str
) -> None:
    report = reports[name]
    counts = {count.label: count.number for count in report.content.totals.counts}
    placements = report.api["placements"]
    assert counts["事業（プロジェクト）"] == len(report.api["projects"])
    assert counts["事業（プロジェクト）"] == report.dashboard["projects"]
    leading = {row["project"] for row in placements if row["is_leading"]}
    assert counts.get("うちリーディングプロジェクト", 0) == len(leading)
    assert counts["再掲の掲載"] == sum(not row["is_primary"] for row in placements)
    # Of every node of the tree: what stands at it or below it.
    parents = {row["id"]: row["parent"] for row in report.api["measures"]}
    at: Counter[int] = Counter()
    for row in placements:
        node = row["measure"] if row["is_primary"] else None
        while node is not None:
            at[node] += 1
            node = parents[node]
    expected = [(row["code"], row["name"], at[row["id"]]) for row in report.api["measures"]]
    for line in report.content.outline:
        assert any(
            line.title.startswith(code) and line.title.endswith(name) and line.projects == number
            for code, name, number in expected
        ), line.title


def test_the_budget_is_that_of_the_dashboard_and_of_the_api(package: Report) -> None:
    part = package.content.budgets[0]
    rows = [
        row
        for row in package.api["budgets"]
        if row["fiscal_year"] == YEAR and row["stage"] == part.stage
    ]
    assert part.amount == sum(row["amount"] or 0 for row in rows)
    assert part.amount == package.dashboard["budget"][part.stage]
    # What is printed again is shown, and not counted.
    again = [line for group in part.groups for line in group.lines if not line.is_counted]
    counted = [line for group in part.groups for line in group.lines if line.is_counted]
    assert again and sum(line.amount or 0 for line in counted) == part.amount
    tops = [group for group in part.groups if group.depth == 0]
    assert sum(group.amount or 0 for group in tops) == part.amount
    assert sum(group.counted for group in tops) == part.counted
