"""Loading a plan book: exactly once, all or nothing, every fault with its address."""

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Organization
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.loader import load_plan
from dxportal.planbook.reader import why_refused
from dxportal.planbook.writer import write_plan
from dxportal.rounds.asking import ask
from kpi.models import Actual, Indicator, Target
from plans.models import Measure, Plan, ReportingCycle, Submission
from projects.models import Placement
from tests.cast import Cast

SYSTEM = Actor.system(Channel.COMMAND)

BOOK = {
    "organization": "code,name\n422029,佐世保市\n",
    "departments": "key,name\nD1,観光課\n",
    "plan": "key,name,first_fiscal_year,last_fiscal_year\nP,計画,2022,2027\n",
    "levels": "key,depth,name\na,1,分野\nb,2,課題\n",
    "measures": "key,parent,level,code,name\n1-1,1,b,1,課題1\n1,,a,1,分野1\n",
    "projects": "key,name\nX,事業X\nY,事業Y\n",
    "placements": "project,measure,code,is_primary\nX,1-1,1-1-1,1\nY,1-1,1-1-1,1\nX,1,1,0\n",
    "indicators": "key,name,unit,department\nK,指標K,件,D1\n",
    "indicator_uses": "indicator,role,measure,project\nK,kpi,1-1,\nK,activity,,X\n",
    "values": (
        "indicator,fiscal_year,kind,value,text,status,state\n"
        "K,2024,target,10,,,\nK,2024,actual,0,,reported,final\nK,2023,actual,,-,unstated,final\n"
    ),
    "cycles": "fiscal_year,kind,state\n2024,annual,published\n",
}


def write_folder(folder: Path, **changes: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {**BOOK, **changes}.items():
        if text:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8-sig")
    return folder


def write_workbook(path: Path, **changes: str) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, text in {**BOOK, **changes}.items():
        sheet = workbook.create_sheet(name)
        for row in csv.reader(text.splitlines()):
            sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    workbook.save(path)
    return path


def faults_of(path: Path) -> list[tuple[str, int | None, str, str]]:
    with pytest.raises(PlanBookError) as error:
        load_plan(SYSTEM, path)
    assert not Organization.objects.exists()
    assert not AuditEntry.objects.exists()
    return [(f.sheet, f.row, f.column, f.value) for f in error.value.faults]


@pytest.mark.django_db
@pytest.mark.parametrize("write", [write_folder, write_workbook])
def test_a_book_is_loaded_once(tmp_path: Path, write) -> None:
    path = write(tmp_path / "book.xlsx" if write is write_workbook else tmp_path / "book")
    result = load_plan(SYSTEM, path)
    assert result.plan.name == "計画"
    assert Measure.objects.get(key="1-1").parent.key == "1"
    assert Placement.objects.filter(is_primary=True).count() == 2
    assert Placement.objects.filter(code="1-1-1").count() == 2
    assert Indicator.objects.get().uses.count() == 2
    assert Target.objects.get().value == 10
    assert Actual.objects.get(fiscal_year=2024).value == 0
    assert Actual.objects.get(fiscal_year=2023).raw_text == "-"
    assert ReportingCycle.objects.get().state == "published"
    entries = AuditEntry.objects.count()
    assert entries == result.created.total()

    again = load_plan(SYSTEM, path)
    assert again.changed == 0
    assert again.unchanged.total() == result.created.total()
    assert AuditEntry.objects.count() == entries


@pytest.mark.django_db
def test_one_changed_cell_is_one_change(tmp_path: Path) -> None:
    load_plan(SYSTEM, write_folder(tmp_path / "book"))
    changed = write_folder(tmp_path / "book", projects="key,name\nX,事業X（改）\nY,事業Y\n")
    result = load_plan(SYSTEM, changed)
    assert (result.created.total(), dict(+result.updated)) == (0, {"projects": 1})
    entry = AuditEntry.objects.first()
    assert (entry.before, entry.after) == ({"name": "事業X"}, {"name": "事業X（改）"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sheet", "text", "fault"),
    [
        (
            "values",
            "indicator,fiscal_year,kind,value,status\nK,令和6,actual,1,reported\n",
            ("values", 2, "fiscal_year", "令和6"),
        ),
        (
            "values",
            "indicator,fiscal_year,kind,value,status\nK,2024,actual,約10,reported\n",
            ("values", 2, "value", "約10"),
        ),
        (
            "values",
            "indicator,fiscal_year,kind,value,status\nK,2024,target,1,reported\n",
            ("values", 2, "status", "reported"),
        ),
        (
            "indicators",
            "key,name,department\nK,指標K,存在しない課\n",
            ("indicators", 2, "department", "存在しない課"),
        ),
        ("projects", "key,name\nX,事業X\nY,事業Y\nX,事業Z\n", ("projects", 4, "key", "X")),
        ("projects", "key,name,colour\nX,事業X,red\nY,事業Y,\n", ("projects", 1, "colour", "")),
        ("organization", "code,name\n422028,佐世保市\n", ("organization", 2, "code", "422028")),
        ("measures", "", ("measures", None, "", "")),
        ("extra", "a\n1\n", ("extra", None, "", "")),
        (
            "measures",
            "key,parent,level,name\n1-1,1,b,課題1\n1,1-1,a,分野1\n",
            ("measures", 2, "parent", "1"),
        ),
        (
            "placements",
            "project,measure,is_primary\nX,1-1,1\nX,1,1\n",
            ("placements", 3, "", ""),
        ),
        (
            "indicator_uses",
            "indicator,role,measure,project\nK,goal,1-1,\n",
            ("indicator_uses", 2, "role", "goal"),
        ),
    ],
)
def test_a_fault_is_told_with_its_cell_and_nothing_is_loaded(
    tmp_path: Path, sheet: str, text: str, fault: tuple
) -> None:
    assert fault in faults_of(write_folder(tmp_path / "book", **{sheet: text}))


@pytest.mark.django_db
def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "book",
        projects="key,name\nX,\nY,事業Y\n",
        levels="key,depth,name\na,one,分野\nb,2,課題\n",
    )
    found = faults_of(folder)
    assert ("projects", 2, "name", "") in found
    assert ("levels", 2, "depth", "one") in found


@pytest.mark.django_db
def test_one_mistake_does_not_look_like_many(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "book", projects="key,name\nX,\nY,事業Y\n")
    assert faults_of(folder) == [("projects", 2, "name", "")]
    (folder / "projects.csv").unlink()
    assert faults_of(folder) == [("indicator_uses", None, "", ""), ("placements", None, "", "")]


@pytest.mark.django_db
def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    text, old, macro, broken = (tmp_path / name for name in ["a.xlsx", "b.xls", "c.xlsm", "d.xlsx"])
    text.write_text("これはブックではありません")
    old.write_bytes(b"\xd0\xcf\x11\xe0rest")
    with zipfile.ZipFile(macro, "w") as archive:
        archive.writestr("xl/vbaProject.bin", b"")
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("nothing", b"")
    for path in (text, old, macro, broken, tmp_path / "missing"):
        assert len(faults_of(path)) == 1
    (tmp_path / "empty").mkdir()
    assert len(faults_of(tmp_path / "empty")) == 1


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_001)
    assert bomb.tell() < 10_000
    assert "展開後の大きさが上限（2MB）" in why_refused(bomb, max_unpacked=2_000_000)
    assert why_refused(bomb, max_unpacked=3_000_000) == ""


@pytest.mark.django_db
def test_a_workbook_with_a_formula_is_refused(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx")
    workbook = openpyxl.load_workbook(path)
    workbook["values"]["D2"] = "=1+1"
    workbook.save(path)
    assert ("values", 2, "D", "=1+1") in faults_of(path)


@pytest.mark.django_db
def test_an_import_obeys_the_locks(tmp_path: Path) -> None:
    load_plan(SYSTEM, write_folder(tmp_path / "book"))
    changed = BOOK["values"].replace("K,2024,actual,0", "K,2024,actual,5")
    with pytest.raises(PlanBookError, match="確定"):
        load_plan(SYSTEM, write_folder(tmp_path / "book", values=changed))
    assert Actual.objects.get(fiscal_year=2024).value == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        BOOK["values"].replace(
            "K,2024,actual,0,,reported,final", "K,2024,actual,5,,reported,draft"
        ),
        BOOK["values"] + "L,2024,actual,7,,reported,draft\n",
    ],
    ids=["a state that would unlock", "a new value in a published year"],
)
def test_no_cell_of_a_book_opens_a_lock(tmp_path: Path, values: str) -> None:
    both = {
        "indicators": BOOK["indicators"] + "L,指標L,件,D1\n",
        "indicator_uses": BOOK["indicator_uses"] + "L,kpi,1-1,\n",
    }
    load_plan(SYSTEM, write_folder(tmp_path / "book", **both))
    with pytest.raises(PlanBookError, match="取込では変更できません"):
        load_plan(SYSTEM, write_folder(tmp_path / "book", **both, values=values))
    assert [actual.value for actual in Actual.objects.filter(fiscal_year=2024)] == [0]


@pytest.mark.django_db
def test_a_review_of_a_published_year_is_not_added(tmp_path: Path) -> None:
    load_plan(SYSTEM, write_folder(tmp_path / "book"))
    reviews = "fiscal_year,measure,result\n2024,1,あとから\n"
    with pytest.raises(PlanBookError, match="確定した年度の評価"):
        load_plan(SYSTEM, write_folder(tmp_path / "book", reviews=reviews))


def test_only_a_coordinator_of_the_city_imports(cast: Cast, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "book")
    for name in ("editor", "approver", "viewer", "admin", "outsider"):
        with pytest.raises(PermissionDenied):
            load_plan(Actor(cast.people[name], Channel.IMPORT), folder)
    assert not Plan.objects.filter(key="P").exists()
    load_plan(Actor(cast.coordinator, Channel.IMPORT), folder)
    assert Plan.objects.get(key="P").organization == cast.city


def test_what_a_book_writes_counts_as_entered_in_its_round(cast: Cast, tmp_path: Path) -> None:
    assert cast.open_cycle is not None
    cast.open_cycle.asks_progress = True
    ask(cast.open_cycle)
    kpi, items = cast.indicators["立案数"], cast.open_cycle.items
    folder = tmp_path / "book"
    write_plan(cast.plan, folder)
    with (folder / "values.csv").open("a", encoding="utf-8") as file:
        columns = (folder / "values.csv").read_text("utf-8-sig").splitlines()[0].split(",")
        said = {"indicator": kpi.key, "fiscal_year": "2025", "kind": "actual", "value": "9"}
        csv.DictWriter(file, columns).writerow({**said, "status": "reported", "state": "draft"})
    load_plan(Actor(cast.coordinator, Channel.IMPORT), folder)
    item = items.get(kind="actual", object_id=kpi.pk)
    assert (item.state, item.entered_by) == ("draft", cast.coordinator)
    package = Submission.objects.get(cycle=cast.open_cycle, department=item.department)
    assert package.state == "entering"
    others = items.exclude(pk=item.pk)
    assert others.exists() and not others.exclude(state="untouched").exists()
