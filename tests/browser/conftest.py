"""Browser tests: a real Chromium against the live portal, which may speak to nobody else."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from accounts.models import User

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
    # Nothing outside this machine has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]

# How long anything may take (ms): long enough for a machine that is busy with other things. What
# is there at once is not waited for, so this costs time only where a test fails anyway.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

# What Chromium calls an error and a test does on purpose: a refused save answers 409 or 422, a
# network is taken away, and who leaves a page leaves its requests behind.
MEANT = (
    "status of 4",
    "net::ERR_INTERNET_DISCONNECTED",
    "net::ERR_FAILED",
    "net::ERR_ABORTED",
)


def new_context(browser: Browser, base_url: str | None = None, **options) -> BrowserContext:
    """A new person's browser."""
    context = browser.new_context(
        base_url=base_url, locale="ja-JP", timezone_id="Asia/Tokyo", **options
    )
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
        # Within Playwright's loop Django has connections of its own, which nobody else closes.
        connections.close_all()


@pytest.fixture
def open_page(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """Makes pages of separate browsers; at the end nothing may have gone wrong in any of them.

    `open_page()` is a new person's browser. A request to another host fails the test, and so does
    an error on the console (a breach of the content security policy is one).
    """
    contexts, wrong = [], []

    def requested(request: Request) -> None:
        if not request.url.startswith((live_server.url, f"blob:{live_server.url}")):
            wrong.append(f"request to {request.url}")

    def console(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in MEANT):
            wrong.append(message.text)

    def make(**options) -> Page:
        context = new_context(browser, live_server.url, **options)
        contexts.append(context)
        context.on("request", requested)
        context.on("console", console)
        context.on("weberror", lambda event: wrong.append(str(event.error)))
        return context.new_page()

    yield make
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def sign_in_as(
    open_page: Callable[..., Page], live_server, sign_in: Callable[[User], Client]
) -> Callable[..., Page]:
    """A person's own browser, signed in, at the first page.

    The session comes without the sign-in page: test_accessibility.py goes through that.
    """

    def signed_in(username: str, **options) -> Page:
        page = open_page(**options)
        name = settings.SESSION_COOKIE_NAME
        session = sign_in(User.objects.get(username=username)).cookies[name].value
        page.context.add_cookies([{"name": name, "value": session, "url": live_server.url}])
        page.goto("/")
        return page

    return signed_in
