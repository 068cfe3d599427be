"""A whole round by four people in a real browser, from making it to a correction."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Role, RoleAssignment, User
from dxportal.rounds.asking import ask
from kpi.models import Actual
from kpi.services import ActualEntry, record_actual
from plans.models import Correction, ReportingCycle, RoundItem
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


def press_and_confirm(page: Page, name: str) -> None:
    """Press a button that asks first; its script comes after the page."""
    page.wait_for_load_state()
    page.get_by_role("button", name=name).click()
    page.get_by_role("dialog").locator("[data-answer=yes]").click()


def move(page: Page, label: str) -> None:
    """Move the round: the button on its page, then the same one below what follows from it."""
    page.get_by_role("link", name=label, exact=True).click()
    page.get_by_role("button", name=label, exact=True).click()


def make_round(page: Page) -> ReportingCycle:
    page.get_by_role("link", name="年度照会", exact=True).first.click()
    page.get_by_role("link", name="新しい照会を作る").click()
    page.get_by_label("入力期限").fill("2099-05-31")
    page.get_by_label("事業の進捗").uncheck()
    for level in page.get_by_role("group", name="施策の評価").get_by_role("checkbox").all():
        level.uncheck()
    page.get_by_role("button", name="尋ねる内容を確かめる").click()
    expect(page.get_by_role("main")).to_contain_text("1の部局に、2件を尋ねます")
    page.get_by_role("button", name="この内容で作成する").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("準備")
    move(page, "入力を始める")
    expect(page.get_by_role("main")).to_contain_text("2件のうち2件の提出を待っています")
    return ReportingCycle.objects.get(fiscal_year=YEAR)


def enter(cast: Cast, key: str, text: str, version: int | None = None) -> Actual:
    actor, entry = Actor(cast.editor, Channel.PAGE), ActualEntry(text, note="台帳で確認")
    return record_actual(actor, cast.indicators[key], YEAR, entry, version)


def hand_in(page: Page, cycle: ReportingCycle) -> None:
    page.goto(f"/rounds/entry/submit/?cycle={cycle.pk}")
    page.get_by_role("main").get_by_role("button", name=re.compile("提出")).first.click()
    expect(page.locator("#messages")).to_contain_text("提出しました")


def test_a_round_from_opening_to_a_correction(cast: Cast, sign_in_as: Callable[..., Page]) -> None:
    office, editor, head = (
        sign_in_as("coordinator"),
        sign_in_as("editor"),
        sign_in_as("approver"),
    )
    cycle = make_round(office)
    enter(cast, "立案数", "9")
    visitors = enter(cast, "来訪者", "2")
    hand_in(editor, cycle)

    # The head approves the first with a key and returns the second with a reason.
    head.goto("/")
    expect(head.get_by_role("main")).to_contain_text("2件の承認待ち")
    head.get_by_role("link", name="確認して承認する").click()
    rows = head.locator("[data-approval]")
    expect(rows.first).to_have_attribute("aria-current", "true")
    head.keyboard.press("a")
    expect(rows.first).to_contain_text("承認しました")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    head.keyboard.press("r")
    head.keyboard.type("jak 人数の桁を確かめてください")
    head.keyboard.press("Control+Enter")
    expect(rows.nth(1)).to_contain_text("差し戻しました")

    # The office sees what came back, and asks about it at the item.
    office.reload()
    office.locator(".round-counts").get_by_role("link", name="差戻し中").click()
    expect(office.get_by_role("main")).to_contain_text("人数の桁を確かめてください")
    office.get_by_role("link", name="来訪者数").click()
    office.get_by_label("書き込む").fill("港別の内訳もお願いします。")
    office.get_by_role("button", name="書き込む").click()

    # The editor mends it, the head approves all that is left, at once.
    visitors.refresh_from_db()
    enter(cast, "来訪者", "21,000", visitors.version)
    hand_in(editor, cycle)
    head.goto("/rounds/approvals/")
    expect(head.get_by_role("main")).to_contain_text("21,000人")
    press_and_confirm(head, "まとめて承認")
    expect(head.locator("#messages")).to_contain_text("1件を承認しました")
    expect(head.get_by_role("main")).to_contain_text("承認を待っている項目はありません")

    # A viewer sees the history, and cannot decide.
    viewer = sign_in_as("viewer")
    item = RoundItem.objects.get(cycle=cycle, object_id=cast.indicators["来訪者"].pk)
    viewer.goto(f"/rounds/items/{item.pk}/")
    expect(viewer.get_by_role("main")).to_contain_text("照会の項目の差戻し")
    expect(viewer.get_by_role("main")).to_contain_text("港別の内訳もお願いします。")
    expect(viewer.get_by_role("button", name="承認する")).to_have_count(0)

    office.goto(f"/rounds/{cycle.pk}/")
    expect(office.get_by_role("main")).to_contain_text("すべての項目が承認されました")
    move(office, "入力を締め切る")
    move(office, "確定する")
    move(office, "公表済みにする")
    expect(office.locator("[aria-current=step]")).to_contain_text("公表")
    assert set(cycle.items.values_list("state", flat=True)) == {"final"}

    office.goto(f"/kpi/{cast.indicators['来訪者'].pk}/")
    office.get_by_role("link", name="令和8年度を訂正").click()
    office.get_by_label("実績値").fill("２万１千")
    office.get_by_label("訂正の理由").fill("速報の転記誤り")
    press_and_confirm(office, "訂正する")
    expect(office.locator(".error-summary")).to_contain_text("読めません")
    office.get_by_label("実績値").fill("２０，９００")
    press_and_confirm(office, "訂正する")
    expect(office.get_by_role("heading", name="正誤表")).to_be_visible()
    expect(office.get_by_role("main")).to_contain_text("速報の転記誤り")
    correction = Correction.objects.get(field="実績値")
    assert (correction.before, correction.after) == ("21,000", "20,900")
    states = AuditEntry.objects.filter(action="cycle.move").order_by("pk")
    assert [entry.after["state"] for entry in states] == ["open", "closed", "final", "published"]


def test_keys_rest_while_somebody_writes_and_can_be_turned_off(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
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
    page = sign_in_as("approver")
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
    page.keyboard.press("a")
    page.reload()
    expect(page.get_by_label("キー操作を使う")).not_to_be_checked()
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert set(cycle.items.values_list("state", flat=True)) == {"submitted"}


def test_chosen_items_are_counted_and_extended(cast: Cast, sign_in_as: Callable[..., Page]) -> None:
    cycle = make_round(sign_in_as("coordinator"))
    page = sign_in_as("coordinator")
    page.goto(f"/rounds/{cycle.pk}/")
    page.get_by_label("表示中の2件をすべて選ぶ").check()
    expect(page.get_by_role("region", name="選んだ項目への操作")).to_contain_text("選んだ2件")
    page.get_by_role("button", name="期限を延長…").click()
    page.get_by_label("選んだ項目の部局のすべての項目").check()
    page.get_by_label("延長後の期限").fill("2099-06-30")
    page.get_by_label("理由").fill("システムの障害のため")
    page.get_by_role("button", name="期限を延長する").click()
    expect(page.get_by_role("main")).to_contain_text("「観光課」の期限を2099年6月30日24:00まで")
    page.get_by_role("link", name="照会の画面に戻る").click()
    expect(page.get_by_role("main")).to_contain_text("システムの障害のため")
    press_and_confirm(page, "取りやめる")
    expect(page.locator("#messages")).to_contain_text("取りやめました")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    cast: Cast, sign_in_as: Callable[..., Page], width: int
) -> None:
    cycle = cast.open_cycle
    assert cycle is not None
    ask(cycle)
    actor = Actor(cast.editor, Channel.PAGE)
    record_actual(actor, cast.indicators["来訪者"], 2025, ActualEntry("99"), None)
    cycle.items.update(state="submitted", submitted_by=cast.editor)
    item = cycle.items.get(kind="actual", object_id=cast.indicators["来訪者"].pk)
    correction = f"/rounds/corrections/{cast.plan.pk}/{cast.indicators['立案数'].pk}/2024/"
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
        page = sign_in_as(person, viewport={"width": width, "height": 800})
        for address in pages:
            page.goto(address)
            violations = Axe().run(page).response["violations"]
            found += [
                f"{address} {violation['id']}: {node['html'][:200]}"
                for violation in violations
                for node in violation["nodes"]
            ]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{address} scrolls sideways at {width}")
    assert not found
