"""How calls are signed: the scheme of Standard Webhooks (HMAC-SHA256 over id, time and body).

No secret is stored. Each is worked out of a random seed, which is stored, and SECRET_KEY, which is
not in the database: whoever has a copy of the database alone cannot sign. With another SECRET_KEY
all secrets are others; a webhook notices by the hint of its secret and says so instead of sending
what no receiver would believe.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from django.utils.crypto import salted_hmac

from dxportal.models import Webhook

PREFIX = "whsec_"
SALT = "dxportal.webhooks.signing"


class SecretLost(Exception):
    """SECRET_KEY is not the one with which the webhook's secret was made."""


def new_seed() -> str:
    return secrets.token_hex(32)


def secret_of(seed: str) -> str:
    """The secret as its receiver keeps it (`whsec_…`)."""
    return PREFIX + base64.b64encode(_key_of(seed)).decode()


def hint_of(seed: str) -> str:
    return secret_of(seed).rstrip("=")[-4:]


def _key_of(seed: str) -> bytes:
    return salted_hmac(SALT, seed, algorithm="sha256").digest()


def headers_of(webhook: Webhook, message_id: str, body: str, now: datetime) -> dict[str, str]:
    """The three headers of a call; two signatures while the secret before this one still holds.

    Raises SecretLost.
    """
    if hint_of(webhook.key_seed) != webhook.key_hint:
        raise SecretLost("SECRET_KEYが変わったため、署名の鍵が使えません。鍵を作り直してください。")
    timestamp = str(int(now.timestamp()))
    seeds = [webhook.key_seed]
    if webhook.old_key_seed and webhook.old_key_until and webhook.old_key_until > now:
        seeds.append(webhook.old_key_seed)
    text = f"{message_id}.{timestamp}.{body}".encode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(_key_of(seed), text) for seed in seeds),
    }


def _signature(key: bytes, text: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
