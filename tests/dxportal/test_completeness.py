"""How complete a round is: the same count on every page, whatever is asked for."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Channel, User
from dxportal.rounds.asking import ask
from dxportal.rounds.completeness import completeness
from kpi.services import ActualEntry, record_actual
from plans.models import ReportingCycle, RoundItem
from plans.procedure import submit_package
from projects.services import record_review
from tests.cast import LAST_YEAR, THIS_YEAR, Cast, grow

SignIn = Callable[[User], Client]


@pytest.fixture
def cycle(cast: Cast) -> ReportingCycle:
    """The open round, asking for figures, progress and reviews; some of it is entered."""
    found = cast.open_cycle
    assert found is not None
    found.asks_progress = True
    found.save()
    found.review_levels.set([cast.levels["issue"]])
    ask(found)
    editor = Actor(cast.editor, Channel.PAGE)
    record_actual(editor, cast.indicators["立案数"], THIS_YEAR, ActualEntry("7"), None)
    not_yet = ActualEntry(status="not_yet")
    record_actual(editor, cast.indicators["来訪者"], THIS_YEAR, not_yet, None)
    project = cast.projects["観光1-2-2"]
    record_review(editor, cast.plan, project, THIS_YEAR, {"result": "進めた。"}, None)
    return found


def test_every_page_tells_the_same(cast: Cast, cycle: ReportingCycle, sign_in: SignIn) -> None:
    total = cycle.items.count()
    office = sign_in(cast.coordinator)
    detail = office.get(reverse("rounds:detail", args=[cycle.pk])).context["board"]
    assert (detail.total.total, detail.total.entered) == (total, 3)
    where = f"?plan={cast.plan.pk}&fiscal_year={THIS_YEAR}"
    overview = office.get(reverse("dashboard") + where)
    entry = office.get(reverse("dashboard:entry") + where)
    (home,) = office.get(reverse("home")).context["rounds"]
    for part in (overview.context["round"], entry.context["entry"], home):
        assert (part.total.total, part.total.entered, part.total.not_yet) == (total, 3, 1)
        told = {p.label: (p.total, p.entered) for p in part.departments}
        assert told == {t.name: (t.total, t.entered) for t in detail.departments}
    by_area = {name: (p.total, p.entered) for name, p in entry.context["entry"].areas}
    assert by_area == {t.name: (t.total, t.entered) for t in detail.areas}
    assert f"{total}件のうち3件" in overview.content.decode()


def test_each_count_leads_the_office_to_its_items(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    office = sign_in(cast.coordinator)
    for part in completeness(RoundItem.objects.filter(cycle=cycle))[cycle.pk].departments:
        department = part.department.pk if part.department else 0
        for state, count in (("", part.total), ("untouched", part.missing), ("approved", 0)):
            address = reverse("rounds:detail", args=[cycle.pk])
            page = office.get(f"{address}?department={department}&state={state}")
            assert page.context["page_obj"].paginator.count == count
    # Others read the counts, and are led nowhere that they may not go.
    page = sign_in(cast.viewer).get(reverse("dashboard:entry") + f"?plan={cast.plan.pk}")
    assert reverse("rounds:detail", args=[cycle.pk]) not in page.content.decode()


def test_handed_in_empty_is_entered(cast: Cast, cycle: ReportingCycle) -> None:
    """What is empty is meant to be empty: nobody is asked for it again."""
    tourism = cast.departments["観光課"]
    submit_package(Actor(cast.editor, Channel.PAGE), cycle, tourism)
    found = completeness(RoundItem.objects.filter(cycle=cycle))[cycle.pk]
    (part,) = [part for part in found.departments if part.department == tourism]
    assert (part.percent, part.missing, part.submitted) == (100, 0, part.total)
    assert found.total.percent is not None and found.total.percent < 100


@pytest.mark.parametrize("name", ["dashboard", "dashboard:entry"])
def test_a_year_without_items_says_so(cast: Cast, sign_in: SignIn, name: str) -> None:
    client = sign_in(cast.viewer)

    def text(year: int) -> str:
        return client.get(
            f"{reverse(name)}?plan={cast.plan.pk}&fiscal_year={year}"
        ).content.decode()

    assert "項目ごとの記録がありません" in text(LAST_YEAR)  # settled before there were items
    assert "年度照会は行われていません" in text(LAST_YEAR - 1)


def test_the_queries_do_not_grow(
    cast: Cast, cycle: ReportingCycle, django_assert_num_queries: Callable[[int], object]
) -> None:
    grow(cast, 10)
    ask(cycle)
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        found = completeness(RoundItem.objects.filter(cycle=cycle))
    assert found[cycle.pk].total.total > 40
