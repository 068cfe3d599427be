"""The dashboards by keyboard: the meeting room's slides, the search from anywhere, PNG files."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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
