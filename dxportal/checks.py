"""System checks: a wrong setting is told at start, with what to set."""

import ipaddress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts.addresses import network

BROKERS = ("filesystem://", "redis://", "rediss://")
DATABASES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


@register(Tags.compatibility)
def check_services(**kwargs: Any) -> list[CheckMessage]:
    """The broker and the database are of the kinds that the portal is tested with."""
    errors: list[CheckMessage] = []
    if not settings.CELERY_BROKER_URL.startswith(BROKERS):
        errors.append(
            Error(
                f"CELERY_BROKER_URL is '{settings.CELERY_BROKER_URL}'.",
                hint="Set it to redis://host:6379/0, or leave it unset for the filesystem broker.",
                id="dxportal.E001",
            )
        )
    if settings.DATABASES["default"]["ENGINE"] not in DATABASES:
        errors.append(
            Error(
                "DATABASE_URL names a database that the portal does not support.",
                hint="Set it to postgres://user:password@host:5432/name or sqlite:////path/file.",
                id="dxportal.E002",
            )
        )
    if not settings.DEBUG and len(settings.SECRET_KEY) < 50:
        errors.append(
            Error(
                "SECRET_KEY is shorter than 50 characters.",
                hint="Set it to a long random text; script/server writes one by itself.",
                id="dxportal.E003",
            )
        )
    for text in settings.WEBHOOK_PRIVATE_NETWORKS:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            errors.append(
                Error(
                    f"WEBHOOK_PRIVATE_NETWORKS has '{text}', which is no network.",
                    hint="Set it to networks with commas between them, such as 10.0.0.0/8.",
                    id="dxportal.E004",
                )
            )
    return errors + _check_log_of_calls() + _check_provider()


def _check_provider() -> list[CheckMessage]:
    """Signing in by the city's provider is set up whole, or not at all."""
    if not settings.OIDC_ISSUER:
        return []
    needed = {
        "OIDC_CLIENT_ID": settings.OIDC_RP_CLIENT_ID,
        "OIDC_CLIENT_SECRET": settings.OIDC_RP_CLIENT_SECRET,
        "OIDC_AUTHORIZATION_URL": settings.OIDC_OP_AUTHORIZATION_ENDPOINT,
        "OIDC_TOKEN_URL": settings.OIDC_OP_TOKEN_ENDPOINT,
        "OIDC_KEYS_URL": settings.OIDC_OP_JWKS_ENDPOINT,
    }
    errors: list[CheckMessage] = [
        Error(
            f"OIDC_ISSUER is set, and {name} is not.",
            hint="Copy it from the provider's /.well-known/openid-configuration.",
            id="dxportal.E007",
        )
        for name, value in needed.items()
        if not value
    ]
    if settings.OIDC_MATCH not in ("external_id", "username", "email"):
        errors.append(
            Error(
                f"OIDC_MATCH is '{settings.OIDC_MATCH}'.",
                hint="Set it to external_id, username or email.",
                id="dxportal.E008",
            )
        )
    if not settings.OIDC_RP_SIGN_ALGO.startswith(("RS", "ES")):
        errors.append(
            Error(
                f"OIDC_SIGN_ALGO is '{settings.OIDC_RP_SIGN_ALGO}'.",
                hint="Set it to a signature by the provider's own key, such as RS256.",
                id="dxportal.E009",
            )
        )
    return errors


def _check_log_of_calls() -> list[CheckMessage]:
    errors: list[CheckMessage] = [
        Error(
            f"TRUSTED_PROXIES has '{text}', which is no address and no network.",
            hint="Set it to the addresses of the proxies in front, such as 10.0.0.5,10.1.0.0/24.",
            id="dxportal.E005",
        )
        for text in settings.TRUSTED_PROXIES
        if network(text) is None
    ]
    for name, least in (
        ("API_READS_KEPT_DAYS", 1),
        ("API_CHANGES_KEPT_DAYS", 365),
        ("API_CALLS_PER_MINUTE", 0),
        ("API_FAILURES_PER_MINUTE", 0),
    ):
        if getattr(settings, name) < least:
            errors.append(
                Error(
                    f"{name} is {getattr(settings, name)}.",
                    hint=f"Set it to {least} or more.",
                    id="dxportal.E006",
                )
            )
    return errors
