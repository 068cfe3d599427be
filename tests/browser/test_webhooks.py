"""An administrator registers a webhook, tests it and sees what became of it; axe finds nothing."""

import http.client
import socket
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dxportal.models import Webhook, WebhookDelivery
from dxportal.webhooks import deliveries
from tests.browser.looks import faults
from tests.browser.steps import follow, press
from tests.cast import make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_from_the_first_place_to_a_delivery_that_did_not_arrive(
    sign_in_as: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cast()
    page = sign_in_as("admin")
    page.goto("/webhooks/")
    found = faults(page)
    follow(page, page.get_by_role("link", name="宛先を許可する"))
    page.get_by_label("宛先").fill("http://zaimu.city.example.lg.jp")
    page.get_by_label("IPアドレスの範囲").fill("あ")
    press(page, "許可する")
    for told in ("https:// で始めてください。", "読み取れません：あ"):
        expect(page.get_by_text(told)).to_have_count(2)  # above, and at its field
    found += faults(page)
    page.get_by_label("宛先").fill("https://zaimu.city.example.lg.jp")
    page.get_by_label("IPアドレスの範囲").fill("")
    press(page, "許可する")

    follow(page, page.get_by_role("link", name="Webhookを登録する").first)
    page.get_by_label("名称").fill("財務会計システム")
    page.get_by_label("送り先のURL").fill("https://zaimu.city.example.lg.jp/dx")
    page.get_by_label("照会の確定").check()
    press(page, "登録する")
    secret = page.locator("#secret").inner_text()
    assert secret.startswith("whsec_")
    found += faults(page)
    follow(page, page.get_by_role("link", name="写したので、次へ"))
    expect(page.get_by_role("button", name="試し送り")).to_be_visible()
    assert secret not in page.content()
    assert Webhook.objects.get().events == ["round.finalised"]

    press(page, "試し送り")
    expect(page.get_by_text("まだ送っていません。")).to_be_visible()
    away(monkeypatch)
    deliveries.deliver(WebhookDelivery.objects.get().pk)
    follow(page, page.get_by_role("link", name="表示を更新"))
    expect(page.get_by_text("接続できません")).to_be_visible()
    found += faults(page)
    follow(page, page.get_by_role("link", name="財務会計システム"))
    expect(page.get_by_text("1／12回")).to_be_visible()
    found += faults(page)
    page.goto("/webhooks/")
    page.get_by_text("しくみと、受け取る側のつくり方").click()
    found += faults(page)
    assert not found


def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name has a public address, where nobody answers."""
    found = [(0, 0, 0, "", ("203.0.114.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)

    def refuse(self: http.client.HTTPConnection) -> Any:
        raise ConnectionRefusedError("Connection refused")

    monkeypatch.setattr("dxportal.webhooks.sending._Connection.connect", refuse)
