from django.apps import AppConfig


class KpiConfig(AppConfig):
    name = "kpi"
    verbose_name = "指標"

    def ready(self) -> None:
        from kpi import receivers  # noqa: F401  # the actuals follow the procedure of their round
