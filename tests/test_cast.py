from kpi.models import Actual
from tests.cast import Cast


def test_the_cast_satisfies_the_models_own_rules(cast: Cast) -> None:
    rows = [
        *cast.departments.values(),
        *cast.measures.values(),
        *cast.projects.values(),
        *cast.indicators.values(),
        *Actual.objects.all(),
    ]
    for row in rows:
        row.full_clean()
