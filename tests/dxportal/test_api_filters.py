"""The filters of the lists narrow what they say they narrow."""

from typing import Any

import pytest
from django.utils import timezone

from kpi.models import Actual
from tests.api import Caller, one_row_of_everything
from tests.cast import Cast


@pytest.fixture
def ids(cast: Cast, files: Any) -> dict[str, Any]:
    rows = one_row_of_everything(cast)
    return {
        **rows,
        "city": cast.city.pk,
        "plan": cast.plan.pk,
        "tourism": cast.measures["観光"].pk,
        "schools": cast.measures["教育"].pk,
        "sns": cast.projects["観光1-1-7"].pk,
        "tablet": cast.projects["教育1-1"].pk,
        "visitors": cast.indicators["来訪者"].pk,
        "economy": cast.departments["観光経済部"].pk,
        "education": cast.departments["教育委員会"].pk,
    }


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("organizations/?code=422029", 1),
        ("organizations/?code=422053", 0),
        ("departments/?organization={city}", 6),
        ("departments/?department={economy}", 3),
        ("plans/?organization={city}&fiscal_year=2024", 1),
        ("plans/?fiscal_year=2030", 0),
        ("levels/?plan={plan}&depth=1", 1),
        ("measures/?plan={plan}", 9),
        ("measures/?measure={tourism}", 5),
        ("phases/?plan={plan}&fiscal_year=2024", 1),
        ("tags/?project={sns}", 1),
        ("tags/?project={tablet}", 0),
        ("projects/?plan={plan}", 3),
        ("projects/?measure={tourism}", 2),
        ("projects/?department={education}", 1),
        ("projects/?is_leading=true", 1),
        ("projects/?q=ｓｎｓ", 1),
        ("placements/?project={sns}", 2),
        ("placements/?measure={schools}", 1),
        ("placements/?is_primary=true", 3),
        ("schedule/?project={sns}&fiscal_year__gte=2024", 2),
        ("schedule/?project={sns}&fiscal_year__lte=2022", 1),
        ("indicators/?measure={tourism}", 5),
        ("indicators/?project={sns}", 1),
        ("indicators/?fiscal_year=2024&outcome=reached", 2),
        ("indicator-uses/?indicator={visitors}", 1),
        ("indicator-uses/?plan={plan}&role=activity", 3),
        ("targets/?indicator={visitors}", 3),
        ("targets/?plan={plan}&fiscal_year=2024", 5),
        ("actuals/?indicator={visitors}", 3),
        ("actuals/?department={economy}&fiscal_year=2024", 5),
        ("actuals/?department={education}", 0),
        ("actuals/?project={sns}", 2),
        ("reviews/?measure={tourism}&fiscal_year=2024", 3),
        ("reviews/?mark=behind", 1),
        ("budgets/?project={sns}&fiscal_year=2024", 1),
        ("budgets/?measure={schools}", 0),
        ("budgets/?department={economy}&stage=initial", 1),
        ("cycles/?plan={plan}&fiscal_year=2025", 1),
        ("cycles/?state=published", 1),
        ("submissions/?department={economy}&fiscal_year=2025", 1),
        ("submissions/?fiscal_year=2024", 0),
        ("reports/?plan={plan}&fiscal_year=2024&format=pdf", 2),
        ("reports/?format=xlsx", 0),
        ("jobs/?state=done", 2),
        ("jobs/?state=failed", 0),
    ],
)
def test_a_filter_narrows(cast: Cast, ids: dict[str, Any], address: str, count: int) -> None:
    response = Caller(cast.viewer).get(address.format(**ids))
    assert response.status_code == 200, response.content.decode()
    assert response.json()["count"] == count


def test_updated_since_gives_what_changed_after(cast: Cast) -> None:
    viewer = Caller(cast.viewer)
    moment = timezone.now().isoformat().replace("+", "%2B")
    assert viewer.rows(f"actuals/?updated_since={moment}") == []
    changed = Actual.objects.filter(indicator=cast.indicators["来訪者"]).latest("fiscal_year")
    changed.save_version(changed.version, ["note"])
    rows = viewer.rows(f"actuals/?updated_since={moment}")
    assert [row["id"] for row in rows] == [changed.pk]
