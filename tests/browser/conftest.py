"""Browser tests: a real Chromium against the live portal, which may speak to nobody else."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

from tests.cast import PASSWORD

# Playwright's own loop makes Django think that it runs in an asynchronous place.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """Makes pages of separate browsers; at the end nothing may have gone wrong in any of them.

    `open_page()` is a new person's browser. A request to another host is cut off and fails the
    test, and so does an error on the console (a breach of the content security policy is one).
    """
    contexts, wrong = [], []

    def outside(route: Route) -> None:
        if route.request.url.startswith(live_server.url):
            route.continue_()
        else:
            wrong.append(f"request to {route.request.url}")
            route.abort()

    def console(message: ConsoleMessage) -> None:
        # A refused save answers 409 or 422 on purpose, which Chromium calls an error, and so it
        # does a network that a test takes away.
        meant = ("status of 4", "net::ERR_INTERNET_DISCONNECTED", "net::ERR_FAILED")
        if message.type == "error" and not any(text in message.text for text in meant):
            wrong.append(message.text)

    def make(**options) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="ja-JP", timezone_id="Asia/Tokyo", **options
        )
        contexts.append(context)
        context.route("**/*", outside)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", console)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def sign_in_as(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Signs a person in through the sign-in page, in a browser of their own."""

    def signed_in(username: str, **options) -> Page:
        page = open_page(**options)
        page.goto("/accounts/sign-in/")
        page.get_by_label("ユーザー名").fill(username)
        page.get_by_label("パスワード").fill(PASSWORD)
        page.get_by_role("button", name="サインイン").click()
        page.wait_for_url("**/")
        return page

    return signed_in
