"""Webhooks end to end, against a real receiver on this machine, and what they refuse to do."""

import datetime
import hashlib
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, User
from accounts.versions import StaleVersion
from dxportal.models import EventType, Webhook, WebhookDelivery, WebhookEvent
from dxportal.reports.publishing import publish_report
from dxportal.webhooks import addresses, deliveries, services
from plans.models import ReportingCycle
from plans.procedure import Step, move_item, submit_package
from plans.services import create_cycle, move_cycle
from tests.api import finished_report
from tests.cast import Cast

State = WebhookDelivery.State
ALL = [value for value, _ in services.SUBSCRIBABLE]


@dataclass
class Receiver:
    """A small HTTP server that keeps what it is sent and answers as it is told."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    waits: float = 0
    server: HTTPServer = field(init=False)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.calls.append((self.path, dict(self.headers), body))
                if receiver.waits:
                    # Drips a header at a time, each sooner than any timeout of a single read.
                    for _ in range(int(receiver.waits / 0.1)):
                        self.wfile.write(b"HTTP/1.1 200 OK\r\n" if _ == 0 else b"X: y\r\n")
                        time.sleep(0.1)
                    return
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    settings.PORTAL_URL = "https://dx.example.lg.jp"
    made = Receiver()
    yield made
    made.stop()


def as_(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def hook(cast: Cast, receiver: Receiver, chosen: list[str] = ALL, name: str = "財務会計") -> Any:
    """A webhook to the receiver, and its secret."""
    admin = as_(cast.admin)
    if not cast.city.webhook_origins.exists():
        services.allow_origin(admin, cast.city, receiver.origin, [])
    return services.create_webhook(admin, cast.city, name, f"{receiver.origin}/in?a=1", chosen)


def work() -> None:
    """What the workers do for all that is waiting."""
    waiting = WebhookDelivery.objects.filter(state=State.PENDING).order_by("pk")
    for pk in waiting.values_list("pk", flat=True):
        deliveries.deliver(pk)


def the_only_delivery() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


# What is told


def test_a_round_is_told_from_its_opening_to_the_published_report(
    cast: Cast, receiver: Receiver, files: Any
) -> None:
    _, secret = hook(cast, receiver)
    office, tourism = as_(cast.coordinator), cast.departments["観光課"]
    cycle = create_cycle(office, cast.plan, 2026)
    move_cycle(office, cycle, "open", 1)
    submit_package(as_(cast.editor), cycle, tourism)
    for item in cycle.items.filter(department=tourism)[:1]:
        move_item(as_(cast.approver), item, Step.RETURN, item.version, "個人の事情")
        item.refresh_from_db()
        move_item(as_(cast.editor), item, Step.SUBMIT, item.version)
    for item in cycle.items.filter(state="submitted"):
        move_item(as_(cast.approver), item, Step.APPROVE, item.version)
    cycle.refresh_from_db()
    move_cycle(office, cycle, "closed", cycle.version)
    move_cycle(office, cycle, "final", cycle.version, "残りは空欄のまま")
    publish_report(office, finished_report_of(cast), "報告書", confirmed=True)
    work()

    told = [json.loads(body) for _, _, body in receiver.calls]
    assert [event["type"] for event in told] == [
        "round.opened",
        "submission.submitted",
        "submission.returned",
        "submission.submitted",
        "submission.approved",
        "round.finalised",
        "report.published",
    ]
    submitted = told[1]["data"]
    assert submitted["organization"]["code"] == "422029"
    assert submitted["plan"]["key"] == "dx"
    assert submitted["department"]["name"] == "観光課"
    assert submitted["links"]["cycle"] == f"https://dx.example.lg.jp/api/v1/cycles/{cycle.pk}/"
    # No figure, no reason and no person goes out.
    for body in (body for _, _, body in receiver.calls):
        assert "個人の事情" not in body
        assert cast.editor.display_name not in body
    path, headers, body = receiver.calls[0]
    assert path == "/in?a=1"
    assert headers["webhook-id"] == told[0]["id"]
    Verifier(secret).verify(body.encode(), {k.lower(): v for k, v in headers.items()})
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body.encode() + b" ", headers)


def finished_report_of(cast: Cast) -> Any:
    job = finished_report(cast)
    job.sha256 = hashlib.sha256(b"%PDF-1.7").hexdigest()
    job.save()
    return job


def test_only_what_was_asked_for_is_told_and_only_to_one_s_own_city(
    cast: Cast, receiver: Receiver
) -> None:
    hook(cast, receiver, ["round.finalised"])
    office = as_(cast.coordinator)
    cycle = create_cycle(office, cast.plan, 2026)
    move_cycle(office, cycle, "open", 1)
    assert not WebhookEvent.objects.exists()
    other = create_cycle(as_(cast.outsider), cast.other_plan, 2025)
    for state in ("open", "closed", "final"):
        move_cycle(as_(cast.outsider), other, state, other.version, "確認済み")
    assert not WebhookEvent.objects.exists()


def test_what_is_rolled_back_is_not_told(cast: Cast, receiver: Receiver) -> None:
    hook(cast, receiver)
    cycle = create_cycle(as_(cast.coordinator), cast.plan, 2026)
    with transaction.atomic():
        move_cycle(as_(cast.coordinator), cycle, "open", 1)
        assert WebhookDelivery.objects.count() == 1
        transaction.set_rollback(True)
    assert not WebhookEvent.objects.exists()


# Trying again


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, "応答が500です。"), (302, "応答が302です。転送先には送りません。")],
)
def test_a_failure_is_tried_again_later_and_later_and_ends(
    cast: Cast, receiver: Receiver, status: int, reason: str
) -> None:
    webhook, _ = hook(cast, receiver)
    elsewhere = Receiver()
    receiver.status, receiver.headers = status, {"Location": elsewhere.origin}
    services.send_test(as_(cast.admin), webhook)
    begun = timezone.now()
    work()
    work()  # delivered twice: its time has not come
    delivery = the_only_delivery()
    assert (delivery.state, delivery.attempts, delivery.status_code) == ("pending", 1, status)
    assert delivery.reason == reason
    assert len(receiver.calls) == 1
    left = []
    while delivery.state == State.PENDING:
        left.append((delivery.next_attempt_at - begun).total_seconds())
        begun = timezone.now()
        WebhookDelivery.objects.update(next_attempt_at=begun)
        work()
        delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("dead", deliveries.MAX_ATTEMPTS)
    # A fifth more or less, and what the attempt itself took.
    assert 12 <= left[0] < 30
    assert 48 <= left[1] < 90
    assert left[-1] < 1.3 * deliveries.LONGEST_DELAY
    assert len(delivery.tries) == len(receiver.calls) == deliveries.MAX_ATTEMPTS
    assert not elsewhere.calls
    elsewhere.stop()
    # A replay carries the same id, and arrives.
    receiver.status = 200
    assert deliveries.replay_dead(as_(cast.admin), webhook) == 1
    work()
    delivery.refresh_from_db()
    assert delivery.state == State.DELIVERED
    assert len({headers["webhook-id"] for _, headers, _ in receiver.calls}) == 1


def test_a_receiver_that_is_away_makes_the_others_wait_and_stops_nobody(
    cast: Cast, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_TIMEOUT_SECONDS = 1
    webhook, _ = hook(cast, receiver)
    receiver.waits = 60
    for _ in range(3):
        services.send_test(as_(cast.admin), webhook)
    started = time.monotonic()
    work()
    assert time.monotonic() - started < 30
    assert len(receiver.calls) == 1
    first, *others = WebhookDelivery.objects.order_by("-attempts")
    assert first.reason == "1秒以内に応答がありません。"
    assert {(row.attempts, row.next_attempt_at) for row in others} == {(0, first.next_attempt_at)}
    # The round goes on.
    cycle = create_cycle(as_(cast.coordinator), cast.plan, 2026)
    move_cycle(as_(cast.coordinator), cycle, "open", 1)
    assert cycle.state == ReportingCycle.State.OPEN


def test_a_killed_worker_s_delivery_comes_up_again_by_itself(
    cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, _ = hook(cast, receiver)
    services.send_test(as_(cast.admin), webhook)
    delivery = the_only_delivery()
    called: list[int] = []
    monkeypatch.setattr(deliveries, "_send", called.append)
    assert deliveries._claim(delivery.pk) is not None  # and the worker is killed here
    assert deliveries.send_due() == 0
    with pytest.raises(ValidationError, match="送っているところ"):
        deliveries.replay(as_(cast.admin), delivery)
    later = timezone.now() + deliveries.lease() + datetime.timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert deliveries.send_due() == 1
    assert deliveries.send_due() == 0  # one message is enough
    deliveries.deliver(called[0])
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("delivered", 2)


def test_gone_is_not_tried_again(cast: Cast, receiver: Receiver) -> None:
    webhook, _ = hook(cast, receiver)
    receiver.status = 410
    services.send_test(as_(cast.admin), webhook)
    work()
    assert the_only_delivery().state == State.DEAD


# Where it may go


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.jp",
        "http://example.jp",  # closed networks only, by a setting
        "https://",
        "https://user:secret@example.jp",
        "https://example.jp/path",
        "https://example.jp:99999",
        "https://example.jp\\@127.0.0.1",
        "https://exa mple.jp",
        "//example.jp",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_origin_is_refused(cast: Cast, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        services.allow_origin(as_(cast.admin), cast.city, text, [])
    assert "origin" in refused.value.message_dict


@pytest.mark.parametrize(
    "url",
    [
        "https://finance.example.jp.evil.example/x",
        "https://finance.example.jp:8443/x",
        "https://sub.finance.example.jp/x",
        "https://finance.example.jp@evil.example/x",
        "https://127.0.0.1/x",
    ],
)
def test_a_webhook_goes_to_allowed_origins_alone(cast: Cast, url: str) -> None:
    admin = as_(cast.admin)
    services.allow_origin(admin, cast.city, "https://Finance.example.jp:443/", [])
    services.create_webhook(admin, cast.city, "a", "https://FINANCE.example.jp/x", ALL)
    with pytest.raises(ValidationError) as refused:
        services.create_webhook(admin, cast.city, "b", url, ALL)
    assert "url" in refused.value.message_dict


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("203.0.114.1", True),
        ("2600::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
    ],
)
def test_a_name_that_points_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str, is_allowed: bool
) -> None:
    """The good address beside it doesn't help: every one of them could be the one that is used."""
    found = [(0, 0, 0, "", (text, 443)) for text in ("203.0.114.9", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    place = addresses.read_origin("https://rebind.example.jp")
    if is_allowed:
        assert addresses.look_up(place, []) == "203.0.114.9"
    else:
        with pytest.raises(addresses.AddressRefused, match="許可されていないアドレス"):
            addresses.look_up(place, [])


def test_the_operator_and_the_administrator_both_have_to_allow(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    found = [(0, 0, 0, "", ("10.1.2.3", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    place = addresses.read_origin("https://finance.city.lg.jp")
    with pytest.raises(addresses.AddressRefused):
        addresses.look_up(place, ["10.1.2.0/24"])  # an administrator alone cannot
    settings.WEBHOOK_PRIVATE_NETWORKS = ["10.0.0.0/8"]
    assert addresses.look_up(place, []) == "10.1.2.3"
    assert addresses.look_up(place, ["10.1.2.0/24"]) == "10.1.2.3"
    with pytest.raises(addresses.AddressRefused):
        addresses.look_up(place, ["10.9.0.0/16"])


def test_the_call_goes_to_the_address_that_was_judged(
    cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers differently the second time gains nothing: it is asked once."""
    admin = as_(cast.admin)
    port = receiver.server.server_port
    services.allow_origin(admin, cast.city, f"http://rebind.example.jp:{port}", [])
    webhook, _ = services.create_webhook(
        admin, cast.city, "a", f"http://rebind.example.jp:{port}/", ALL
    )
    asked = []
    real = socket.getaddrinfo

    def answer(host: Any, *args: Any, **options: Any) -> Any:
        if host != "rebind.example.jp":
            return real(host, *args, **options)
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1" if len(asked) == 1 else "192.0.2.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    services.send_test(admin, webhook)
    work()
    assert the_only_delivery().state == State.DELIVERED
    assert len(asked) == 1
    assert receiver.calls[0][1]["Host"] == f"rebind.example.jp:{port}"


def test_what_is_no_longer_allowed_is_not_called(cast: Cast, receiver: Receiver) -> None:
    webhook, _ = hook(cast, receiver)
    services.send_test(as_(cast.admin), webhook)
    services.remove_origin(as_(cast.admin), cast.city.webhook_origins.get())
    work()
    assert not receiver.calls
    assert the_only_delivery().reason == f"宛先 {receiver.origin} は許可されていません。"


def test_a_certificate_of_nobody_is_refused(cast: Cast, receiver: Receiver, tmp_path: Any) -> None:
    pem = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    receiver_url = receiver.origin.replace("http:", "https:")
    services.allow_origin(as_(cast.admin), cast.city, receiver_url, [])
    webhook, _ = services.create_webhook(as_(cast.admin), cast.city, "a", receiver_url, ALL)
    services.send_test(as_(cast.admin), webhook)
    work()
    assert "証明書を確かめられません" in the_only_delivery().reason


def self_signed(tmp_path: Any) -> Any:
    pem = tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += [
        "-nodes",
        "-keyout",
        str(pem),
        "-out",
        str(tmp_path / "c"),
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run(command, check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "c").read_text())
    return pem


# Secrets and rights


def test_two_secrets_hold_while_the_receiver_changes_over(
    cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, first = hook(cast, receiver)
    webhook, second = services.rotate_secret(as_(cast.admin), webhook, webhook.version)
    assert first != second
    services.send_test(as_(cast.admin), webhook)
    work()
    _, headers, body = receiver.calls[0]
    headers = {name.lower(): value for name, value in headers.items()}
    for secret in (first, second):
        Verifier(secret).verify(body, headers)
    real = timezone.now()
    later = real + services.OVERLAP + datetime.timedelta(minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    services.send_test(as_(cast.admin), webhook)
    work()
    assert receiver.calls[1][1]["webhook-signature"].count("v1,") == 1


def test_no_secret_is_stored_or_logged(cast: Cast, receiver: Receiver) -> None:
    webhook, secret = hook(cast, receiver)
    webhook, second = services.rotate_secret(as_(cast.admin), webhook, webhook.version)
    stored = str(Webhook.objects.values().get())
    logged = str(list(AuditEntry.objects.values_list("before", "after", "object_label")))
    for text in (secret, second, secret[6:], second[6:]):
        assert text not in stored
        assert text not in logged
    assert webhook.key_seed not in logged


def test_another_secret_key_is_told_instead_of_sending_what_nobody_believes(
    cast: Cast, receiver: Receiver, settings: Any
) -> None:
    webhook, _ = hook(cast, receiver)
    services.send_test(as_(cast.admin), webhook)
    settings.SECRET_KEY = "another-" * 10
    work()
    assert not receiver.calls
    assert "鍵を作り直してください" in the_only_delivery().reason


@pytest.mark.parametrize("who", ["editor", "approver", "coordinator", "viewer", "outsider"])
def test_only_the_city_s_administrator_may(cast: Cast, receiver: Receiver, who: str) -> None:
    webhook, _ = hook(cast, receiver)
    services.send_test(as_(cast.admin), webhook)
    actor, allowed = as_(cast.people[who]), cast.city.webhook_origins.get()
    delivery = the_only_delivery()
    for act in (
        lambda: services.allow_origin(actor, cast.city, "https://example.jp", []),
        lambda: services.remove_origin(actor, allowed),
        lambda: services.create_webhook(actor, cast.city, "b", webhook.url, ALL),
        lambda: services.change_webhook(actor, webhook, {"name": "c"}, 1),
        lambda: services.rotate_secret(actor, webhook, 1),
        lambda: services.delete_webhook(actor, webhook, 1),
        lambda: services.send_test(actor, webhook),
        lambda: deliveries.replay(actor, delivery),
        lambda: deliveries.replay_dead(actor, webhook),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert not Webhook.objects.visible_to(actor.user).exists()
    assert not WebhookDelivery.objects.visible_to(actor.user).exists()


def test_what_waits_while_it_is_stopped_goes_out_afterwards(cast: Cast, receiver: Receiver) -> None:
    webhook, _ = hook(cast, receiver)
    services.send_test(as_(cast.admin), webhook)
    stopped = services.change_webhook(as_(cast.admin), webhook, {"is_active": False}, 1)
    work()
    assert the_only_delivery().state == State.HELD
    with pytest.raises(StaleVersion):
        services.change_webhook(as_(cast.admin), webhook, {"is_active": True}, 1)
    services.change_webhook(as_(cast.admin), webhook, {"is_active": True}, stopped.version)
    work()
    assert the_only_delivery().state == State.DELIVERED


def test_old_events_are_forgotten_but_never_one_that_waits(cast: Cast, receiver: Receiver) -> None:
    webhook, _ = hook(cast, receiver)
    services.send_test(as_(cast.admin), webhook)
    work()
    services.send_test(as_(cast.admin), webhook)
    old = timezone.now() - deliveries.KEPT_FOR - datetime.timedelta(days=1)
    WebhookEvent.objects.update(occurred_at=old)
    deliveries.clear_old()
    assert the_only_delivery().state == State.PENDING
    assert EventType(the_only_delivery().event.type) == EventType.TEST


def test_its_pages_need_no_more_queries_for_more_rows(
    cast: Cast, receiver: Receiver, sign_in: Any
) -> None:
    webhook, _ = hook(cast, receiver)
    services.send_test(as_(cast.admin), webhook)
    client = sign_in(cast.admin)
    pages = ("/webhooks/", f"/webhooks/{webhook.pk}/")
    before = [queries_of(client, page) for page in pages]
    for number in range(5):
        services.allow_origin(as_(cast.admin), cast.city, f"https://{number}.example.jp", [])
        hook(cast, receiver, name=str(number))
        services.send_test(as_(cast.admin), webhook)
    assert [queries_of(client, page) for page in pages] == before
    assert max(before) <= 10


def queries_of(client: Any, page: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)
