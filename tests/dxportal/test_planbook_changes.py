"""What a plan book would do is told before it is done, and it is what is then done."""

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.audit import Actor
from accounts.models import AuditEntry
from dxportal.planbook.changes import ChangeKind
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.loader import LoadResult, load_plan
from dxportal.planbook.reader import escape, unescape
from dxportal.planbook.writer import write_plan
from plans.models import Measure
from projects.models import Project
from tests.cast import Cast
from tests.dxportal.test_documents import BOOKS
from tests.dxportal.test_planbook import SYSTEM, write_folder

SASEBO = next(book for book in BOOKS if book.name.startswith("sasebo"))


def told(result: LoadResult) -> list[tuple[ChangeKind, str, int | None, str]]:
    return [(c.kind, c.sheet, c.row, c.label) for c in result.changes]


def test_an_export_that_nobody_edited_changes_nothing(cast: Cast, tmp_path: Path) -> None:
    for target in (tmp_path / "folder", tmp_path / "book.xlsx"):
        write_plan(cast.plan, target)
        result = load_plan(Actor.system(), target, dry_run=True)
        assert result.changed == 0
        assert result.changes == []


@pytest.mark.django_db
def test_a_dry_run_tells_each_row_and_changes_none(tmp_path: Path) -> None:
    load_plan(SYSTEM, write_folder(tmp_path / "book"))
    entries = AuditEntry.objects.count()
    edited = write_folder(
        tmp_path / "book",
        projects="key,name\nX,事業X（改）\nZ,事業Z\n",
        placements="project,measure,code,is_primary\nX,1-1,1-1-1,1\nX,1,1,0\n",
        indicators="key,name,unit,department\nK,指標K,件,\n",
    )
    result = load_plan(SYSTEM, edited, dry_run=True)
    assert told(result) == [
        (ChangeKind.CHANGED, "projects", 2, "事業X（改）"),
        (ChangeKind.ADDED, "projects", 3, "事業Z"),
        (ChangeKind.CHANGED, "indicators", 2, "指標K"),
        (ChangeKind.ABSENT, "projects", None, "事業Y"),
        (ChangeKind.ABSENT, "placements", None, "1-1-1 事業Y"),
    ]
    assert result.changes[0].fields == {"name": ("事業X", "事業X（改）")}
    assert result.changes[2].fields == {"department": ("D1", "")}
    assert AuditEntry.objects.count() == entries
    assert set(Project.objects.values_list("name", flat=True)) == {"事業X", "事業Y"}
    done = load_plan(SYSTEM, edited)
    assert told(done) == told(result)
    assert Project.objects.count() == 3  # what the book has not is left alone


@pytest.mark.django_db
def test_line_breaks_survive_without_breaking_a_record(tmp_path: Path) -> None:
    book = write_folder(
        tmp_path / "book",
        measures="key,parent,level,code,name,situation\n1-1,1,b,1,課題1,一つ目\\n二つ目\n1,,a,1,分野1,\n",
    )
    plan = load_plan(SYSTEM, book).plan
    assert Measure.objects.get(key="1-1").situation == "一つ目\n二つ目"
    write_plan(plan, tmp_path / "out")
    lines = (tmp_path / "out" / "measures.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 3
    assert load_plan(SYSTEM, tmp_path / "out", dry_run=True).changes == []


@given(st.text(alphabet='\\n\nあ,"'))
def test_an_escaped_text_is_one_line_and_reads_back(text: str) -> None:
    assert "\n" not in escape(text)
    assert unescape(escape(text)) == text


# 30 faults of different kinds in a copy of 佐世保市's workbook: sheet, row to spoil, column, value.
SPOILED = [
    ("organization", 2, "code", "422028"),  # check digit
    ("departments", 3, "valid_from", "令和6年4月"),
    ("departments", 4, "parent", "いない部"),
    ("plan", 2, "status", "有効"),
    ("levels", 3, "depth", "第二"),
    ("phases", 2, "last_fiscal_year", "R9"),
    ("marks", 2, "threshold", "90%"),
    ("marks", 3, "is_behind", "はい"),
    ("measures", 4, "name", ""),
    ("measures", 5, "level", "柱"),
    ("measures", 6, "code", "あ" * 51),
    ("measures", 8, "position", "1.5"),
    ("target_states", 2, "text", ""),
    ("target_states", 4, "phase", "R10"),
    ("projects", 2, "first_fiscal_year", "24"),
    ("projects", 4, "key", "保福1-a-1-3"),  # the key of the row before
    ("project_departments", 2, "position", "先頭"),
    ("placements", 3, "measure", "観光9-9"),
    ("placements", 5, "is_primary", "○"),
    ("schedule", 2, "planned", "構築"),
    ("schedule", 3, "fiscal_year", "1800"),
    ("indicators", 2, "decimals", "0.5"),
    ("indicators", 3, "direction", "up"),
    ("indicators", 4, "baseline_value", "約120"),
    ("indicator_uses", 2, "role", ""),
    ("indicator_uses", 3, "indicator", "KPI-なし"),
    ("values", 2, "value", "=1+1"),
    ("values", 4, "value", "1,200"),
    ("values", 5, "kind", "実績"),
    ("reviews", 2, "mark", "◎"),
]


@pytest.mark.django_db
def test_thirty_faults_are_all_listed_and_nothing_is_changed(tmp_path: Path) -> None:
    plan = load_plan(SYSTEM, SASEBO).plan
    write_plan(plan, tmp_path / "book.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "book.xlsx")
    for sheet, row, column, value in SPOILED:
        head = [cell.value for cell in workbook[sheet][1]]
        workbook[sheet].cell(row, head.index(column) + 1).value = value or None
    workbook.save(tmp_path / "spoiled.xlsx")
    entries = AuditEntry.objects.count()
    with pytest.raises(PlanBookError) as error:
        load_plan(SYSTEM, tmp_path / "spoiled.xlsx")
    found = {(f.sheet, f.row, f.column): f for f in error.value.faults}
    assert len(SPOILED) == 30
    missing = [spoiled for spoiled in SPOILED if spoiled[:3] not in found]
    assert missing == []
    assert all(found[s[:3]].value == s[3] and found[s[:3]].reason for s in SPOILED)
    assert AuditEntry.objects.count() == entries


@pytest.mark.django_db
def test_a_book_larger_than_its_bound_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dxportal.planbook.reader.MAX_ROWS", 10)
    with pytest.raises(PlanBookError) as error:
        load_plan(SYSTEM, write_folder(tmp_path / "book"))
    assert "全シートで10行" in error.value.faults[-1].reason
