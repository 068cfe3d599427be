"""佐世保市's round of 令和7年度 by four people, from opening it to a correction."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from playwright.sync_api import Locator, Page, expect

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Department, Role, RoleAssignment, User
from dxportal.example import EDITOR_DEPARTMENT, PEOPLE
from dxportal.planbook.loader import load_plan
from kpi.models import Actual, Indicator, Target
from plans.models import Correction, Plan, ReportingCycle, RoundItem
from plans.procedure import submit_package
from tests.browser.steps import expect_live_grid, follow, move_round, press, press_and_confirm
from tests.browser.test_entry_grid import paste
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BOOK = Path(settings.BASE_DIR) / "fixtures" / "sasebo-dx-r6"
YEAR = 2025
OTHER_DEPARTMENT = "防災危機管理局"
PASTED_ROWS = 10


@pytest.fixture
def plan(transactional_db: None) -> Plan:
    plan = load_plan(Actor.system(), BOOK).plan
    password = make_password(PASSWORD)
    home = Department.objects.get(organization=plan.organization, key=EDITOR_DEPARTMENT)
    for person in PEOPLE:
        if not person.elsewhere:
            user = User.objects.create(
                username=person.username,
                display_name=person.display_name,
                organization=plan.organization,
                password=password,
            )
            RoleAssignment.objects.create(
                user=user,
                role=person.role,
                organization=plan.organization,
                department=home if person.in_department else None,
            )
    return plan


def open_round(page: Page, plan: Plan) -> ReportingCycle:
    follow(page, page.get_by_role("link", name="年度照会", exact=True).first)
    follow(page, page.get_by_role("link", name="新しい照会を作る"))
    page.get_by_label("入力期限").fill("2099-05-31")
    page.get_by_label("事業の進捗").check()
    press(page, "尋ねる内容を確かめる")
    press(page, "この内容で作成する")
    move_round(page, "入力を始める")
    expect(page.locator("[aria-current=step]")).to_contain_text("入力中")
    return ReportingCycle.objects.get(plan=plan, fiscal_year=YEAR)


def figure_for(indicator: Indicator) -> str:
    """What somebody would write: the target where it is a number, else a word or a small count."""
    target = Target.objects.filter(indicator=indicator, fiscal_year=YEAR).first()
    if target is not None and target.value is not None:
        return format(target.value.normalize(), ",f")
    return "実施済" if indicator.is_qualitative else "1"


def rows_of(page: Page, kind: str) -> list[Locator]:
    expect_live_grid(page)
    return page.locator(f'table[data-kind="{kind}"] .entry-row').all()


def wait_until_saved(page: Page) -> None:
    bar = page.get_by_role("region", name="入力の進み具合")
    expect(bar).to_contain_text("未保存 0件")


def explain_warnings(page: Page, cell: str, text: str) -> None:
    """Write why, wherever the grid asks for a reason."""
    while (warned := page.locator(".entry-row[data-warned]")).count():
        row = f"#{warned.first.get_attribute('id')}"  # the same row once it is saved
        page.locator(f'{row} [name="{cell}"]').fill(text)
        page.locator(f'{row} [name="{cell}"]').press("Enter")
        expect(page.locator(f"{row}[data-warned]")).to_have_count(0)


def enter_everything(page: Page) -> dict[int, str]:
    """Fill the whole grid: a pasted block, the keyboard, choices. What was typed, by indicator."""
    follow(page, page.get_by_role("link", name="実績入力").first)
    actuals = rows_of(page, "actual")
    items = [int(row.get_attribute("data-item") or 0) for row in actuals]
    asked = RoundItem.objects.in_bulk(items)
    indicators = [Indicator.objects.get(pk=asked[pk].object_id) for pk in items]
    typed = {indicator.pk: figure_for(indicator) for indicator in indicators}

    block = "\r\n".join(f"{typed[i.pk]}\t\t台帳で確認" for i in indicators[:PASTED_ROWS]) + "\r\n"
    paste(page, actuals[0].locator('[name="value"]'), block)
    told = f"{2 * PASTED_ROWS}個の値を{PASTED_ROWS}行に貼り付けました"
    expect(page.locator("[data-pasted]")).to_contain_text(told)
    actuals[PASTED_ROWS].locator('[name="value"]').focus()
    for indicator in indicators[PASTED_ROWS:]:
        page.keyboard.type(typed[indicator.pk])
        page.keyboard.press("Enter")
    wait_until_saved(page)
    explain_warnings(page, "note", "台帳で確認した。")

    for row in rows_of(page, "progress") + rows_of(page, "review"):
        row.locator('[name="mark"]').select_option("on_schedule")
    behind = rows_of(page, "progress")[0]
    behind.locator('[name="mark"]').select_option("behind")
    behind.locator('[name="result"]').fill("機器の調達に時間を要した。")
    behind.locator('[name="result"]').press("Tab")
    wait_until_saved(page)
    explain_warnings(page, "delay_reason", "入札が不調となったため。")
    wait_until_saved(page)
    return typed


def submit(page: Page, count: int) -> None:
    follow(page, page.get_by_role("link", name="提出", exact=True))
    press(page, f"{count}件を提出する")
    expect(page.locator("#messages")).to_contain_text(f"{count}件を提出しました")


def decide(page: Page, count: int, reason: str) -> RoundItem:
    """Approve the first with a key, return the second with a reason; the rest at once."""
    page.goto("/")
    expect(page.get_by_role("main")).to_contain_text(f"{count}件の承認待ち")
    follow(page, page.get_by_role("link", name="確認して承認する"))
    rows = page.locator("[data-approval]")
    expect(rows.first).to_have_attribute("aria-current", "true")
    page.keyboard.press("a")
    expect(rows.first).to_contain_text("承認しました")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("r")
    page.keyboard.type(reason)
    page.keyboard.press("Control+Enter")
    expect(rows.nth(1)).to_contain_text("差し戻しました")
    page.reload()
    press_and_confirm(page, f"{count - 2}件をまとめて承認")
    expect(page.locator("#messages")).to_contain_text(f"{count - 2}件を承認しました")
    return RoundItem.objects.get(return_reason=reason)


def ask_about(page: Page, cycle: ReportingCycle, item: RoundItem) -> None:
    """The office sees what came back, and why, and writes at the item."""
    page.goto(f"/rounds/{cycle.pk}/?state=returned")
    expect(page.get_by_role("main")).to_contain_text(item.return_reason)
    follow(page, page.get_by_role("main").get_by_role("link", name=item.label))
    page.get_by_label("書き込む").fill("内訳もお願いします。")
    press(page, "書き込む")
    expect(page.get_by_role("main")).to_contain_text("内訳もお願いします。")


def hand_in_of_another_department(cycle: ReportingCycle) -> int:
    """What else happens in the house: another department hands in, all of it left empty."""
    department = Department.objects.get(organization=cycle.plan.organization, key=OTHER_DEPARTMENT)
    user = User.objects.create(username="another", organization=cycle.plan.organization)
    RoleAssignment.objects.create(
        user=user, role=Role.EDITOR, organization=user.organization, department=department
    )
    return len(submit_package(Actor(user, Channel.PAGE), cycle, department))


def approve_in_bulk(page: Page, cycle: ReportingCycle, count: int) -> None:
    page.goto(f"/rounds/{cycle.pk}/?state=waiting")
    page.get_by_label(f"表示中の{count}件をすべて選ぶ").check()
    press(page, "承認…")
    press(page, "承認する")
    expect(page.get_by_role("heading", name="承認の結果")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(f"{count}件")
    assert not cycle.items.filter(state="submitted").exists()


def test_the_round_of_a_real_plan(plan: Plan, sign_in_as: Callable[..., Page]) -> None:
    office, editor, head = (sign_in_as(who) for who in ("coordinator", "editor", "approver"))
    cycle = open_round(office, plan)
    home = Department.objects.get(key=EDITOR_DEPARTMENT)
    own = cycle.items.filter(department=home)
    typed = enter_everything(editor)
    assert states_of(own) == {"draft"}
    submit(editor, own.count())

    returned = decide(head, own.count(), "桁を確かめてください")
    ask_about(office, cycle, returned)

    # The editor sees why, mends it and hands it in again; the head approves what came back.
    editor.goto("/rounds/entry/")
    expect(editor.get_by_role("main")).to_contain_text("桁を確かめてください")
    cell = editor.locator(f"#row-{returned.pk}").locator('[name="value"]')
    indicator = Indicator.objects.get(pk=returned.object_id)
    typed[indicator.pk] = "2" if not indicator.is_qualitative else "完了"
    cell.fill(typed[indicator.pk])
    cell.press("Enter")
    wait_until_saved(editor)
    explain_warnings(editor, "note", "台帳で確認し、桁を直した。")
    submit(editor, 1)
    head.goto("/rounds/approvals/")
    head.keyboard.press("a")
    expect(head.locator("[data-approval]").first).to_contain_text("承認しました")
    assert states_of(own) == {"approved"}

    # The office approves another department in bulk and settles what nobody handed in, with why.
    approve_in_bulk(office, cycle, hand_in_of_another_department(cycle))
    office.goto(f"/rounds/{cycle.pk}/")
    move_round(office, "入力を締め切る")
    follow(office, office.get_by_role("link", name="確定する", exact=True))
    office.get_by_label("理由").fill("本部会議の日程のため、未提出の部局は空欄のまま確定する。")
    press(office, "確定する")
    expect(office.locator("[aria-current=step]")).to_contain_text("確定")
    assert states_of(cycle.items) == {"final"}

    # What is stored is what was typed, to the digit, and nothing else; a viewer reads it.
    stored = Actual.objects.filter(fiscal_year=YEAR).select_related("indicator")
    assert {actual.indicator_id: text_of(actual) for actual in stored} == {
        pk: text.replace(",", "") for pk, text in typed.items()
    }
    viewer = sign_in_as("viewer")
    viewer.goto(f"/kpi/{indicator.pk}/")
    expect(viewer.get_by_role("main")).to_contain_text(typed[indicator.pk])
    expect(viewer.get_by_role("link", name="訂正")).to_have_count(0)
    viewer.goto(f"/rounds/items/{returned.pk}/")
    expect(viewer.get_by_role("main")).to_contain_text("照会の項目の差戻し")
    expect(viewer.get_by_role("main")).to_contain_text("内訳もお願いします。")
    expect(viewer.get_by_role("button", name="承認する")).to_have_count(0)

    correct(office, indicator)
    correction = Correction.objects.get(field="実績値")
    assert (correction.before, correction.after) == (typed[indicator.pk], "3")
    states = AuditEntry.objects.filter(action="cycle.move", after__state="final")
    assert [(move.actor.username, move.reason[:4]) for move in states] == [
        ("coordinator", "本部会議")
    ]


def correct(page: Page, indicator: Indicator) -> None:
    """Correct the settled figure; what cannot be read is refused first."""
    page.goto(f"/kpi/{indicator.pk}/")
    follow(page, page.get_by_role("link", name="令和7年度を訂正"))
    page.get_by_label("実績値").fill("３ぐらい")
    page.get_by_label("訂正の理由").fill("転記の誤り")
    press_and_confirm(page, "訂正する")
    expect(page.locator(".error-summary")).to_contain_text("読めません")
    page.get_by_label("実績値").fill("３")
    press_and_confirm(page, "訂正する")
    expect(page.get_by_role("heading", name="正誤表")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("転記の誤り")


def states_of(items) -> set[str]:
    return set(items.values_list("state", flat=True))


def text_of(actual: Actual) -> str:
    return actual.raw_text if actual.value is None else format(actual.value.normalize(), "f")
