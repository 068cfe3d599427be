"""The pages of a round in a real browser: keys, many items at once, and reading it at any width."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.audit import Actor
from accounts.models import Channel, Role, RoleAssignment, User
from dxportal.rounds.asking import ask
from dxportal.rounds.entry_book import write_entry_book
from dxportal.rounds.grid import rows_of_round
from kpi.services import ActualEntry, record_actual
from plans.models import ReportingCycle, RoundItem
from tests.browser.looks import faults
from tests.browser.steps import follow, move_round, press, press_and_confirm
from tests.cast import Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
YEAR = 2026


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    cast = make_cast()
    # What other departments owe is not the matter here.
    for key in ("苦情", "満足度", "印字のみ", "未入力"):
        cast.indicators[key].uses.all().delete()
    return cast


def make_round(page: Page) -> ReportingCycle:
    follow(page, page.get_by_role("link", name="年度照会", exact=True).first)
    follow(page, page.get_by_role("link", name="新しい照会を作る"))
    page.get_by_label("入力期限").fill("2099-05-31")
    page.get_by_label("事業の進捗").uncheck()
    for level in page.get_by_role("group", name="施策の評価").get_by_role("checkbox").all():
        level.uncheck()
    press(page, "尋ねる内容を確かめる")
    expect(page.get_by_role("main")).to_contain_text("1の部局に、2件を尋ねます")
    press(page, "この内容で作成する")
    expect(page.locator("[aria-current=step]")).to_contain_text("準備")
    move_round(page, "入力を始める")
    expect(page.get_by_role("main")).to_contain_text("2件のうち2件の提出を待っています")
    return ReportingCycle.objects.get(fiscal_year=YEAR)


def submit_two(cast: Cast) -> ReportingCycle:
    """Two items of the open round, submitted by somebody else than the approver."""
    second = User.objects.get(username="viewer")
    RoleAssignment.objects.create(user=second, role=Role.EDITOR, organization=cast.city)
    cycle = cast.open_cycle
    assert cycle is not None
    for key in ("立案数", "来訪者"):
        indicator = cast.indicators[key]
        RoundItem.objects.create(
            cycle=cycle,
            kind="actual",
            object_id=indicator.pk,
            label=indicator.name,
            department=indicator.department,
            state="submitted",
            submitted_by=second,
        )
    return cycle


def test_what_waits_counts_down_while_one_decides(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    submit_two(cast)
    page = sign_in_as("approver")
    page.goto("/rounds/approvals/")
    lead, all_at_once = page.locator(".page-header__lead"), page.locator("[data-approve-all]")
    expect(lead).to_have_text("2件が承認を待っています。")
    page.locator("[data-approve]").first.click()
    expect(lead).to_have_text("1件が承認を待っています。")
    expect(all_at_once.get_by_role("button")).to_contain_text("1件をまとめて承認")
    expect(page.get_by_role("heading", name="観光課")).to_contain_text("1件")
    last = RoundItem.objects.get(state="submitted")
    expect(all_at_once.locator("[name=items]")).to_have_value(f"{last.pk}:{last.version}")
    press_and_confirm(page, "1件をまとめて承認")
    expect(page.locator("#messages")).to_contain_text("1件を承認しました。")
    expect(page.locator("#messages")).not_to_contain_text("ほかの人")


def test_the_last_decision_says_that_all_is_done(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    submit_two(cast)
    page = sign_in_as("approver")
    page.goto("/rounds/approvals/")
    for left in (1, 0):
        page.locator("[data-approve]").first.click()
        expect(page.locator("[data-approval][data-done]")).to_have_count(2 - left)
    expect(page.locator(".page-header__lead")).to_have_text(
        "このページの項目は、すべて確認しました。"
    )
    expect(page.locator("[data-approve-all]")).to_be_hidden()


def test_the_dialog_before_a_correction_shows_both_values(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    assert cast.last_cycle is not None
    page = sign_in_as("coordinator")
    page.goto(f"/rounds/{cast.last_cycle.pk}/correct/actual/{cast.indicators['立案数'].pk}/")
    page.get_by_label("実績値").fill("9")
    page.get_by_label("速報値").check()
    page.get_by_label("訂正の理由").fill("転記の誤り")
    page.get_by_role("button", name="訂正する").click()
    expect(page.locator("#confirm-changes li")).to_have_text(
        ["実績値（件）：6 → 9", "速報値：いいえ → はい"]
    )
    page.locator("#confirm").get_by_role("button", name="訂正する").click()
    expect(page.locator("#messages")).to_contain_text("訂正し、正誤表に載せました")


def test_keys_rest_while_somebody_writes_and_can_be_turned_off(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    cycle = submit_two(cast)
    page = sign_in_as("approver")
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.goto("/rounds/approvals/")
    rows = page.locator("[data-approval]")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(rows.first).to_be_focused()
    page.keyboard.press("r")
    page.keyboard.type("aaa")
    expect(rows.first.get_by_label("差戻しの理由")).to_have_value("aaa")
    page.keyboard.press("Escape")
    expect(rows.first).to_be_focused()
    page.get_by_label("キー操作を使う").uncheck()
    for _ in range(2):  # at once, and when the page is opened again
        expect(page.get_by_label("キー操作を使う")).not_to_be_checked()
        rows.first.focus()
        expect(rows.first).to_have_attribute("aria-current", "true")
        page.keyboard.press("a")
        page.reload()
    assert not sent
    assert set(cycle.items.values_list("state", flat=True)) == {"submitted"}


def test_chosen_items_are_counted_and_extended(cast: Cast, sign_in_as: Callable[..., Page]) -> None:
    cycle = make_round(sign_in_as("coordinator"))
    page = sign_in_as("coordinator")
    page.goto(f"/rounds/{cycle.pk}/")
    page.get_by_label("表示中の2件をすべて選ぶ").check()
    expect(page.get_by_role("region", name="選んだ項目への操作")).to_contain_text("選んだ2件")
    press(page, "期限を延長…")
    page.get_by_label("選んだ項目の部局のすべての項目").check()
    page.get_by_label("延長後の期限").fill("2099-06-30")
    page.get_by_label("理由").fill("システムの障害のため")
    press(page, "期限を延長する")
    expect(page.get_by_role("main")).to_contain_text("「観光課」の期限を2099年6月30日24:00まで")
    follow(page, page.get_by_role("link", name="照会の画面に戻る"))
    expect(page.get_by_role("main")).to_contain_text("システムの障害のため")
    press_and_confirm(page, "取りやめる")
    expect(page.locator("#messages")).to_contain_text("取りやめました")


def test_the_pages_of_a_round_are_for_all(cast: Cast, sign_in_as: Callable[..., Page]) -> None:
    cycle = cast.open_cycle
    assert cycle is not None
    ask(cycle)
    actor = Actor(cast.editor, Channel.PAGE)
    record_actual(actor, cast.indicators["来訪者"], 2025, ActualEntry("99"), None)
    cycle.items.update(state="submitted", submitted_by=cast.editor)
    item = cycle.items.get(kind="actual", object_id=cast.indicators["来訪者"].pk)
    assert cast.last_cycle is not None
    correction = f"/rounds/{cast.last_cycle.pk}/correct/actual/{cast.indicators['立案数'].pk}/"
    addresses = {
        "coordinator": [
            "/rounds/",
            f"/rounds/{cycle.pk}/",
            f"/rounds/{cycle.pk}/change/",
            f"/rounds/{cycle.pk}/move/?to=closed",
            f"/rounds/create/?plan={cast.plan.pk}",
            correction,
            f"/rounds/corrections/{cast.plan.pk}/",
        ],
        "approver": ["/", "/rounds/approvals/", f"/rounds/items/{item.pk}/?at=2025-01-01"],
    }
    found = []
    for person, pages in addresses.items():
        page = sign_in_as(person)
        for address in pages:
            page.goto(address)
            found += faults(page)
    assert not found


def test_the_pages_of_the_entry_workbook_are_for_all(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    cycle = cast.open_cycle
    assert cycle is not None
    ask(cycle)
    page = sign_in_as("editor")
    page.goto(f"/rounds/entry/book/{cycle.pk}/")
    found = faults(page)
    for value, told in (("21000", "変わるもの（1項目）"), ("約7", "直すところ（1件）")):
        page.goto(f"/rounds/entry/book/{cycle.pk}/")
        content = typed_book(cast, cycle, value)
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        page.locator("input[type=file]").set_input_files(
            {"name": "入力ブック.xlsx", "mimeType": sheet, "buffer": content}
        )
        press(page, "読み込んで確認する")
        expect(page.get_by_role("main")).to_contain_text(told)
        found += faults(page)
    assert not found


def typed_book(cast: Cast, cycle: ReportingCycle, value: str) -> bytes:
    """The editor's workbook with this value typed in for the visitors."""
    file = io.BytesIO()
    rows = rows_of_round(cast.editor, cycle)
    write_entry_book(cycle, rows, cast.editor, timezone.now(), file)
    book = openpyxl.load_workbook(file)
    sheet = book["実績値"]
    labels = [cell.value for cell in sheet[4]]
    for row in sheet.iter_rows(min_row=5):
        if row[labels.index("名称")].value == "来訪者数":
            row[labels.index("【入力】実績値")].value = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
