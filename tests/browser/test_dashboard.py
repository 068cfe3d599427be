"""The dashboards by keyboard: the meeting room's slides, the search from anywhere, PNG files."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts import audit
from accounts.audit import Actor
from tests.browser.looks import findings, keyboard_faults
from tests.cast import make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_keys_turn_slides_and_search_from_anywhere(sign_in_as: Callable[..., Page]) -> None:
    make_cast()
    page = sign_in_as("viewer")
    page.goto("/dashboard/meeting/?fiscal_year=2024")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**slide=2*")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**slide=1*")
    page.keyboard.press("Escape")
    page.wait_for_url("**/dashboard/?*")
    page.keyboard.press("Control+k")
    page.wait_for_url("**/search/")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.type("来訪者")
    page.keyboard.press("Enter")
    expect(page.locator("#results mark").first).to_have_text("来訪者")


def test_a_chart_is_saved_as_png(sign_in_as: Callable[..., Page]) -> None:
    make_cast()
    page = sign_in_as("viewer")
    page.goto("/dashboard/?fiscal_year=2024")
    with page.expect_download() as download:
        page.locator("a[data-png]").first.click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_dashboards_serve_every_way_of_looking(sign_in_as: Callable[..., Page]) -> None:
    """Everything unfolded, on a past day too: axe, 320 px, 200 %, forced colours, no motion."""
    cast = make_cast()
    audit.record(Actor.system(), "plan.change", cast.plan, cast.city.pk, {}, {"name": "x"})
    page = sign_in_as("viewer")
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    today = page.evaluate("new Date().toLocaleDateString('sv')")
    found = []
    for name in ("", "indicators/", "projects/", "budgets/", "logic/"):
        page.goto(f"/dashboard/{name}?fiscal_year=2024&as_of={today}")
        expect(page.locator(".banner").first).to_contain_text("終わりの状態")
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        found += [f"{name} {finding}" for finding in findings(page)]
        for width in (640, 320):  # 640 is what 200 % leaves of 1280
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{name} is {wide} wide on {width}")
        page.set_viewport_size({"width": 1280, "height": 800})
        moving = page.evaluate(
            "document.getAnimations().filter(a => a.effect.getTiming().duration > 10).length"
        )
        assert moving == 0
    assert not found


def test_a_source_opens_by_keyboard_alone(sign_in_as: Callable[..., Page]) -> None:
    make_cast()
    page = sign_in_as("viewer")
    page.goto("/dashboard/?fiscal_year=2024")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.source > summary')"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".source[open]").first).to_contain_text("最後に書いた人と日時")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#areas-title")


def test_keys_reach_everything_on_every_dashboard(sign_in_as: Callable[..., Page]) -> None:
    make_cast()
    page = sign_in_as("viewer")
    found = []
    for name in ("", "indicators/", "projects/", "budgets/", "logic/", "entry/", "meeting/"):
        page.goto(f"/dashboard/{name}?fiscal_year=2024")
        page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true })")
        found += keyboard_faults(page)
    for address in ("/dashboard/views/?path=/dashboard/", "/search/?q=観光"):
        page.goto(address)
        found += keyboard_faults(page)
    assert not found


def test_a_phone_reads_the_answer_first_and_paper_everything(
    sign_in_as: Callable[..., Page],
) -> None:
    make_cast()
    page = sign_in_as("viewer")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/dashboard/?fiscal_year=2024")
    folds = page.locator("details[data-fold]")
    assert folds.count() >= 2
    expect(page.locator("details[data-fold][open]")).to_have_count(0)
    expect(page.locator("#behind-title")).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("details[data-fold]:not([open])")).to_have_count(0)
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator("details[data-fold][open]")).to_have_count(0)
    folds.first.locator("summary").first.click()
    expect(folds.first.locator("table").first).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("details[data-fold]:not([open])")).to_have_count(0)
    expect(page.locator("details[data-fold] > summary").first).to_be_hidden()
