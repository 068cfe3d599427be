"""Building a plan's tree in a real browser: by key, by mouse, by form, and what is asked."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from plans.models import Measure
from projects.models import Milestone, Placement
from tests.browser.looks import faults
from tests.browser.steps import follow, press
from tests.cast import Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def page(cast: Cast, sign_in_as: Callable[..., Page]) -> Page:
    made = sign_in_as("coordinator", viewport={"width": 1280, "height": 1600})
    made.goto(f"/plans/{cast.plan.pk}/edit/tree/?open=all")
    return made


def row(page: Page, measure: Measure) -> Locator:
    return page.locator(f"#measure-{measure.pk}")


def mover(page: Page, measure: Measure) -> Locator:
    return page.locator(f"#move-measure-{measure.pk}")


def handle(page: Page, measure: Measure) -> Locator:
    return page.locator(f"#measure-{measure.pk} > .tree__row .tree-edit__handle")


def order(cast: Cast, parent: str | None) -> list[str]:
    found = Measure.objects.filter(plan=cast.plan, parent=cast.measures[parent] if parent else None)
    return [measure.key for measure in found.order_by("position", "id")]


def drag(page: Page, source: Locator, target: Locator, share: float) -> None:
    """With the mouse from the handle to the given share of the target row's height."""
    start, end = source.bounding_box(), target.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + 200, end["y"] + end["height"] * share, steps=8)


def test_keys_reorder_keep_the_focus_and_can_be_undone(cast: Cast, page: Page) -> None:
    step = cast.measures["観光1-2"]
    mover(page, step).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#announcer")).to_contain_text("1番目に移動しました")
    expect(mover(page, step)).to_be_focused()
    assert order(cast, "観光1") == ["観光1-2", "観光1-1"]
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#announcer")).to_have_text("この並びの先頭です。")
    page.get_by_role("button", name="元に戻す").click()
    expect(page.locator("#announcer")).to_contain_text("元の場所に戻しました")
    expect(mover(page, step)).to_be_focused()
    assert order(cast, "観光1") == ["観光1-1", "観光1-2"]


def test_keys_pressed_faster_than_the_server_answers_all_count(cast: Cast, page: Page) -> None:
    for number in range(3, 6):
        Measure.objects.create(
            plan=cast.plan,
            level=cast.levels["step"],
            parent=cast.measures["観光1"],
            key=f"観光1-{number}",
            name=f"ステップ{number}",
            position=100 + number,
        )
    page.reload()
    mover(page, cast.measures["観光1-1"]).focus()
    for _ in range(3):
        page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#announcer")).to_contain_text("4番目に移動しました")
    assert order(cast, "観光1") == ["観光1-2", "観光1-3", "観光1-4", "観光1-1", "観光1-5"]


def test_a_key_that_takes_others_along_asks_first(cast: Cast, page: Page) -> None:
    issue = cast.measures["観光1"]
    mover(page, issue).focus()
    page.keyboard.press("Alt+ArrowLeft")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("下位の施策2件")
    expect(dialog).to_contain_text("課題 → DX重点課題")
    dialog.get_by_role("link", name="やめる").click()
    expect(dialog).to_be_hidden()
    expect(mover(page, issue)).to_be_focused()
    assert order(cast, "まちづくり") == ["観光"]
    page.keyboard.press("Alt+ArrowLeft")
    dialog.get_by_role("button", name="移動する").click()
    expect(dialog).to_be_hidden()
    expect(mover(page, issue)).to_be_focused()
    expect(page.locator("#plan-tree")).to_contain_text("移動しました")
    assert order(cast, "まちづくり") == ["観光", "観光1"]
    assert Measure.objects.get(pk=cast.measures["観光1-1"].pk).level.key == "issue"


def test_dragging_shows_where_to_and_drops_there(cast: Cast, page: Page) -> None:
    step, first = cast.measures["観光1-2"], cast.measures["観光1-1"]
    drag(page, handle(page, step), row(page, first).locator("> .tree__row"), 0.1)
    expect(page.locator(".tree-drop--before")).to_contain_text("の前へ")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".tree-drop")).to_have_count(0)
    assert order(cast, "観光1") == ["観光1-1", "観光1-2"]
    drag(page, handle(page, step), row(page, first).locator("> .tree__row"), 0.1)
    page.mouse.up()
    expect(page.locator("#announcer")).to_contain_text("1番目に移動しました")
    assert order(cast, "観光1") == ["観光1-2", "観光1-1"]


def test_dragging_into_a_row_and_back_after_another(cast: Cast, page: Page) -> None:
    issue, target = cast.measures["観光2"], cast.measures["教育"]
    drag(page, handle(page, issue), row(page, target).locator("> .tree__row"), 0.5)
    expect(page.locator(".tree-drop--into")).to_contain_text("の下へ")
    page.mouse.up()
    expect(page.locator("#announcer")).to_contain_text("の下の2番目に移動しました")
    expect(mover(page, issue)).to_be_focused()  # and nothing scrolls any more
    assert order(cast, "教育") == ["教育1", "観光2"]
    # A row is never dropped into itself.
    drag(page, handle(page, target), row(page, issue).locator("> .tree__row"), 0.5)
    expect(page.locator("body")).to_have_class(re.compile("is-dragging--nowhere"))
    page.mouse.up()
    expect(page.locator("body")).not_to_have_class(re.compile("is-dragging"))
    page.reload()
    assert order(cast, "行政") == ["教育"]


def test_a_project_is_dragged_to_another_measure(cast: Cast, page: Page) -> None:
    place = Placement.objects.get(plan=cast.plan, measure=cast.measures["教育1"])
    Milestone.objects.filter(project=place.project).delete()  # they would be asked about
    grip = page.locator(f"#placement-{place.pk} .tree-edit__handle")
    target = row(page, cast.measures["観光2"]).locator("> .tree__row")
    drag(page, grip, target, 0.5)
    page.mouse.up()
    expect(page.locator("#announcer")).to_contain_text("移動しました")
    place.refresh_from_db()
    assert place.measure == cast.measures["観光2"]


def test_closed_branches_stay_closed_after_a_move(cast: Cast, page: Page) -> None:
    closed = row(page, cast.measures["教育"]).locator("> details")
    closed.locator("> summary").click()
    mover(page, cast.measures["観光1-2"]).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#announcer")).to_contain_text("移動しました")
    expect(closed).not_to_have_attribute("open", "")
    expect(row(page, cast.measures["観光"]).locator("> details")).to_have_attribute("open", "")


def test_somebody_was_quicker(cast: Cast, page: Page, sign_in_as: Callable[..., Page]) -> None:
    step = cast.measures["観光1-2"]
    other = sign_in_as("coordinator")
    other.goto(f"/plans/{cast.plan.pk}/edit/tree/?open=all")
    mover(other, step).focus()
    other.keyboard.press("Alt+ArrowUp")
    expect(other.locator("#announcer")).to_contain_text("移動しました")
    mover(page, step).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#plan-tree")).to_contain_text("事務 局子が先に変更した")
    expect(row(page, step).locator("+ li")).to_have_id(f"measure-{cast.measures['観光1-1'].pk}")


def test_measures_are_added_in_a_row_in_place(cast: Cast, page: Page) -> None:
    parent = cast.measures["観光1"]
    row(page, parent).locator("> .tree__row").get_by_role("link", name="下に追加").click()
    name = page.locator(f"#add-{parent.pk}-name")
    expect(name).to_be_focused()
    name.press("Enter")
    expect(page.locator(f"#add-{parent.pk}")).to_contain_text("名称を入れてください")
    for text in ("三つめ", "四つめ"):
        name.fill(text)
        page.get_by_role("button", name="追加して、続けて入力").click()
        expect(page.locator("#announcer")).to_contain_text(f"「{text}」を追加しました")
        expect(name).to_be_focused()
        expect(name).to_have_value("")
    found = Measure.objects.filter(parent=parent).order_by("position")
    assert [measure.name for measure in found][2:] == ["三つめ", "四つめ"]
    page.get_by_role("link", name="やめる").click()
    expect(name).to_have_count(0)


def test_the_form_moves_without_scripts(cast: Cast, sign_in_as: Callable[..., Page]) -> None:
    page = sign_in_as("coordinator", java_script_enabled=False)
    page.goto(f"/plans/{cast.plan.pk}/edit/tree/")
    issue = cast.measures["観光2"]
    follow(page, mover(page, issue))
    page.get_by_label("移動先").select_option(str(cast.measures["教育"].pk))
    page.get_by_label("並び順").select_option("0")
    press(page, "移動する")
    expect(page.locator("#messages")).to_contain_text("移動しました")
    assert order(cast, "教育") == ["観光2", "教育1"]


def test_the_tree_is_for_all(cast: Cast, sign_in_as: Callable[..., Page]) -> None:
    page = sign_in_as("coordinator")
    page.goto(f"/plans/{cast.plan.pk}/edit/tree/?open=all")
    assert not faults(page)
    page.get_by_role("link", name="下に追加").first.click()
    expect(page.get_by_role("button", name="追加する")).to_be_visible()
    assert not faults(page)
    mover(page, cast.measures["観光1"]).focus()
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not faults(page)
