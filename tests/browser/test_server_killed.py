"""A real server is killed while somebody types, and started again: nothing is lost."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from dxportal.rounds.asking import ask
from tests.browser.conftest import new_context
from tests.browser.steps import expect_live_grid, press
from tests.browser.test_entry_grid import GRID, kept, many, row_of, value_of
from tests.cast import PASSWORD, Cast, make_cast
from tests.worker import database_url

__all__ = ["many"]  # a fixture
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KILLED_AFTER, TYPED = 8, 20
SECONDS_TO_START = 120


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    made = make_cast()
    ask(made.open_cycle)  # type: ignore[arg-type]
    # As a real server stores it; those of the tests are quicker, and nothing that it knows.
    made.editor.password = PBKDF2PasswordHasher().encode(PASSWORD, "0" * 22, iterations=1000)
    made.editor.save()
    return made


class Server:
    """The portal as `script/server` runs it, on a database that outlives it."""

    def __init__(self, database: str, data: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DATABASE_URL": database,
            "DATA_DIR": str(data),
            "DEBUG": "1",
            "LOG_LEVEL": "ERROR",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "dxportal.wsgi", "--worker-class", "gthread"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--threads", "4", "--log-level", "error"]
        self.process = subprocess.Popen(  # our own command, no input from outside
            command, cwd=settings.BASE_DIR, env=self.environment, start_new_session=True
        )
        ends = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < ends:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/healthz/", timeout=SECONDS_TO_START).close()
                return
            time.sleep(0.1)
        raise TimeoutError("The server did not start.")

    def kill(self) -> None:
        """At once and without a word, as a power cut would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def server(tmp_path: Path, many: list) -> Iterator[Server]:
    """A server on what the test's database holds now (SQLite's is in memory: on a copy of it)."""
    address = database_url()
    if connection.vendor == "sqlite":
        copy = tmp_path / "copy.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        address = f"sqlite:///{copy}"
    made = Server(address, tmp_path)
    yield made
    made.kill()


def open_grid(page: Page) -> Page:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(GRID)
    if "sign-in" in page.url:
        page.get_by_label("ユーザー名").fill("editor")
        page.get_by_label("パスワード").fill(PASSWORD)
        press(page, "サインイン")
    expect_live_grid(page)
    return page


def stored_in(page: Page) -> dict[str, str]:
    """What the page that has just been loaded shows as stored, by title."""
    titles = [f"追加{number:02}" for number in range(TYPED)]
    return {title: value_of(page, title).input_value() for title in titles}


def test_nothing_is_lost_when_the_server_is_killed(browser: Browser, server: Server) -> None:
    server.start()
    context = new_context(browser, server.url)
    page = open_grid(context.new_page())
    typed = {f"追加{number:02}": str(100 + number) for number in range(TYPED)}
    value_of(page, "追加00").focus()
    for number, text in enumerate(typed.values()):
        if number == KILLED_AFTER:
            server.kill()
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    expect(page.get_by_text("失敗（自動でやり直します）").first).to_be_visible()
    saved = page.locator('.entry-row[data-state="saved"], .entry-row[data-state="warned"]')
    acknowledged = {row.get_attribute("data-title") for row in saved.all()}
    assert kept(page) == TYPED - len(acknowledged) >= TYPED - KILLED_AFTER

    # The machine is turned off and on again, and so is the server; the session is gone.
    page.close()
    context.clear_cookies()
    server.start()
    elsewhere = new_context(browser, server.url)
    there = stored_in(open_grid(elsewhere.new_page()))
    assert {title: there[title] for title in acknowledged} == {t: typed[t] for t in acknowledged}

    page = open_grid(context.new_page())
    left = page.locator("[data-left-over]")
    expect(left).to_contain_text("前回保存できなかった入力が")
    left.get_by_role("button", name="すべて戻す").click()
    expect(page.locator("[data-unsaved-count]")).to_have_text("未保存 0件")
    page.reload()
    assert stored_in(page) == typed
    assert kept(page) == 0

    # What is typed while it is down again is saved by itself once it is back.
    server.kill()
    value_of(page, "追加00").fill("777")
    value_of(page, "追加00").press("Enter")
    expect(row_of(page, "追加00")).to_contain_text("サーバーから返事がありません")
    server.start()
    expect(row_of(page, "追加00")).to_contain_text("777件 として保存")
    context.close()
    elsewhere.close()
