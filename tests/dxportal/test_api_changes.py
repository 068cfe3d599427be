"""The change feed: every write is told, whatever made it, in an order without gaps."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import RoleAssignment, User
from dxportal.feed import noted, pruning, triggers
from dxportal.feed.reading import changes_since, current_position
from dxportal.models import RowChange
from dxportal.planbook.loader import load_plan
from dxportal.urls.api import RESOURCES
from kpi.models import Actual, Indicator
from tests.api import Caller, one_row_of_everything
from tests.cast import Cast, make_cast

PATIENCE = 120
FIXTURE = Path(__file__).parents[2] / "fixtures/omura-dx-plan"


class Follower:
    """A system that keeps to the feed."""

    def __init__(self, user: Any) -> None:
        self.caller = Caller(user)
        self.address = self.caller.get("changes/").json()["next"]

    def told(self) -> set[tuple[str, int, str]]:
        found: set[tuple[str, int, str]] = set()
        while True:
            page = self.caller.get(self.address.removeprefix("http://testserver")).json()
            found |= {(row["resource"], row["id"], row["change"]) for row in page["results"]}
            self.address = page["next"]
            if not page["has_more"]:
                return found


@pytest.fixture
def viewer(cast: Cast) -> Follower:
    return Follower(cast.viewer)


def test_writes_of_every_resource_are_noted() -> None:
    models = {name: view.queryset.model for name, view in RESOURCES.items()}
    told = {one.resource for one in noted.noted(models)}
    assert told == set(RESOURCES) - noted.NOT_NOTED


def test_the_first_rows_of_everything_are_told(cast: Cast, files: Path, viewer: Follower) -> None:
    made = one_row_of_everything(cast)
    told = {(name, pk) for name, pk, change in viewer.told() if change == "saved"}
    for name in ("actuals", "reviews", "budgets", "submissions", "items", "evidence", "reports"):
        assert (name, made[name]) in told, name
    assert ("plans", cast.plan.pk) in told  # its glossary has grown
    assert viewer.told() == set()


def test_what_services_never_see_is_told_too(cast: Cast, viewer: Follower) -> None:
    """UPDATEs of many rows, rows made in bulk, and all that goes along when one is deleted."""
    indicator = cast.indicators["来訪者"]
    Actual.objects.filter(indicator=indicator).update(note="まとめて")
    many = Indicator.objects.bulk_create(
        Indicator(organization=cast.city, key=f"B{n}", name="束", direction="increase")
        for n in range(3)
    )
    told = viewer.told()
    assert {("actuals", a.pk, "saved") for a in indicator.actuals.all()} <= told
    assert {("indicators", one.pk, "saved") for one in many} <= told
    use = cast.indicators["苦情"].uses.first()
    alias = cast.projects["観光1-1-7"].aliases.create(name="旧名")
    shown_in = ("projects", cast.projects["観光1-1-7"].pk, "saved")
    assert viewer.told() == {("project-aliases", alias.pk, "saved"), shown_in}
    gone = {("project-aliases", alias.pk, "deleted"), ("indicator-uses", use.pk, "deleted")}
    alias.delete()
    use.delete()
    assert viewer.told() == {shown_in, *gone}


def test_a_row_says_how_it_stands_now(cast: Cast, viewer: Follower) -> None:
    made = cast.indicator("束の間")
    pk = made.pk
    made.delete()
    assert viewer.told() == {("indicators", pk, "deleted")}
    cast.indicator("束の間", pk=pk)  # as `restore` gives it back
    assert viewer.told() == {("indicators", pk, "saved")}


def test_what_is_undone_was_never_told(cast: Cast, viewer: Follower) -> None:
    with transaction.atomic():
        cast.indicator("試し")
        transaction.set_rollback(True)
    assert viewer.told() == set()


def test_an_import_is_told_row_by_row(cast: Cast) -> None:
    loaded = load_plan(Actor.system(), FIXTURE).plan
    reader = User.objects.create(username="reader", organization=loaded.organization)
    RoleAssignment.objects.create(user=reader, role="viewer", organization=loaded.organization)
    follower = Follower(reader)
    follower.address = "/api/v1/changes/?since=0&page_size=400"
    told = follower.told()
    for name in ("plans", "levels", "measures", "indicators", "actuals"):
        rows = Caller(reader).rows(f"{name}/?page_size=1000")
        assert {(name, row["id"], "saved") for row in rows} <= told and rows, name


def test_nobody_learns_of_another_city(cast: Cast) -> None:
    viewer, outsider = Follower(cast.viewer), Follower(cast.outsider)
    made = cast.indicator("市内")
    assert viewer.told() == {("indicators", made.pk, "saved")}
    pk = made.pk
    made.delete()
    assert viewer.told() == {("indicators", pk, "deleted")}
    assert outsider.told() == set()


@pytest.mark.parametrize(
    "query", ["since=-1", "since=x", "since=９", "since=", "sinse=1", "since=1" + "0" * 40]
)
def test_a_position_that_makes_no_sense_is_refused(cast: Cast, query: str) -> None:
    response = Caller(cast.viewer).get(f"changes/?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.split("=")[0]


def test_a_position_of_the_future_is_refused(cast: Cast) -> None:
    position = Caller(cast.viewer).get("changes/").json()["position"]
    response = Caller(cast.viewer).get(f"changes/?since={position + 1}")
    assert "この位置はまだありません" in response.json()["detail"]


def test_old_changes_are_forgotten_and_old_positions_say_so(cast: Cast, settings: Any) -> None:
    settings.API_FEED_KEPT_DAYS = 30
    viewer = Caller(cast.viewer)
    old = viewer.get("changes/").json()["position"]
    for name in ("一", "二", "三"):
        cast.indicator(name)
    before = viewer.get("changes/").json()["position"]
    RowChange.objects.filter(pk__lte=before).update(at=timezone.now() - timedelta(days=31))
    late = cast.indicator("四")
    assert pruning.forget_old_changes() > 0
    assert pruning.forget_old_changes() == 0  # the mark stays, and is no change
    for position in (0, old, before - 1):
        gone = viewer.get(f"changes/?since={position}")
        assert gone.status_code == 410
        assert gone.json()["type"] == "/api/v1/problems/gone/"
    found = viewer.get(f"changes/?since={before}").json()["results"]
    assert [(row["resource"], row["id"]) for row in found] == [("indicators", late.pk)]
    RowChange.objects.all().update(at=timezone.now() - timedelta(days=31))
    pruning.forget_old_changes()
    last = viewer.get("changes/").json()["position"]
    assert last == before + 1  # positions go on although nothing is remembered
    assert viewer.get(f"changes/?since={last}").json()["results"] == []


def test_nothing_is_forgotten_before_its_time(cast: Cast) -> None:
    assert pruning.forget_old_changes() == 0
    assert Caller(cast.viewer).get("changes/?since=0").status_code == 200


def test_the_triggers_are_made_once_and_made_anew_where_they_are_missing(db: None) -> None:
    wanted = list(noted.noted({name: view.queryset.model for name, view in RESOURCES.items()}))
    with connection.cursor() as cursor:
        made = triggers._those_there(cursor)
        one = next(iter(made))
        of_table = "" if connection.vendor == "sqlite" else f" ON {made[one]}"
        cursor.execute(f"DROP TRIGGER {one}{of_table}")
        triggers.install(wanted)
        assert triggers._those_there(cursor) == made


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_a_late_commit_is_not_passed_by() -> None:
    """Two writers: the first takes its numbers first and commits last."""
    cast = make_cast()
    position = current_position()
    has_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            cast.indicator("遅い")
            has_written.set()
            may_commit.wait(PATIENCE)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    assert has_written.wait(PATIENCE)
    quick = cast.indicator("速い")
    before = changes_since(cast.viewer, position, 100)
    assert before.told == [] and before.position < RowChange.objects.latest("pk").pk
    may_commit.set()
    writer.join()
    after = changes_since(cast.viewer, before.position, 100)
    late = cast.indicators["遅い"]
    assert {told.id for told in after.told} == {late.pk, quick.pk}
    assert after.position == RowChange.objects.latest("pk").pk


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_followers_of_many_writers_miss_nothing() -> None:
    """Each writer holds its transaction for a while, or gives up; the reader never waits."""
    cast = make_cast()
    position, told = current_position(), set()
    written: set[int] = set()

    def write(number: int) -> None:
        for turn in range(15):
            with transaction.atomic():
                made = Indicator.objects.create(
                    organization=cast.city, key=f"{number}-{turn}", name="x", direction="increase"
                )
                if turn % 5 == 4:
                    transaction.set_rollback(True)
                else:
                    threading.Event().wait(0.001 * (number % 3))
                    written.add(made.pk)
        connection.close()

    writers = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers) or not told:
        found = changes_since(cast.viewer, position, 7)
        told |= {one.id for one in found.told if one.resource == "indicators"}
        position = found.position
    while True:
        found = changes_since(cast.viewer, position, 7)
        told |= {one.id for one in found.told}
        position = found.position
        if not found.has_more:
            break
    assert written <= told
    assert settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
