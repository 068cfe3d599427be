from django.apps import AppConfig


class DxportalConfig(AppConfig):
    name = "dxportal"
    verbose_name = "ポータル"

    def ready(self) -> None:
        # Registers the system checks that turn a wrong setting into a sentence at start.
        from dxportal import checks  # noqa: F401
        from dxportal.rounds import asking  # noqa: F401  # a round that opens is asked for
