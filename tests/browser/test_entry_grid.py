"""The entry grid in a real browser: keyboard, paste, refusals, conflicts, and nothing lost."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from dxportal.rounds.asking import ask
from kpi.models import Actual, Indicator
from plans.models import ReportingCycle
from tests.browser.looks import findings
from tests.browser.steps import follow, press, press_and_confirm
from tests.cast import PASSWORD, THIS_YEAR, Cast, actual, make_cast, targets

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]
GRID = "/rounds/entry/"
KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('entry:'))"
PLANS_MADE, VISITORS = "データを活用した事業立案数", "来訪者数"


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    made = make_cast()
    cycle = made.open_cycle
    assert cycle is not None
    cycle.asks_progress = cycle.asks_settlements = True
    cycle.save()
    cycle.review_levels.set([made.levels["issue"]])
    ask(cycle)
    return made


@pytest.fixture
def many(cast: Cast) -> list[Indicator]:
    """Twenty more indicators, in the order of the grid."""
    made = []
    for number in range(20):
        indicator = cast.indicator(
            f"追加{number:02}", department=cast.departments["観光課"], name=f"追加{number:02}"
        )
        cast.use(indicator, cast.measures["観光2"])
        targets(indicator, y2025=number)
        made.append(indicator)
    ask(cast.open_cycle)
    return made


def row_of(page: Page, title: str) -> Locator:
    return page.locator(f'table[data-kind="actual"] .entry-row[data-title="{title}"]')


def value_of(page: Page, title: str) -> Locator:
    return page.get_by_label(f"{title}の実績値")


def expect_state(row: Locator, words: str) -> None:
    expect(row.locator("[data-state-text]")).to_have_text(words)


def expect_saved(row: Locator) -> None:
    expect(row.locator("[data-state-text]")).to_contain_text("保存済み")


def open_grid(sign_in_as: SignIn, person: str = "editor", **options: object) -> Page:
    page = sign_in_as(person, **options)
    page.on("dialog", lambda dialog: dialog.accept())  # leaving with unsaved rows asks
    page.goto(GRID)
    return page


def stored(title: str) -> Actual | None:
    return Actual.objects.filter(indicator__name=title, fiscal_year=THIS_YEAR).first()


def paste(page: Page, cell: Locator, text: str) -> None:
    """Paste as the browser does: the event carries what was copied."""
    cell.focus()
    cell.evaluate(
        """(cell, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            cell.dispatchEvent(new ClipboardEvent("paste",
                { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def kept(page: Page) -> int:
    """How many entries lie in the browser's storage."""
    count: int = page.evaluate(f"{KEPT}.length")
    return count


def expect_kept(page: Page, count: int) -> None:
    """So many, soon: a page that is left clears them while the next one already loads."""
    page.wait_for_function(f"{KEPT}.length === {count}")


# Typing


def test_a_value_is_saved_on_leaving_its_cell_and_seen_everywhere(
    cast: Cast, sign_in_as: SignIn
) -> None:
    page = sign_in_as("editor")
    follow(page, page.get_by_role("link", name="実績入力").first)
    row = row_of(page, VISITORS)
    expect_state(row, "未入力")
    value_of(page, VISITORS).focus()
    page.keyboard.type("２１，０００人")
    expect_state(row, "未保存")
    expect(page.get_by_role("region", name="入力の進み具合")).to_contain_text("未保存 1件")
    page.keyboard.press("Tab")
    expect_saved(row)
    expect(row).to_contain_text("21,000人 として保存")
    expect(row).to_contain_text("105.0%")
    expect(row).to_contain_text("実績 21,000 ÷ 目標 20,000")
    expect(value_of(page, VISITORS)).to_have_value("21000")
    bar = page.get_by_role("region", name="入力の進み具合")
    expect(bar).to_contain_text("未保存 0件")
    expect(bar).to_contain_text("入力済み 1/")
    expect(bar).to_contain_text("あと10日で締切")
    assert kept(page) == 0

    follow(page, row.get_by_role("link", name=VISITORS))
    expect(page.get_by_role("main")).to_contain_text("21,000")
    page.goto(f"/plans/measures/{cast.measures['観光2'].pk}/?fiscal_year=2025")
    expect(page.get_by_role("main")).to_contain_text("21,000")
    page.goto(f"/dashboard/?plan={cast.plan.pk}&fiscal_year=2025")
    reached = page.get_by_role("row", name="目標達成").first
    expect(reached.get_by_role("cell").first).to_have_text("1")


def test_the_keyboard_moves_like_a_spreadsheet(
    cast: Cast, many: list[Indicator], sign_in_as: SignIn
) -> None:
    page = open_grid(sign_in_as)
    value_of(page, "追加00").focus()
    for number in range(3):
        page.keyboard.type(str(10 + number))
        page.keyboard.press("Enter")
    expect(value_of(page, "追加03")).to_be_focused()
    page.keyboard.press("Shift+Enter")
    expect(value_of(page, "追加02")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#" + _id(page, "追加01", "is_preliminary"))).to_be_focused()
    page.keyboard.press("ArrowRight")
    status = page.get_by_label("追加01の値の状態")
    expect(status).to_be_focused()
    page.keyboard.press("ArrowDown")  # moves, and does not change the choice
    expect(page.get_by_label("追加02の値の状態")).to_be_focused()
    expect(status).to_have_value("reported")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(value_of(page, "追加02")).to_be_focused()
    # Typing replaces, Escape brings back, F2 goes on at the end.
    page.keyboard.type("99")
    page.keyboard.press("Escape")
    expect(value_of(page, "追加02")).to_have_value("12")
    page.keyboard.press("F2")
    page.keyboard.type("0")
    page.keyboard.press("ArrowLeft")  # the caret's, while editing
    expect(value_of(page, "追加02")).to_be_focused()
    page.keyboard.press("Enter")
    expect_state(row_of(page, "追加02"), "保存済み")
    page.wait_for_function("document.querySelector('[data-unsaved-count]').dataset.unsaved === '0'")
    assert [stored(f"追加0{n}").value for n in range(3)] == [10, 11, 120]  # type: ignore[union-attr]


def _id(page: Page, title: str, name: str) -> str:
    return row_of(page, title).locator(f'[name="{name}"]').get_attribute("id") or ""


def test_composing_is_left_alone(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    note = page.get_by_label(f"{VISITORS}のコメント")
    note.focus()
    for kind in ("Enter", "ArrowDown", "Escape"):
        note.evaluate(
            """(cell, key) => cell.dispatchEvent(new KeyboardEvent("keydown",
                { key, isComposing: true, bubbles: true, cancelable: true }))""",
            kind,
        )
    expect(note).to_be_focused()
    page.keyboard.type("一行目")
    page.keyboard.press("Alt+Enter")
    page.keyboard.type("二行目")
    expect(note).to_have_value("一行目\n二行目")


def test_a_wrong_number_is_refused_at_its_cell_and_stays(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    row, value = row_of(page, PLANS_MADE), value_of(page, PLANS_MADE)
    value.focus()
    page.keyboard.type("約7")
    page.keyboard.press("Enter")
    expect_state(row, "拒否（保存していません）")
    expect(row).to_contain_text("「約7」は正確な値として読めません")
    expect(value).to_have_value("約7")
    expect(value).to_have_attribute("aria-invalid", "true")
    assert stored(PLANS_MADE) is None
    value.focus()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect_state(row, "保存済み")
    expect(value).not_to_have_attribute("aria-invalid", "true")


def test_a_warning_is_shown_and_asked_for_before_submitting(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    row = row_of(page, VISITORS)
    value_of(page, VISITORS).fill("1234")
    page.keyboard.press("Enter")
    expect_state(row, "保存済み（警告）")
    expect(row).to_contain_text("90%減っています")
    follow(page, page.get_by_role("link", name="提出", exact=True))
    expect(page.get_by_role("main")).to_contain_text("コメントが必要な項目が1件あります")
    expect(page.get_by_role("button", name="件を提出する")).to_be_disabled()
    follow(page, page.get_by_role("link", name=VISITORS).first)
    page.get_by_label(f"{VISITORS}のコメント").fill("台風による休業のため")
    # Saves what is not saved first.
    follow(page, page.get_by_role("link", name="提出", exact=True))
    expect(page.get_by_role("main")).to_contain_text("空欄のまま提出します")
    follow(page, page.get_by_role("button", name="件を提出する"))
    expect(page.get_by_role("main")).to_contain_text("提出しました")
    expect_state(row_of(page, VISITORS), "編集不可")
    expect(row_of(page, VISITORS)).to_contain_text("取り下げて")
    follow(page, page.get_by_role("link", name="提出の状況"))
    press_and_confirm(page, "を取り下げる")
    expect(page.get_by_role("main")).to_contain_text("取り下げました")
    expect(value_of(page, VISITORS)).to_be_editable()


# Pasting


def test_a_block_of_twenty_values_is_pasted_and_undone(
    cast: Cast, many: list[Indicator], sign_in_as: SignIn
) -> None:
    page = open_grid(sign_in_as)
    block = "\r\n".join(f"{number + 1},000\t" for number in range(20)) + "\r\n"
    paste(page, value_of(page, "追加00"), block)
    notice = page.locator("[data-pasted]")
    expect(notice).to_contain_text("20個の値を20行に貼り付けました")
    bar = page.get_by_role("region", name="入力の進み具合")
    expect(bar).to_contain_text("未保存 0件")
    figures = Actual.objects.filter(fiscal_year=THIS_YEAR, indicator__in=many)
    assert sorted(row.value for row in figures) == [1000 * n for n in range(1, 21)]
    notice.get_by_role("button", name="元に戻す").click()
    expect(notice).to_contain_text("貼り付ける前に戻しました")
    expect(bar).to_contain_text("未保存 0件")
    expect(bar).to_contain_text("入力済み 0/")
    assert not figures.all().exists()


def test_a_pasted_block_skips_locked_rows_and_lists_what_is_refused(
    cast: Cast, many: list[Indicator], sign_in_as: SignIn
) -> None:
    locked = cast.open_cycle.items.get(kind="actual", object_id=many[1].pk)  # type: ignore[union-attr]
    locked.state = "submitted"
    locked.save()
    page = open_grid(sign_in_as)
    block = '1\t報告済\t"一つ目\nの説明"\n2\n約3\n\t未集計\n5\t不明な語\n'
    paste(page, value_of(page, "追加00"), block)
    notice = page.locator("[data-pasted]")
    expect(notice).to_contain_text("編集できない1行は飛ばしました：追加01")
    expect(notice).to_contain_text("入らなかったもの、保存できなかったもの：2件")
    expect(notice).to_contain_text("「約3」は正確な値として読めません")
    expect(notice).to_contain_text("「不明な語」は")
    expect(value_of(page, "追加02")).to_have_value("約3")
    expect_state(row_of(page, "追加04"), "保存済み")
    assert stored("追加00").note == "一つ目\nの説明"  # type: ignore[union-attr]
    assert stored("追加01") is None
    assert stored("追加03").status == "not_yet"  # type: ignore[union-attr]
    assert stored("追加04").value == 5  # type: ignore[union-attr]


# Two people


@pytest.mark.parametrize(("choice", "expected"), [("自分の値にする", 9), ("相手の値にする", 7)])
def test_two_people_never_overwrite_each_other_unseen(
    cast: Cast, sign_in_as: SignIn, choice: str, expected: int
) -> None:
    first, second = open_grid(sign_in_as), open_grid(sign_in_as)
    for page, number in ((first, "7"), (second, "9")):
        value_of(page, PLANS_MADE).fill(number)
        page.keyboard.press("Enter")
        expect(row_of(page, PLANS_MADE)).not_to_have_attribute("data-state", "unsaved")
        expect(row_of(page, PLANS_MADE)).not_to_have_attribute("data-state", "saving")
    row = row_of(second, PLANS_MADE)
    expect(row).to_contain_text("江出 太郎")
    expect(row).to_contain_text("相手「7」")
    expect(row).to_contain_text("自分「9」")
    assert stored(PLANS_MADE).value == 7  # type: ignore[union-attr]
    row.get_by_role("button", name=choice).click()
    expect(row.locator("[data-state-text]")).to_contain_text("保存済み")
    expect(value_of(second, PLANS_MADE)).to_have_value(str(expected))
    assert stored(PLANS_MADE).value == expected  # type: ignore[union-attr]
    assert kept(second) == 0


# Nothing is lost


def test_without_a_network_rows_wait_and_are_saved_afterwards(
    cast: Cast, sign_in_as: SignIn
) -> None:
    page = open_grid(sign_in_as)
    page.context.set_offline(True)
    value_of(page, PLANS_MADE).fill("7")
    page.keyboard.press("Enter")
    value_of(page, VISITORS).fill("21000")
    page.keyboard.press("Enter")
    row = row_of(page, PLANS_MADE)
    expect_state(row, "失敗（自動でやり直します）")
    expect(row).to_contain_text("ネットワークにつながっていません")
    assert kept(page) == 2
    page.context.set_offline(False)
    for title in (PLANS_MADE, VISITORS):
        expect_saved(row_of(page, title))
    assert kept(page) == 0
    assert stored(VISITORS).value == 21000  # type: ignore[union-attr]


def test_what_was_not_saved_is_offered_on_coming_back(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    page.route("**/rounds/entry/*/", lambda route: route.abort())
    value_of(page, PLANS_MADE).fill("7")
    page.keyboard.press("Enter")
    value_of(page, VISITORS).fill("21000")
    page.keyboard.press("Enter")
    page.get_by_label("満足度の実績値").fill("85")
    expect_state(row_of(page, PLANS_MADE), "失敗（自動でやり直します）")
    page.goto("/plans/")
    page.unroute("**/rounds/entry/*/")
    page.goto(GRID)
    left = page.locator("[data-left-over]")
    expect(left).to_contain_text("前回保存できなかった入力が3件あります")
    expect(left).to_contain_text(f"{PLANS_MADE}：実績値「7」")
    left.get_by_role("listitem").filter(has_text="満足度").get_by_role(
        "button", name="捨てる"
    ).click()
    expect(left).to_contain_text("2件あります")
    left.get_by_role("button", name="すべて戻す").click()
    expect(left).to_be_hidden()
    for title in (PLANS_MADE, VISITORS):
        expect_saved(row_of(page, title))
    assert stored(PLANS_MADE).value == 7  # type: ignore[union-attr]
    assert kept(page) == 0


def test_what_somebody_saved_meanwhile_is_not_written_over(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    page.route("**/rounds/entry/*/", lambda route: route.abort())
    value_of(page, PLANS_MADE).fill("7")
    page.keyboard.press("Enter")
    expect_state(row_of(page, PLANS_MADE), "失敗（自動でやり直します）")
    actual(cast.indicators["立案数"], THIS_YEAR, 8)
    page.unroute("**/rounds/entry/*/")
    page.goto(GRID)
    page.get_by_role("button", name="戻す", exact=True).click()
    expect(row_of(page, PLANS_MADE)).to_contain_text("相手「8」")
    assert stored(PLANS_MADE).value == 8  # type: ignore[union-attr]


def test_after_the_session_has_ended_it_goes_on_where_it_was(
    cast: Cast, sign_in_as: SignIn
) -> None:
    page = open_grid(sign_in_as)
    page.context.clear_cookies()
    value_of(page, PLANS_MADE).fill("7")
    page.keyboard.press("Enter")
    row = row_of(page, PLANS_MADE)
    expect_state(row, "未保存")
    expect(row).to_contain_text("サインインの有効期限が切れた")
    with page.context.expect_page() as opened:
        row.get_by_role("link", name="新しいタブでサインインする").click()
    tab = opened.value
    tab.get_by_label("ユーザー名").fill("editor")
    tab.get_by_label("パスワード").fill(PASSWORD)
    press(tab, "サインイン")
    expect(tab.get_by_role("link", name="実績入力").first).to_be_visible()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect_state(row, "保存済み")
    assert stored(PLANS_MADE).value == 7  # type: ignore[union-attr]


def test_signing_out_clears_what_was_kept(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    page.route("**/rounds/entry/*/", lambda route: route.abort())
    value_of(page, PLANS_MADE).fill("7")
    page.keyboard.press("Enter")
    expect_state(row_of(page, PLANS_MADE), "失敗（自動でやり直します）")
    assert kept(page) == 1
    page.get_by_text("江出 太郎").first.click()
    press(page, "サインアウト")
    expect(page.get_by_role("heading", level=1)).to_have_text("サインイン")
    expect_kept(page, 0)


def test_what_another_person_left_is_cleared_unseen(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    page.evaluate("localStorage.setItem('entry:999999:1:1', '{}')")
    page.goto("/")
    assert kept(page) == 0


def test_the_deadline_passes_while_the_form_is_open(cast: Cast, sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    value = value_of(page, PLANS_MADE)
    value.fill("7")
    ReportingCycle.objects.filter(pk=cast.open_cycle.pk).update(  # type: ignore[union-attr]
        closes_at=timezone.now() - datetime.timedelta(seconds=1)
    )
    page.keyboard.press("Enter")
    row = row_of(page, PLANS_MADE)
    expect_state(row, "編集不可")
    expect(row).to_contain_text("締め切りました")
    expect(row).to_contain_text("このパソコンに残っています")
    expect(value).to_have_value("7")
    expect(value).not_to_be_editable()
    assert kept(page) == 1
    assert stored(PLANS_MADE) is None
    page.goto(GRID)
    expect(page.locator("[data-left-over]")).to_contain_text("いまは編集できないため、戻せません")


# Ways to read and to reach it


def test_it_works_without_scripts(cast: Cast, sign_in_as: SignIn) -> None:
    page = sign_in_as("editor", java_script_enabled=False)
    page.goto(GRID)
    value_of(page, PLANS_MADE).fill("不明")
    follow(page, row_of(page, PLANS_MADE).get_by_role("button", name="保存"))
    expect(page.get_by_role("main")).to_contain_text("数値として読めません")
    expect(value_of(page, PLANS_MADE)).to_have_value("不明")
    value_of(page, PLANS_MADE).fill("8")
    follow(page, page.get_by_role("button", name="保存"))
    page.wait_for_url("**/rounds/entry/?cycle=*")
    expect_state(row_of(page, PLANS_MADE), "保存済み")


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (640, 450), (390, 844), (320, 700)])
def test_every_state_is_readable_for_all(
    cast: Cast, sign_in_as: SignIn, width: int, height: int
) -> None:
    actual(cast.indicators["来訪者"], THIS_YEAR, 1234)
    page = open_grid(sign_in_as, viewport={"width": width, "height": height})
    value_of(page, PLANS_MADE).fill("約7")
    page.keyboard.press("Enter")
    expect_state(row_of(page, PLANS_MADE), "拒否（保存していません）")
    paste(page, value_of(page, VISITORS), "1\tx\n2\n")
    expect_state(row_of(page, VISITORS), "保存済み（警告）")
    found = findings(page)
    page.goto(GRID)  # with what was left over
    found += findings(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"/rounds/entry/submit/?cycle={cast.open_cycle.pk}")  # type: ignore[union-attr]
    found += findings(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not found
