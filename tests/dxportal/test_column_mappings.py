"""A city's own tables, read by a mapping that was made once: as they are, and wrong."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.audit import Actor
from dxportal.models import ColumnMapping
from dxportal.planbook import mapped_cells
from dxportal.planbook.changes import ChangeKind
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.loader import LoadResult, load_book, load_plan
from dxportal.planbook.mapped import current_book, read_mapped
from dxportal.planbook.meanings import Meaning, suggest_columns, year_of
from dxportal.planbook.tables import Table, find_head, guess_head, heads_at
from kpi.models import Actual
from plans import fiscal_years
from plans.models import Plan
from projects.models.placements import STAGE_SYMBOLS
from tests.cast import Cast
from tests.dxportal.test_documents import BOOKS

SASEBO = next(book for book in BOOKS if book.name.startswith("sasebo"))
YEARS = range(2021, 2028)

Rows = list[list[Any]]


def table_040(plan: Plan) -> Rows:
    """佐世保市 040_プロジェクト一覧 as it is printed: the head in two rows, the city's columns."""
    upper = ["分野", "分類", "主体部局", "DX重点課題", "課題", "ステップ", "プロジェクト", "", ""]
    lower = ["", "", "", "", "名称", "名称", "PID", "名称", "概要"]
    upper += ["リーディング", "活動指標"] + [""] * 14 + ["実施年度"] + [""] * 5
    lower += ["", "項目"]
    lower += [f"{fiscal_years.short_form(y)}{kind}" for y in YEARS for kind in ("", "実績")]
    lower += [fiscal_years.short_form(y) for y in YEARS if y > 2021]
    book = {name: [row.cells for row in rows] for name, rows in current_book(plan).sheets.items()}
    measures = {cells["key"]: cells for cells in book["measures"]}
    projects = {cells["key"]: cells for cells in book["projects"]}
    indicators = {cells["key"]: cells for cells in book["indicators"]}
    used = {use["project"]: use["indicator"] for use in book["indicator_uses"] if use["project"]}
    departments = {d["project"]: d["department"] for d in book["project_departments"]}
    values = {(v["indicator"], v["fiscal_year"], v["kind"]): v for v in book["values"]}
    stages = {(s["project"], int(s["fiscal_year"])): s["planned"] for s in book["schedule"]}
    rows: Rows = [["040_プロジェクト一覧"], upper, lower]
    for place in sorted(book["placements"], key=lambda cells: int(cells["position"])):
        project, line = projects[place["project"]], []
        key = place["measure"]
        while key:
            line.insert(0, measures[key])
            key = measures[key]["parent"]
        by_level = {measure["level"]: measure["name"] for measure in line}
        row: list[Any] = [by_level["pillar"], line[1]["short_name"], departments[project["key"]]]
        row += [by_level.get("area", ""), by_level.get("issue", ""), by_level.get("step", "")]
        row += [place["code"], project["name"], project["summary"]]
        row += ["○" if place["is_leading"] == "1" else ""]
        indicator = used[project["key"]]
        row.append(indicators[indicator]["name"])
        for year in YEARS:
            for kind in ("target", "actual"):
                value = values.get((indicator, str(year), kind), {})
                text = value.get("text") or value.get("value", "")
                row.append(float(text) if text.replace(".", "").isdigit() else text)
        row += [STAGE_SYMBOLS.get(stages.get((project["key"], y), ""), "") for y in YEARS[1:]]
        rows.append(row)
    return rows


def write_xlsx(path: Path, rows: Iterable[Sequence[Any]], sheet: str = "040") -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = sheet
    for row in rows:
        workbook.active.append([None if cell == "" else cell for cell in row])
    workbook.save(path)
    return path


def mapping_for(plan: Plan, heads: list[str], header_row: int = 1, **changes: Any) -> ColumnMapping:
    """What a person gets who takes every suggestion, but for `changes` by head."""
    columns = [c.entry() for c in suggest_columns(heads, plan)]
    for column in columns:
        column |= changes.get(column["head"], {})
    return ColumnMapping(
        organization=plan.organization, name="一覧", header_row=header_row, columns=columns
    )


def look(plan: Plan, path: Path, mapping: ColumnMapping) -> LoadResult:
    return load_book(Actor.system(), read_mapped(path, mapping, plan), dry_run=True)


@pytest.fixture
def sasebo(db: None) -> Plan:
    return load_plan(Actor.system(), SASEBO).plan


@pytest.fixture
def printed(sasebo: Plan) -> Rows:
    return table_040(sasebo)


@pytest.fixture
def mapping_040(sasebo: Plan, printed: Rows) -> ColumnMapping:
    return mapping_for(sasebo, heads_at(printed, 2, 2), header_row=2)


def test_the_city_s_own_table_changes_nothing(
    sasebo: Plan, printed: Rows, mapping_040: ColumnMapping, tmp_path: Path
) -> None:
    meant = {entry["head"]: entry["means"] for entry in mapping_040.columns}
    assert meant["プロジェクト PID"] == "project_code"
    assert meant["プロジェクト 名称"] == "project_name"
    assert meant["課題 名称"] == meant["DX重点課題"] == "measure_name"
    assert meant["主体部局"] == "department_check"
    assert meant["活動指標 項目"] == "indicator_name"
    assert meant["活動指標 R3"] == "target"
    assert meant["活動指標 R3実績"] == "actual"
    assert meant["実施年度 R4"] == "schedule_planned"
    result = look(sasebo, write_xlsx(tmp_path / "t.xlsx", printed), mapping_040)
    assert result.changes == []
    assert len(printed) == 3 + 107


def test_what_the_table_says_otherwise_is_what_changes(
    sasebo: Plan, printed: Rows, mapping_040: ColumnMapping, tmp_path: Path
) -> None:
    head = heads_at(printed, 2, 2)
    row = next(r for r in printed if "観光1-1-6" in r)
    row[head.index("活動指標 R7実績")] = "１,２３４"
    row[head.index("実施年度 R9")] = "○"
    row[head.index("活動指標 R8")] = ""  # says nothing: the target stays
    result = look(sasebo, write_xlsx(tmp_path / "t.xlsx", printed), mapping_040)
    number = printed.index(row) + 1
    told = {(c.kind, c.sheet, c.row): c.fields for c in result.changes}
    assert set(told) == {
        (ChangeKind.CHANGED, "schedule", number),
        (ChangeKind.ADDED, "values", number),
    }
    assert told[ChangeKind.CHANGED, "schedule", number] == {"planned": ("operate", "build")}
    added = told[ChangeKind.ADDED, "values", number]
    assert added["value"] == ("", "1234")
    assert added["status"] == ("", "reported")
    assert Actual.objects.filter(fiscal_year=2025).count() == 0


def test_a_settled_value_is_not_changed_by_a_table(
    sasebo: Plan, printed: Rows, mapping_040: ColumnMapping, tmp_path: Path
) -> None:
    row = next(r for r in printed if "観光1-1-6" in r)
    row[heads_at(printed, 2, 2).index("活動指標 R6実績")] = 8
    with pytest.raises(PlanBookError) as refused:
        look(sasebo, write_xlsx(tmp_path / "t.xlsx", printed), mapping_040)
    (fault,) = refused.value.faults
    assert (fault.row, fault.column) == (printed.index(row) + 1, "value")
    assert "確定" in fault.reason


def test_the_same_pid_on_two_projects_needs_another_column(
    sasebo: Plan, printed: Rows, mapping_040: ColumnMapping, tmp_path: Path
) -> None:
    """農水2-b-1/2-1 stands twice in the city's list: by the number alone it is not decided."""
    for entry in mapping_040.columns:
        if entry["means"] in ("project_name", "measure_name"):
            entry["means"] = "ignore"
    book = read_mapped(write_xlsx(tmp_path / "t.xlsx", printed), mapping_040, sasebo)
    assert [f.value for f in book.faults] == ["農水2-b-1/2-1", "農水2-b-1/2-2"] * 2
    assert {f.column for f in book.faults} == {"プロジェクト PID"}
    assert all("1つに決まりません" in f.reason for f in book.faults)
    assert book.faults[0].row == 1 + next(
        i for i, row in enumerate(printed) if "農水2-b-1/2-1" in row
    )


HEADS = ["PID", "事業名", "指標名", "単位", "R7目標", "R7実績"]
RATE = ["観光1-1-7", "ＳＮＳデータの分析", "満足度", "%"]


def read_rows(cast: Cast, tmp_path: Path, *rows: list[Any], heads: list[str] = HEADS) -> Any:
    path = write_xlsx(tmp_path / "t.xlsx", [heads, *rows])
    return read_mapped(path, mapping_for(cast.plan, HEADS), cast.plan)


def test_every_row_that_is_not_found_is_told_at_once(cast: Cast, tmp_path: Path) -> None:
    book = read_rows(
        cast,
        tmp_path,
        ["観光9-9", "", "", "", 1, ""],
        ["観光1-2-2", "学習用端末の更新", "", "", 1, ""],
        ["観光1-2-2", "", "", "", 1, ""],
        ["", "", "満足度", "%", 1, ""],
        [*RATE[:2], "満足", "%", 1, ""],
        [*RATE[:3], "人", 1, ""],
        [*RATE, "", "約80"],
        ["合計", "", "", "", 99, 99],
    )
    assert [(f.row, f.column, f.value) for f in book.faults] == [
        (2, "PID", "観光9-9"),
        (3, "事業名", "学習用端末の更新"),
        (4, "PID", "観光1-2-2"),
        (5, "", ""),
        (6, "指標名", "満足"),
        (7, "単位", "人"),
        (8, "R7実績", "約80"),
        (9, "PID", "合計"),
    ]
    assert "マーケティングレポート" in book.faults[1].reason
    assert "ＳＮＳデータの分析" in book.faults[2].reason
    assert "「満足度」" in book.faults[4].reason


def test_two_rows_that_contradict_each_other_are_told(cast: Cast, tmp_path: Path) -> None:
    book = read_rows(cast, tmp_path, [*RATE, "", 80], [*RATE, "", 80], [*RATE, "", 81])
    (fault,) = book.faults
    assert fault.row == 4
    assert "2行目では「80」" in fault.reason


def test_heads_that_differ_are_told_with_their_place(cast: Cast, tmp_path: Path) -> None:
    heads = [*HEADS[:5], "R7実績値", "備考"]
    book = read_rows(cast, tmp_path, [*RATE, 82, 80, "x", "y"], heads=heads)
    assert [(f.row, f.column) for f in book.faults] == [
        (1, "R7実績"),
        (1, "R7実績値"),
        (1, "備考"),
        (2, "8列目"),
    ]
    assert "ありません" in book.faults[0].reason


def test_a_head_further_down_and_a_head_said_again_are_read(cast: Cast, tmp_path: Path) -> None:
    rows = [["佐世保市 進捗管理表"], [], HEADS, [*RATE, "", 80], [], HEADS, [*RATE, 82, ""]]
    path = write_xlsx(tmp_path / "t.xlsx", rows)
    result = look(cast.plan, path, mapping_for(cast.plan, HEADS, header_row=1))
    assert [(c.kind, c.row, c.label) for c in result.changes] == [
        (ChangeKind.CHANGED, 7, "満足度 令和7年度目標"),
        (ChangeKind.ADDED, 4, "満足度 令和7年度実績"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_csv_in_both_encodings_is_read(cast: Cast, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "book.csv"
    lines = [HEADS, [*RATE, "", "８０．５％"]]
    path.write_text("\n".join(",".join(line) for line in lines), encoding=encoding)
    result = look(cast.plan, path, mapping_for(cast.plan, HEADS))
    assert [(c.row, c.fields["value"]) for c in result.changes] == [(2, ("", "80.5"))]


def test_what_a_cell_of_per_cent_shows_is_what_counts(cast: Cast, tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(HEADS)
    workbook.active.append([*RATE, None, 0.805])
    workbook.active["F2"].number_format = "0.0%"
    workbook.active["E2"] = "=1+1"  # a formula that nobody has worked out
    workbook.save(tmp_path / "t.xlsx")
    book = read_mapped(tmp_path / "t.xlsx", mapping_for(cast.plan, HEADS), cast.plan)
    assert [(f.row, f.column, f.value) for f in book.faults] == [(2, "R7目標", "=1+1")]
    book.faults.clear()
    assert [c.fields["value"] for c in load_book(Actor.system(), book, dry_run=True).changes] == [
        ("", "80.5")
    ]


def test_schedule_budget_departments_and_tags(cast: Cast, tmp_path: Path) -> None:
    heads = ["事業名", "R8スケジュール", "R7当初予算（千円）", "リーディング", "所管", "国"]
    mapping = mapping_for(cast.plan, heads, 所管={"means": "department"}, 国={"means": "tags"})
    rows = [
        [
            "学習用端末の更新",
            "今後予定",
            "4,515",
            "○",
            "教育委員会、DX推進課",
            "フロントヤード改革",
        ],
        ["マーケティングレポート", "△", "4.5001", "？", "DX推進課", "GIGA"],
    ]
    path = write_xlsx(tmp_path / "t.xlsx", [heads, rows[0]])
    result = look(cast.plan, path, mapping)
    told = {c.sheet: {name: after for name, (_, after) in c.fields.items()} for c in result.changes}
    assert told["schedule"]["text"] == "今後予定"
    assert told["budgets"]["amount"] == "4515000"
    assert told["placements"] == {"is_leading": "1"}
    assert told["project_departments"]["department"] == "DX推進課"
    assert told["project_tags"]["tag"] == "front"
    assert len(result.changes) == 5
    book = read_mapped(write_xlsx(tmp_path / "u.xlsx", [heads, rows[1]]), mapping, cast.plan)
    assert [f.column for f in book.faults] == heads[1:]


@pytest.mark.parametrize(
    ("text", "indicator", "stored", "cells"),
    [
        ("集計中", {}, {}, {"value": "", "text": "", "status": "not_yet"}),
        ("集計中", {}, {"status": "not_yet"}, {}),
        ("－", {}, {}, {"value": "", "text": "－", "status": "unstated"}),
        ("ー", {}, {"status": "unstated", "text": "-"}, {}),
        ("0", {}, {}, {"value": "0", "text": "", "status": "reported"}),
        ("▲3", {}, {}, {"value": "-3", "text": "▲3", "status": "reported"}),
        ("7.0", {}, {"value": "7", "status": "reported"}, {}),
        (
            "実施済",
            {"is_qualitative": "1"},
            {},
            {"value": "", "text": "実施済", "status": "reported"},
        ),
    ],
)
def test_an_actual_is_carried_as_what_it_is(
    text: str, indicator: dict[str, str], stored: dict[str, str], cells: dict[str, str]
) -> None:
    assert mapped_cells.actual(text, indicator, stored) == cells


@pytest.mark.parametrize("text", ["約70", "※1", "実施済", "12※1", "なし", "80.5%"])
def test_an_actual_that_is_not_exact_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="「"):
        mapped_cells.actual(text, {"unit": "件"}, {})


def test_a_target_may_be_compared_or_a_text() -> None:
    rate = {"unit": "%"}
    compared = {"value": "70", "text": "70%以上", "comparison": "gte"}
    assert mapped_cells.target("70%以上", rate, {}) == compared
    assert mapped_cells.target("７０％以上", rate, compared) == {}
    assert mapped_cells.target("全庁展開", rate, compared) == {
        "value": "",
        "text": "全庁展開",
        "comparison": "",
    }
    with pytest.raises(ValueError, match="約70"):
        mapped_cells.target("約70", rate, {})
    with pytest.raises(ValueError, match="○"):
        mapped_cells.target("○", rate, {})


def test_thousands_that_are_the_stored_amount_rounded_change_nothing() -> None:
    stored = {"amount": "4515600"}
    assert mapped_cells.amount("4,515", "千円", stored) == {}
    assert mapped_cells.amount("4,516", "千円", stored) == {}
    assert mapped_cells.amount("4,517", "千円", stored) == {"amount": "4517000"}
    assert mapped_cells.amount("4,515", "円", stored) == {"amount": "4515"}


FORMS = st.sampled_from(
    ["R{n}", "Ｒ{n}", "令和{n}年度", "令和 {n} 年度", "{y}年度", "{y}", "R{n}({y})"]
)
TAILS = {"": Meaning.TARGET, "目標": Meaning.TARGET, "予定": Meaning.TARGET, "実績": Meaning.ACTUAL}


@given(st.integers(2019, 2060), FORMS, st.sampled_from(sorted(TAILS)), st.booleans(), st.booleans())
def test_heads_with_a_year_are_understood(
    year: int, form: str, tail: str, is_wide: bool, is_joined: bool
) -> None:
    number = "元" if year == 2019 and "令和" in form else str(year - 2018)
    head = form.format(n=number, y=year)
    if is_wide:
        head = head.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789RH()"})
    head += (" " if is_joined else "") + tail
    assert year_of(head)[0] == year
    (column,) = suggest_columns([head])
    assert (column.means, column.fiscal_year) == (TAILS[tail], year)


@pytest.mark.parametrize("head", ["R4～R9", "令和4～9年度", "R6(2023)", "SNS2", "PR3件", "概要"])
def test_heads_without_one_year_name_none(head: str) -> None:
    assert year_of(head)[0] is None


def test_an_amount_is_not_suggested_without_its_unit() -> None:
    columns = suggest_columns(
        ["R7当初予算額", "R7当初予算額（千円）", "R6決算額(円)", "R7補正2号(千円)"]
    )
    assert [c.choice for c in columns] == [
        "ignore",
        "budget:initial:0:千円",
        "budget:settled:0:円",
        "budget:supplementary:2:千円",
    ]


def test_a_head_of_two_rows_is_joined_without_any_knowledge_of_merging() -> None:
    rows = [
        ["PID", "R3", "", "R4", "", "備考"],
        ["", "予定", "実績", "予定", "実績", ""],
        ["1"] * 6,
    ]
    joined = ["PID", "R3 予定", "R3 実績", "R4 予定", "R4 実績", "備考"]
    assert heads_at(rows, 1, 2) == joined
    assert guess_head(Table("", rows)) == (1, 2)
    assert find_head(Table("", [["表題"], *rows]), joined, 1).first_row == 2
    assert heads_at([["R4", "R4"]], 1) == ["R4", "R4〔2〕"]


def test_a_sheet_that_is_broken_is_refused_and_a_missing_one_told(
    cast: Cast, tmp_path: Path
) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", [HEADS, [*RATE, 82, 80]], sheet="進捗")
    mapping = mapping_for(cast.plan, HEADS)
    mapping.sheet_name = "一覧"
    with pytest.raises(PlanBookError, match="「進捗」"):
        read_mapped(path, mapping, cast.plan)
    with zipfile.ZipFile(path) as sound, zipfile.ZipFile(tmp_path / "u.xlsx", "w") as broken:
        for name in sound.namelist():
            content = sound.read(name)
            broken.writestr(name, content[:300] if "sheet1" in name else content)
    with pytest.raises(PlanBookError, match="Excelブックとして"):
        read_mapped(tmp_path / "u.xlsx", mapping_for(cast.plan, HEADS), cast.plan)


def test_rows_of_measures_and_of_indicators_alone_are_found(cast: Cast, tmp_path: Path) -> None:
    heads = ["基本施策", "課題", "指標名", "R7実績"]
    rows = [
        ["スマートツーリズムの実現", "デジタルプロモーションの推進", "来訪者数", "１２，０００人"],
        ["学びの環境づくり", "デジタルプロモーションの推進", "来訪者数", 1],
        ["スマートツーリズムの実現", "デジタルプロモーションの推進", "", 1],
        ["スマートツーリズムの実現", "端末の更新", "", 1],
    ]
    path = write_xlsx(tmp_path / "t.xlsx", [heads, *rows])
    book = read_mapped(path, mapping_for(cast.plan, heads), cast.plan)
    assert [(f.row, f.column) for f in book.faults] == [(3, "基本施策"), (4, ""), (5, "課題")]
    assert "苦情件数" in book.faults[1].reason
    book.faults.clear()
    (change,) = load_book(Actor.system(), book, dry_run=True).changes
    assert (change.row, change.label) == (2, "来訪者数 令和7年度実績")
    alone = write_xlsx(tmp_path / "u.xlsx", [heads[2:], ["苦情件数", "集計中"], ["件数", 3]])
    book = read_mapped(alone, mapping_for(cast.plan, heads[2:]), cast.plan)
    assert [(f.row, f.value) for f in book.faults] == [(3, "件数")]
    book.faults.clear()
    (change,) = load_book(Actor.system(), book, dry_run=True).changes
    assert change.fields["status"] == ("", "not_yet")
