"""Verbs of an administrator: what may be called, what is called, with which secret.

All check the right to administer the organization and write the audit entry, which holds no
secret and no seed of one.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Organization
from accounts.policy import Act
from accounts.versions import StaleVersion
from dxportal.models import SUBSCRIBABLE, Webhook, WebhookDelivery, WebhookOrigin
from dxportal.webhooks import events, signing
from dxportal.webhooks.addresses import read_networks, read_origin, read_url

State = WebhookDelivery.State
ORIGIN_FIELDS = ("origin", "networks", "note")
FIELDS = ("name", "url", "events", "is_active")
# For so long calls carry the signature of the secret before, too.
OVERLAP = datetime.timedelta(hours=24)


def allow_origin(
    actor: Actor, organization: Organization, origin: str, networks: Iterable[str], note: str = ""
) -> WebhookOrigin:
    """Let webhooks of the organization go to this origin. Raises ValidationError by field."""
    _require_right(actor, organization.pk, "宛先の許可")
    place, ranges = _read_all(
        ("origin", read_origin, origin.strip()), ("networks", read_networks, networks)
    )
    allowed = WebhookOrigin(
        organization=organization,
        origin=str(place),
        networks=ranges,
        note=note.strip(),
        created_by=actor.account,
    )
    allowed.full_clean()
    with transaction.atomic():
        allowed.save(force_insert=True)
        after = audit.values_of(allowed, ORIGIN_FIELDS)
        audit.record(actor, "webhookorigin.create", allowed, organization.pk, {}, after)
    return allowed


def remove_origin(actor: Actor, allowed: WebhookOrigin) -> None:
    """What still waits for a webhook there is refused when its time comes."""
    _require_right(actor, allowed.organization_id, "宛先の許可の取消")
    with transaction.atomic():
        before = audit.values_of(allowed, ORIGIN_FIELDS)
        audit.record(actor, "webhookorigin.delete", allowed, allowed.organization_id, before, {})
        allowed.delete()


def create_webhook(
    actor: Actor, organization: Organization, name: str, url: str, chosen: Iterable[str]
) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is shown once. Raises ValidationError by field."""
    _require_right(actor, organization.pk, "Webhookの登録")
    seed = signing.new_seed()
    webhook = Webhook(
        organization=organization,
        name=name.strip(),
        url=url.strip(),
        events=list(chosen),
        key_seed=seed,
        key_hint=signing.hint_of(seed),
    )
    _check(webhook)
    with transaction.atomic():
        webhook.save(force_insert=True)
        after = audit.values_of(webhook, FIELDS)
        audit.record(actor, "webhook.create", webhook, organization.pk, {}, after)
    return webhook, signing.secret_of(seed)


def change_webhook(
    actor: Actor, webhook: Webhook, changes: Mapping[str, Any], expected_version: int
) -> Webhook:
    """Change some of FIELDS. What waits while it is stopped goes out when it is started again.

    Raises ValidationError by field, and StaleVersion.
    """
    _require_right(actor, webhook.organization_id, "Webhookの変更")
    with transaction.atomic():
        stored = _held(webhook, expected_version)
        before = audit.values_of(stored, FIELDS)
        for name in set(changes) & set(FIELDS):
            setattr(stored, name, changes[name])
        _check(stored)
        after = audit.values_of(stored, FIELDS)
        if before == after:
            return stored
        stored.save_version(expected_version, FIELDS)
        if before["is_active"] != after["is_active"]:
            _hold(stored)
        audit.record(actor, "webhook.change", stored, stored.organization_id, before, after)
    return stored


def _hold(webhook: Webhook) -> None:
    """Keep what waits from being sent, or let it go."""
    waiting = webhook.deliveries.filter(state__in=(State.PENDING, State.HELD))
    if webhook.is_active:
        waiting.update(state=State.PENDING, next_attempt_at=timezone.now(), message_sent_at=None)
    else:
        waiting.update(state=State.HELD)


def rotate_secret(actor: Actor, webhook: Webhook, expected_version: int) -> tuple[Webhook, str]:
    """A new secret, shown once. For OVERLAP calls are signed with the one before as well."""
    _require_right(actor, webhook.organization_id, "署名の鍵の作り直し")
    with transaction.atomic():
        stored = _held(webhook, expected_version)
        stored.old_key_seed = stored.key_seed
        stored.old_key_until = timezone.now() + OVERLAP
        stored.key_seed = signing.new_seed()
        stored.key_hint = signing.hint_of(stored.key_seed)
        names = ("old_key_seed", "old_key_until", "key_seed", "key_hint")
        stored.save_version(expected_version, names)
        after = {"old_key_until": stored.old_key_until.isoformat()}
        audit.record(actor, "webhook.rotate", stored, stored.organization_id, {}, after)
    return stored, signing.secret_of(stored.key_seed)


def delete_webhook(actor: Actor, webhook: Webhook, expected_version: int) -> None:
    """Its deliveries go with it; the audit log keeps what it was."""
    _require_right(actor, webhook.organization_id, "Webhookの削除")
    with transaction.atomic():
        stored = _held(webhook, expected_version)
        before = audit.values_of(stored, FIELDS)
        audit.record(actor, "webhook.delete", stored, stored.organization_id, before, {})
        stored.delete()


def send_test(actor: Actor, webhook: Webhook) -> WebhookDelivery:
    """An event that says nothing, on the way of all others. Raises ValidationError."""
    _require_right(actor, webhook.organization_id, "Webhookの試し送り")
    if not webhook.is_active:
        raise ValidationError("このWebhookは停止中です。再開してから試してください。")
    with transaction.atomic():
        delivery = events.tell_test(webhook)
        audit.record(actor, "webhook.test", webhook, webhook.organization_id)
    return delivery


def _require_right(actor: Actor, organization_id: int, what: str) -> None:
    policy.require(actor, Act.ADMINISTER, organization_id, what=what)


def _held(webhook: Webhook, expected_version: int) -> Webhook:
    stored = Webhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    if stored.version != expected_version:
        raise StaleVersion(stored)
    return stored


def _check(webhook: Webhook) -> None:
    """Raises ValidationError by field."""
    known = [value for value, _ in SUBSCRIBABLE]
    if not webhook.events or set(webhook.events) - set(known):
        raise ValidationError({"events": f"次のうちから選んでください：{'、'.join(known)}"})
    webhook.events = [value for value in known if value in webhook.events]
    (place,) = _read_all(("url", read_url, webhook.url))
    allowed = WebhookOrigin.objects.filter(organization_id=webhook.organization_id)
    if not allowed.filter(origin=str(place)).exists():
        raise ValidationError(
            {"url": f"宛先 {place} は許可されていません。先に「許可する宛先」に加えてください。"}
        )
    webhook.full_clean()


def _read_all(*fields: tuple[str, Callable[[Any], Any], Any]) -> list[Any]:
    """Each field's value, read; what cannot be read is told of all fields at once."""
    found, wrong = [], {}
    for name, read, value in fields:
        try:
            found.append(read(value))
        except ValidationError as error:
            wrong[name] = error.messages
    if wrong:
        raise ValidationError(wrong)
    return found
