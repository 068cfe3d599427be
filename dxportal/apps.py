from django.apps import AppConfig


class DxportalConfig(AppConfig):
    name = "dxportal"
    verbose_name = "ポータル"

    def ready(self) -> None:
        # Registers the system checks that turn a wrong setting into a sentence at start.
        from dxportal import checks  # noqa: F401

        # A round that opens is asked for, and its acts are told: in this order.
        from dxportal.rounds import asking, telling  # noqa: F401
