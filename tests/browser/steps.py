"""What a person does that leads to another page: only there does the test go on."""

import re

from playwright.sync_api import Locator, Page, expect


def follow(page: Page, target: Locator) -> None:
    """Press what leads to another page, and wait until that one and its scripts are there."""
    with page.expect_navigation():
        target.click()


def press(page: Page, name: str) -> None:
    """Send a form by its button."""
    follow(page, page.get_by_role("button", name=name, exact=True))


def press_and_confirm(page: Page, name: str) -> None:
    """Send a form by a button that asks first."""
    page.get_by_role("button", name=name).click()
    follow(page, page.get_by_role("dialog").locator("[data-answer=yes]"))


def move_round(page: Page, label: str) -> None:
    """Move the round: the button on its page, then the same one below what follows from it."""
    follow(page, page.get_by_role("link", name=label, exact=True))
    press(page, label)


def expect_live_grid(page: Page) -> None:
    """The entry grid has its scripts: what is typed from now on is saved by itself."""
    expect(page.locator("#grid")).to_have_class(re.compile("grid--live"))
