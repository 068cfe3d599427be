"""The entry workbook: taken down, filled in, put back; what is shown, chosen, stored, refused."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Department, RoleAssignment, User
from budgets.models import BudgetEntry
from dxportal.rounds.asking import ask
from dxportal.rounds.entry_book import write_entry_book
from dxportal.rounds.entry_book_changes import preview_of
from dxportal.rounds.entry_book_reading import RowEdit
from dxportal.rounds.grid import rows_of_round
from dxportal.rounds.rows import ActualRow
from kpi.models import Actual
from plans.models import ReportingCycle, RoundItem
from projects.models import Review, ScheduleEntry
from tests.cast import THIS_YEAR, Cast, actual, grow

SignIn = Callable[[User], Client]


@pytest.fixture
def cycle(cast: Cast) -> ReportingCycle:
    """The open round of the cast, asking for everything."""
    found = cast.open_cycle
    assert found is not None
    found.asks_progress = found.asks_settlements = True
    found.save()
    found.review_levels.set([cast.levels["issue"]])
    ask(found)
    return found


class Sheets:
    """A downloaded entry workbook, opened as Excel would."""

    def __init__(self, client: Client, cycle: ReportingCycle) -> None:
        answer: Any = client.get(reverse("rounds:entry_book", args=[cycle.pk]), {"format": "xlsx"})
        assert answer.status_code == 200
        self.content = b"".join(answer.streaming_content)
        self.open()

    def open(self) -> None:
        self.book: Any = openpyxl.load_workbook(io.BytesIO(self.content))

    def cell(self, sheet: str, name: str, label: str) -> Any:
        """The cell of an item in the column of this label."""
        found = self.book[sheet]
        head = next(row for row in found.iter_rows() if any(c.value == "名称" for c in row))
        labels = [cell.value for cell in head]
        for row in found.iter_rows(min_row=head[0].row + 1):
            if row[labels.index("名称")].value == name:
                return row[labels.index(label)]
        raise AssertionError(f"no row {name}")

    def set(self, sheet: str, name: str, label: str, value: Any) -> str:
        """Type into an entry cell; its address."""
        cell = self.cell(sheet, name, f"【入力】{label}")
        assert not cell.protection.locked
        cell.value = value
        return str(cell.coordinate)

    def saved(self) -> io.BytesIO:
        file = io.BytesIO()
        self.book.save(file)
        file.seek(0)
        file.name = "入力ブック.xlsx"
        return file


def upload(client: Client, cycle: ReportingCycle, sheets: Sheets) -> HttpResponse:
    address = reverse("rounds:entry_book_upload", args=[cycle.pk])
    return client.post(address, {"file": sheets.saved()})


def put_in(client: Client, cycle: ReportingCycle, page: Any, **choices: str) -> HttpResponse:
    address = reverse("rounds:entry_book_apply", args=[cycle.pk])
    return client.post(address, {"edits": page.context["packed"], **choices})


def changes_on(page: Any) -> dict[str, Any]:
    return {change.row.title: change for change in page.context["preview"].changes}


def faults_on(page: Any) -> dict[str, str]:
    return {fault.place: fault.reason for fault in page.context["preview"].faults}


def stored(cast: Cast, key: str) -> Actual | None:
    return Actual.objects.filter(indicator=cast.indicators[key], fiscal_year=THIS_YEAR).first()


# What is taken down


def test_the_book_holds_what_the_person_enters_and_nothing_else(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    sheets = Sheets(sign_in(cast.editor), cycle)
    names = ["記入のしかた", "実績値", "事業の進捗", "施策の評価", "決算", "コード表", "_発行"]
    assert sheets.book.sheetnames == names
    texts = {str(c.value) for sheet in sheets.book for row in sheet.iter_rows() for c in row}
    assert "来訪者数" in texts
    assert not any("学習用端末" in text for text in texts)
    figures = sheets.book["実績値"]
    assert figures.protection.sheet
    assert figures.print_title_rows == "$1:$4"
    assert figures.freeze_panes
    # Rows are as high as what is wrapped in them.
    about = sheets.cell("実績値", "来訪者数", "施策")
    assert len(about.value) > 20
    assert figures.row_dimensions[about.row].height > 25
    assert sheets.cell("実績値", "来訪者数", "R7目標").value == "20,000"
    assert sheets.cell("実績値", "来訪者数", "R7目標").protection.locked
    assert sheets.book["_発行"].sheet_state == "hidden"
    key = sheets.cell("実績値", "来訪者数", "行の鍵（変更しない）")
    assert figures.column_dimensions[key.column_letter].hidden
    lists = [r.formula1 for r in figures.data_validations.dataValidation if r.type == "list"]
    assert any("コード表" in formula for formula in lists)


def test_the_same_rows_at_the_same_moment_are_the_same_bytes(
    cast: Cast, cycle: ReportingCycle
) -> None:
    moment, books = timezone.now(), []
    for _ in range(2):
        file = io.BytesIO()
        write_entry_book(cycle, rows_of_round(cast.editor, cycle), cast.editor, moment, file)
        books.append(file.getvalue())
    assert books[0] == books[1]


def test_unchanged_it_changes_nothing(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    actual(cast.indicators["来訪者"], THIS_YEAR, "12.5", note="=1+1\r\n2行目", is_preliminary=True)
    actual(cast.indicators["立案数"], THIS_YEAR, None, status="not_yet")
    client = sign_in(cast.editor)
    page = upload(client, cycle, Sheets(client, cycle))
    assert page.status_code == 200
    assert "変更はありません" in page.content.decode()


# What is put back


def test_an_edit_of_each_kind_is_shown_and_stored_once(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    cell = sheets.set("実績値", "来訪者数", "実績値", "２１，０００人")
    sheets.set("実績値", "来訪者数", "速報・確定", "速報")
    sheets.set("実績値", "データを活用した事業立案数", "値の状態", "該当なし")
    sheets.set("事業の進捗", "ＳＮＳデータの分析", "実績の段階", "構築")
    mark = str(cast.marks["on_schedule"])
    sheets.set("事業の進捗", "ＳＮＳデータの分析", "進捗", mark.split()[0])
    sheets.set("事業の進捗", "ＳＮＳデータの分析", "実績・評価・今後の対応", "分析した。")
    review = next(row for row in rows_of_round(cast.editor, cycle) if row.item.kind == "review")
    sheets.set("施策の評価", review.title, "総括（進捗概要）", "順調。")
    sheets.set("決算", "ＳＮＳデータの分析", "決算の金額", 1234)
    sheets.set("決算", "ＳＮＳデータの分析", "決算見込の金額", "1,234,567円")
    page = upload(client, cycle, sheets)
    assert page.status_code == 200, faults_on(page)
    change = changes_on(page)["来訪者数"]
    told = next(c for c in change.cells if c.label == "実績値")
    assert (told.cell, told.before, told.typed) == (cell, "", "２１，０００人")
    assert told.understood == "21,000人"
    assert "123万4,567円" in page.content.decode()
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()
    assert not AuditEntry.objects.filter(channel=Channel.IMPORT).exists()

    assert put_in(client, cycle, page).status_code == 302
    visitors = stored(cast, "来訪者")
    assert visitors is not None
    assert (visitors.value, visitors.is_preliminary) == (21000, True)
    plans = stored(cast, "立案数")
    assert plans is not None
    assert plans.status == "not_applicable"
    analysis = Review.objects.get(fiscal_year=THIS_YEAR, project__name="ＳＮＳデータの分析")
    assert (analysis.result, analysis.mark) == ("分析した。", cast.marks["on_schedule"])
    assert (
        ScheduleEntry.objects.get(project=analysis.project, fiscal_year=THIS_YEAR).actual == "build"
    )
    written = Review.objects.get(fiscal_year=THIS_YEAR, measure=review.item.object_id)
    assert written.summary == "順調。"
    amounts = BudgetEntry.objects.filter(project=analysis.project, fiscal_year=THIS_YEAR)
    assert amounts.get(stage="settled").amount == 1_234_000
    assert amounts.get(stage="forecast").amount == 1_234_567
    assert {e.channel for e in AuditEntry.objects.filter(action="actual.record")} == {"import"}
    # The same book again, and the same decision again: nothing is left to do.
    assert "変更はありません" in upload(client, cycle, sheets).content.decode()
    assert put_in(client, cycle, page).status_code == 302
    assert AuditEntry.objects.filter(action="actual.record").count() == 2


def test_yen_in_a_cell_of_thousands_are_warned_of_and_explained_in_the_same_book(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    project, client = cast.projects["観光1-1-7"], sign_in(cast.editor)
    BudgetEntry.objects.create(
        project=project, fiscal_year=THIS_YEAR, stage="initial", amount=1_200_000
    )
    sheets = Sheets(client, cycle)
    sheets.set("決算", "ＳＮＳデータの分析", "決算の金額", 1_190_000)
    page = upload(client, cycle, sheets)
    assert "予算現額（120万円）の約1,000倍です" in page.content.decode()
    sheets.set("決算", "ＳＮＳデータの分析", "決算のコメント", "県の基金を含むため")
    page = upload(client, cycle, sheets)
    assert put_in(client, cycle, page).status_code == 302
    settled = BudgetEntry.objects.get(project=project, stage="settled")
    assert (settled.amount, settled.note) == (1_190_000_000, "県の基金を含むため")


def test_an_emptied_row_is_shown_as_taken_back(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    actual(cast.indicators["来訪者"], THIS_YEAR, 100)
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    sheets.set("実績値", "来訪者数", "実績値", None)
    page = upload(client, cycle, sheets)
    assert changes_on(page)["来訪者数"].is_withdrawal
    assert "入力の取消" in page.content.decode()
    put_in(client, cycle, page)
    assert stored(cast, "来訪者") is None


def test_warnings_are_those_of_the_new_figure(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    sheets.set("実績値", "来訪者数", "実績値", 1234)
    page = upload(client, cycle, sheets)
    assert any("90%減って" in warning for warning in changes_on(page)["来訪者数"].warnings)


# Somebody else was quicker


@pytest.fixture
def conflict(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> Iterator[tuple[Client, Any, RoundItem]]:
    """A preview with a conflict about 来訪者数 (100 was issued, 200 is stored, 300 is typed)."""
    row = actual(cast.indicators["来訪者"], THIS_YEAR, 100)
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    sheets.set("実績値", "来訪者数", "実績値", 300)
    Actual.objects.filter(pk=row.pk).update(value=200, note="ほかの人のコメント", version=2)
    item = RoundItem.objects.get(kind="actual", object_id=cast.indicators["来訪者"].pk)
    yield client, upload(client, cycle, sheets), item


def test_a_conflict_keeps_what_is_stored_unless_chosen_otherwise(
    cast: Cast, cycle: ReportingCycle, conflict: tuple[Client, Any, RoundItem]
) -> None:
    client, page, item = conflict
    change = changes_on(page)["来訪者数"]
    assert change.is_conflict
    # The comment was not touched in the book: it is no conflict, and stays.
    assert [(c.label, c.before, c.after) for c in change.cells] == [("実績値", "200", "300")]
    assert f'name="keep-{item.pk}"' in page.content.decode()
    put_in(client, cycle, page)
    kept = stored(cast, "来訪者")
    assert kept is not None
    assert kept.value == 200
    put_in(client, cycle, page, **{f"keep-{item.pk}": "book"})
    taken = stored(cast, "来訪者")
    assert taken is not None
    assert (taken.value, taken.note) == (300, "ほかの人のコメント")


def test_a_change_after_the_preview_shows_it_again_and_stores_nothing(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    sheets.set("実績値", "来訪者数", "実績値", 20000)
    sheets.set("実績値", "データを活用した事業立案数", "実績値", 7)
    page = upload(client, cycle, sheets)
    actual(cast.indicators["来訪者"], THIS_YEAR, 5)
    again = put_in(client, cycle, page)
    assert again.status_code == 409
    assert stored(cast, "立案数") is None
    change = changes_on(again)["来訪者数"]
    assert (change.is_conflict, change.cells[0].before) == (True, "5")
    assert put_in(client, cycle, again).status_code == 302
    seven, five = stored(cast, "立案数"), stored(cast, "来訪者")
    assert seven is not None
    assert five is not None
    assert (seven.value, five.value) == (7, 5)


# What is refused


def test_every_fault_is_told_by_its_cell_and_nothing_can_be_stored(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    about = sheets.set("実績値", "来訪者数", "実績値", "約120")
    status = sheets.set("実績値", "満足度", "値の状態", "たぶん")
    contradiction = sheets.set("実績値", "研修の回数", "実績値", 3)
    sheets.set("実績値", "研修の回数", "値の状態", "未集計")
    amount = sheets.set("決算", "ＳＮＳデータの分析", "決算の金額", "集計中")
    sheets.set("実績値", "データを活用した事業立案数", "実績値", 7)
    page: Any = upload(client, cycle, sheets)
    assert page.status_code == 422
    faults = faults_on(page)
    assert "正確な値として読めません" in faults[f"実績値!{about}"]
    assert "一覧にない語" in faults[f"実績値!{status}"]
    assert "空欄にしてください" in faults[f"実績値!{contradiction}"]
    assert "空欄のまま" in faults[f"決算!{amount}"] and "値の状態" not in faults[f"決算!{amount}"]
    assert len(faults) == 4
    assert "packed" not in page.context
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()
    address = reverse("rounds:entry_book_faults", args=[cycle.pk])
    form = {"faults": page.context["packed_faults"], "format": "csv"}
    table = client.post(address, form).content.decode("utf-8-sig")
    assert about in table
    assert "約120" in table
    assert client.post(address, {**form, "format": "xlsx"}).content[:2] == b"PK"
    assert client.post(address, {**form, "faults": "x"}).status_code == 422


def test_another_persons_items_are_refused(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    sheets.set("実績値", "来訪者数", "実績値", 7)
    item = RoundItem.objects.get(kind="actual", object_id=cast.indicators["来訪者"].pk)
    other = Department.objects.filter(organization=cast.city).exclude(pk=item.department_id).first()
    RoundItem.objects.filter(pk=item.pk).update(department=other)
    page = upload(client, cycle, sheets)
    assert any("ほかの部局" in reason for reason in faults_on(page).values())
    assert stored(cast, "来訪者") is None


def test_a_submitted_item_and_a_closed_round_are_refused(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    cell = sheets.set("実績値", "来訪者数", "実績値", 7)
    page = upload(client, cycle, sheets)
    item = RoundItem.objects.filter(kind="actual", object_id=cast.indicators["来訪者"].pk)
    item.update(state=RoundItem.State.SUBMITTED)
    assert "取り下げて" in faults_on(upload(client, cycle, sheets))[f"実績値!{cell}"]
    assert put_in(client, cycle, page).status_code in (409, 422)
    item.update(state=RoundItem.State.UNTOUCHED)
    ReportingCycle.objects.filter(pk=cycle.pk).update(state="closed")
    assert "締め切" in faults_on(upload(client, cycle, sheets))[f"実績値!{cell}"]
    late = put_in(client, cycle, page)
    assert late.status_code == 422
    assert stored(cast, "来訪者") is None
    assert "欄が閉じて" not in client.get(f"/rounds/entry/book/{cycle.pk}/").content.decode()


def test_a_preview_belongs_to_its_person_and_round(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    sheets = Sheets(client, cycle)
    sheets.set("実績値", "来訪者数", "実績値", 20000)
    page: Any = upload(client, cycle, sheets)
    packed = page.context["packed"]
    address = reverse("rounds:entry_book_apply", args=[cycle.pk])
    assert client.post(address, {"edits": packed[:-2]}).status_code == 422
    assert client.post(address, {}).status_code == 422
    colleague = User.objects.create_user("colleague", organization=cast.city)
    for role in RoleAssignment.objects.filter(user=cast.editor):
        role.pk, role.user = None, colleague
        role.save()
    assert sign_in(colleague).post(address, {"edits": packed}).status_code == 422
    assert stored(cast, "来訪者") is None


def test_no_file_and_another_rounds_book_are_told(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.editor)
    address = reverse("rounds:entry_book_upload", args=[cycle.pk])
    assert "選んでください" in client.post(address).content.decode()
    sheets = Sheets(client, cycle)
    sheets.book["_発行"]["B3"].value = "0"
    assert "ほかの照会" in upload(client, cycle, sheets).content.decode()


def test_the_link_stands_on_the_entry_page(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    page = sign_in(cast.editor).get("/rounds/entry/")
    assert reverse("rounds:entry_book", args=[cycle.pk]) in page.content.decode()


def test_the_queries_of_a_preview_do_not_grow_with_its_rows(
    cast: Cast, cycle: ReportingCycle
) -> None:
    grow(cast, 20)
    ask(cycle)
    rows = [r for r in rows_of_round(cast.editor, cycle) if isinstance(r, ActualRow)]
    edits = [
        RowEdit(row.item.pk, row.version, "実績値", 1, {"value": "5"}, {"value": "E5"})
        for row in rows
    ]
    counts = []
    for some in (edits[:4], edits[:20]):
        with CaptureQueriesContext(connection) as sent:
            preview = preview_of(Actor(cast.editor, Channel.IMPORT), cycle, some)
        assert (len(preview.changes), preview.faults) == (len(some), [])
        counts.append(len(sent))
    assert counts[1] <= counts[0] <= 60
