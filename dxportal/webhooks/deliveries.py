"""Verbs of deliveries: claim, attempt, retry, end, and replay.

A delivery changes by conditional UPDATEs alone. To claim it is to put its next attempt a lease
away: a message that comes twice finds nothing to do, and a delivery whose worker was killed comes
up again by itself. A receiver may get the same event twice (killed after the call, before it was
noted), under the same `webhook-id`.
"""

import datetime
import logging
import random
import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import audit, policy
from accounts.audit import Actor
from accounts.policy import Act
from dxportal.celery import app
from dxportal.models import Webhook, WebhookDelivery, WebhookEvent, WebhookOrigin
from dxportal.webhooks import sending, signing
from dxportal.webhooks.addresses import AddressRefused, look_up, read_url
from dxportal.webhooks.sending import Answer

logger = logging.getLogger(__name__)

State = WebhookDelivery.State
TASK = "dxportal.tasks.deliver_webhook"
# 15 s, 1 min, 4 min, 16 min, 1 h, 4 h, then every 12 h: about three days, so that a receiver which
# broke on a Friday evening is reached on Monday.
FIRST_DELAY, FACTOR, LONGEST_DELAY = 15, 4, 12 * 60 * 60
MAX_ATTEMPTS = 12
# Messages sent to workers by one run of `send_due`.
AT_ONCE = 200
KEPT_FOR = datetime.timedelta(days=90)


def lease() -> datetime.timedelta:
    """Longer than an attempt can take (`dxportal.tasks.deliver_webhook` has its limit below)."""
    return datetime.timedelta(seconds=3 * settings.WEBHOOK_TIMEOUT_SECONDS)


def create_for(webhook: Webhook, event: WebhookEvent) -> WebhookDelivery:
    """Call it in the transaction of the event; a worker is called when that has committed."""
    delivery = WebhookDelivery.objects.create(
        webhook=webhook, event=event, message_sent_at=timezone.now()
    )
    send_on_commit(delivery.pk)
    return delivery


def send_on_commit(delivery_id: int) -> None:
    transaction.on_commit(lambda: _send(delivery_id))


def _send(delivery_id: int) -> None:
    try:
        app.send_task(TASK, args=[delivery_id], retry=False)
    except (OperationalError, OSError):
        # The row is there: `send_due` sends it when the broker is back.
        logger.exception("Delivery %s could not be sent to the broker.", delivery_id)


def send_due() -> int:
    """Call workers for what is due: retries, lost messages, killed workers; how many."""
    due = WebhookDelivery.objects.due(lease())
    ids = list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:AT_ONCE])
    called = 0
    for pk in ids:
        if due.filter(pk=pk).update(message_sent_at=timezone.now()):
            _send(pk)
            called += 1
    return called


def clear_old() -> int:
    """Forget events of which nothing has been on its way for a long time; how many."""
    waiting = WebhookDelivery.objects.filter(state__in=(State.PENDING, State.HELD))
    old = WebhookEvent.objects.filter(occurred_at__lt=timezone.now() - KEPT_FOR)
    return old.exclude(deliveries__in=waiting).delete()[0]


# In the worker


def deliver(delivery_id: int) -> None:
    """One attempt, if it is this worker's to make."""
    delivery = _claim(delivery_id)
    if delivery is None:
        logger.info("Delivery %s is not due; nothing to do.", delivery_id)
    elif delivery.attempts > MAX_ATTEMPTS:
        _note(delivery, Answer(reason="送信の途中で処理が何度も止まったため、やめました。"))
    else:
        _note(delivery, _attempt(delivery))


def _claim(delivery_id: int) -> WebhookDelivery | None:
    now, claim = timezone.now(), uuid.uuid4()
    rows = WebhookDelivery.objects.filter(
        pk=delivery_id, state=State.PENDING, next_attempt_at__lte=now
    ).update(claim=claim, attempts=F("attempts") + 1, next_attempt_at=now + lease())
    if not rows:
        return None
    found = WebhookDelivery.objects.select_related("webhook", "event")
    return found.filter(pk=delivery_id, claim=claim).first()


def _attempt(delivery: WebhookDelivery) -> Answer:
    webhook, event = delivery.webhook, delivery.event
    place = read_url(webhook.url)
    origin = WebhookOrigin.objects.filter(
        organization_id=webhook.organization_id, origin=str(place)
    ).first()
    if origin is None:
        return Answer(reason=f"宛先 {place} は許可されていません。")
    try:
        address = look_up(place, origin.networks)
        signed = signing.headers_of(webhook, event.message_id, event.payload, timezone.now())
    except (AddressRefused, signing.SecretLost) as error:
        return Answer(reason=str(error)[:300])
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "dxportal"}
    return sending.post(webhook.url, address, event.payload, headers | signed)


def _note(delivery: WebhookDelivery, answer: Answer) -> None:
    """Write down what came of an attempt, if the delivery is still this worker's."""
    now = timezone.now()
    made = {"at": now.isoformat(), "status": answer.status, "reason": answer.reason}
    values: dict[str, Any] = {
        "claim": None,
        "message_sent_at": None,
        "status_code": answer.status,
        "reason": answer.reason,
        "tries": [*delivery.tries, made][-3 * MAX_ATTEMPTS :],
    }
    held = WebhookDelivery.objects.filter(pk=delivery.pk, claim=delivery.claim)
    if answer.is_received:
        held.update(state=State.DELIVERED, finished_at=now, **values)
    elif delivery.attempts >= MAX_ATTEMPTS or answer.status == 410:
        # 410: the receiver says that it is gone for good.
        held.update(state=State.DEAD, finished_at=now, **values)
    else:
        again = now + delay_after(delivery.attempts)
        held.update(next_attempt_at=again, **values)
        if answer.is_trouble:
            _let_wait(delivery, again)


def delay_after(attempts: int) -> datetime.timedelta:
    """Until the next attempt; a fifth more or less, so that many do not come at the same moment."""
    seconds = min(FIRST_DELAY * FACTOR ** (attempts - 1), LONGEST_DELAY)
    return datetime.timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  # no secret


def _let_wait(delivery: WebhookDelivery, until: datetime.datetime) -> None:
    """Others to a receiver that is away wait with this one: each would hold a worker for a time."""
    WebhookDelivery.objects.filter(
        webhook=delivery.webhook_id, state=State.PENDING, claim=None, next_attempt_at__lt=until
    ).update(next_attempt_at=until)


# Again, by hand


def replay(actor: Actor, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send an event once more, whether it arrived or not. Raises ValidationError."""
    webhook = delivery.webhook
    _require_right(actor, webhook)
    if not webhook.is_active:
        raise ValidationError("このWebhookは停止中です。再開してから送り直してください。")
    now = timezone.now()
    with transaction.atomic():
        before = audit.values_of(delivery, ("state",))
        if not _again(WebhookDelivery.objects.filter(pk=delivery.pk)):
            raise ValidationError("いま送っているところです。少し待ってください。")
        WebhookDelivery.objects.filter(pk=delivery.pk).update(message_sent_at=now)
        delivery.refresh_from_db()
        after = audit.values_of(delivery, ("state",))
        audit.record(actor, "webhook.replay", delivery, webhook.organization_id, before, after)
        send_on_commit(delivery.pk)
    return delivery


def replay_dead(actor: Actor, webhook: Webhook) -> int:
    """Send again all that did not arrive; how many. Raises ValidationError."""
    _require_right(actor, webhook)
    if not webhook.is_active:
        raise ValidationError("このWebhookは停止中です。再開してから送り直してください。")
    with transaction.atomic():
        count = _again(WebhookDelivery.objects.filter(webhook=webhook, state=State.DEAD))
        after = {"count": count}
        audit.record(actor, "webhook.replay_dead", webhook, webhook.organization_id, {}, after)
        transaction.on_commit(send_due)
    return count


def _again(deliveries: QuerySet[WebhookDelivery]) -> int:
    """Make those wait for their first attempt, except what a worker has in its hands."""
    return deliveries.filter(claim=None).update(
        state=State.PENDING,
        attempts=0,
        next_attempt_at=timezone.now(),
        message_sent_at=None,
        finished_at=None,
    )


def _require_right(actor: Actor, webhook: Webhook) -> None:
    policy.require(actor, Act.ADMINISTER, webhook.organization_id, what="Webhookの再送")
