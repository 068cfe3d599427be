"""A real worker is killed while a receiver has its call in hand; the event arrives all the same."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from dxportal.models import WebhookDelivery
from dxportal.webhooks import deliveries, services
from tests.cast import make_cast
from tests.dxportal.test_webhooks import Receiver, as_, hook
from tests.worker import running_worker

pytestmark = [
    pytest.mark.served,
    pytest.mark.xdist_group("worker"),
    pytest.mark.django_db(transaction=True),
]
QUICK = {
    "WEBHOOK_ALLOW_HTTP": "on",
    "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
    "WEBHOOK_TIMEOUT_SECONDS": "60",
}


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_HTTP, settings.WEBHOOK_PRIVATE_NETWORKS = True, ["127.0.0.0/8"]
    made = Receiver()
    yield made
    made.stop()


def wait_for(condition: Callable[[], Any], seconds: float = 180) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.05)


def test_an_event_arrives_though_its_worker_was_killed(receiver: Receiver) -> None:
    cast = make_cast()
    webhook, _ = hook(cast, receiver)
    receiver.waits = 60
    with running_worker(**QUICK):
        delivery = services.send_test(as_(cast.admin), webhook)
        wait_for(lambda: receiver.calls)
        # Leaving the block kills the worker in the middle of the call.
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.tries) == ("pending", 1, [])

    receiver.waits = 0
    assert deliveries.send_due() == 0
    long_ago = timezone.now() - 2 * deliveries.lease()  # its lease has run out
    WebhookDelivery.objects.update(next_attempt_at=long_ago, message_sent_at=long_ago)
    assert deliveries.send_due() == 1
    with running_worker(**QUICK):
        wait_for(lambda: WebhookDelivery.objects.get().state == "delivered")
    delivery.refresh_from_db()
    assert delivery.attempts == 2
    assert [made["status"] for made in delivery.tries] == [204]
    first, second = (headers["webhook-id"] for _, headers, _ in receiver.calls)
    assert first == second
