"""System checks: a wrong setting is told at start, with what to set."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

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
    return errors
