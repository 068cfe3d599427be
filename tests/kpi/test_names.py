"""Indicators without a name, and those that share one, can be told apart by who reads them."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Channel
from dxportal.public.services import publish_plan
from kpi.names import name_after_use, told_apart
from plans.models import Measure, Plan
from tests.cast import Cast, targets
from tests.drawn import drawn

SignIn = Callable[..., Client]


@pytest.fixture
def nameless(cast: Cast) -> Cast:
    """An indicator printed as a dash, used by a project."""
    row = cast.indicator("欠名", name="－", department=cast.departments["観光課"])
    cast.use(row, cast.projects["観光1-2-2"], "activity")
    targets(row, y2024=3)
    return cast


def test_a_nameless_indicator_is_named_after_its_use(nameless: Cast, sign_in: SignIn) -> None:
    row, project = nameless.indicators["欠名"], nameless.projects["観光1-2-2"]
    shown = f"（名称なし）事業「{project.name}」の指標"
    assert row.shown_name == shown
    client = sign_in(nameless.viewer)
    year = "?fiscal_year=2024"
    for address in (
        reverse("kpi:indicator_list") + year,
        reverse("kpi:indicator", args=[row.pk]),
        reverse("projects:detail", args=[project.pk]) + year,
        reverse("dashboard:indicators") + year,
        reverse("dashboard:logic") + year,
        reverse("search") + "?q=欠名",
    ):
        assert shown in client.get(address).content.decode(), address


def test_the_stored_name_is_exported_as_it_is(nameless: Cast, sign_in: SignIn) -> None:
    row = nameless.indicators["欠名"]
    assert row.name == str(row) == "－"
    answer = sign_in(nameless.viewer).get(reverse("kpi:indicator_list") + "?format=csv")
    exported = b"".join(answer).decode("utf-8-sig")
    assert "－" in exported
    assert "名称なし" not in exported


def test_many_nameless_ones_are_named_in_one_query(nameless: Cast) -> None:
    row = nameless.indicators["欠名"]
    other = nameless.indicator("欠名2", name="-")
    nameless.use(other, nameless.measures["観光2"])
    lonely = nameless.indicator("欠名3", name="-")
    rows = [row, other, nameless.indicators["来訪者"]]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        name_after_use(rows)
        names = [indicator.shown_name for indicator in rows]
    assert len(queries) == 1
    assert names[1] == f"（名称なし）施策「{nameless.measures['観光2'].name}」の指標"
    assert names[2] == "来訪者数"
    assert lonely.shown_name == "（名称なし）欠名3の指標"


def test_citizens_are_not_told_of_plans_that_are_not_public(nameless: Cast, client: Client) -> None:
    row = nameless.indicators["欠名"]
    draft = Plan.objects.create(
        organization=nameless.city,
        key="draft",
        name="案",
        status=Plan.Status.DRAFT,
        first_fiscal_year=2024,
        last_fiscal_year=2027,
    )
    level = draft.levels.create(depth=1, name="方針")
    hidden = Measure.objects.create(plan=draft, level=level, name="まだ秘密の施策")
    row.uses.create(plan=draft, role="kpi", measure=hidden, position=0)
    publish_plan(Actor(nameless.coordinator, Channel.PAGE), nameless.plan, {"contact": "DX推進課"})
    for page in ("indicators/", f"indicators/{row.pk}/", f"indicators/{row.pk}/embed/"):
        said = client.get(f"/public/422029/dx/{page}").content.decode()
        assert "（名称なし）事業「" in said, page
        assert "まだ秘密の施策" not in said, page


def test_what_shares_a_name_is_told_apart_by_place_then_department_then_key(cast: Cast) -> None:
    tourism, farming = cast.departments["観光課"], cast.departments["農水産課"]
    rows = [
        cast.indicator("a1", name="件数", department=tourism),
        cast.indicator("a2", name="件数", department=tourism),
        cast.indicator("a3", name="件数", department=farming),
        cast.indicator("a4", name="件数", department=farming),
        cast.indicator("b", name="ほか"),
    ]
    places = dict(zip([row.pk for row in rows], ["甲", "乙", "乙", "乙", "甲"], strict=True))
    apart = told_apart(rows, places)
    assert [apart.get(row.pk) for row in rows] == [
        "甲",
        "乙、観光課",
        "乙、農水産課、a3",
        "乙、農水産課、a4",
        None,
    ]


def test_the_dashboard_tells_them_apart(cast: Cast, sign_in: SignIn) -> None:
    for key, project in (("x1", "観光1-1-7"), ("x2", "観光1-2-2")):
        row = cast.indicator(key, name="活用拠点数", department=cast.departments["観光課"])
        cast.use(row, cast.projects[project], "activity")
        targets(row, y2024=1)
    page = sign_in(cast.viewer).get(reverse("dashboard:logic") + "?fiscal_year=2024")
    for project in ("観光1-1-7", "観光1-2-2"):
        name = cast.projects[project].name
        assert f'<span class="support">{name}</span>' in drawn(page.content.decode())
