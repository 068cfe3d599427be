from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"
    verbose_name = "計画"

    def ready(self) -> None:
        from plans import search  # noqa: F401  # lends SQLite the function that searches fold with
