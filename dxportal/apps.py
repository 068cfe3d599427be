from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _make_triggers(**of_the_signal: Any) -> None:
    from accounts.rest.resources import resources
    from dxportal.feed import noted, triggers

    triggers.install(noted.noted({name: view.queryset.model for name, view in resources().items()}))


class DxportalConfig(AppConfig):
    name = "dxportal"
    verbose_name = "ポータル"

    def ready(self) -> None:
        # Registers the system checks that turn a wrong setting into a sentence at start.
        from dxportal import checks  # noqa: F401

        # What changes is noted by the database, whose triggers are made with its tables.
        post_migrate.connect(_make_triggers, sender=self)

        # A round that opens is asked for, and its acts are told: in this order. What is submitted
        # is looked at first.
        from dxportal.rounds import asking, comments, telling  # noqa: F401

        # What happens is told to other systems.
        from dxportal.webhooks import events  # noqa: F401
