"""A synthetic country: every copied city has all that the original has, and nothing of another."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Channel, Organization, Role, RoleAssignment, User
from accounts.models.organizations import validate_organization_code
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.scope import scope_for
from dxportal.rounds.asking import ask
from dxportal.searching.find import find
from kpi.models import Actual, Indicator
from kpi.services import ActualEntry, record_actual
from plans.models import Plan, RoundItem
from projects.models import Placement, Project
from tests.cast import Cast

SignIn = Callable[..., Client]


def make_country(cities: int) -> str:
    out = StringIO()
    call_command("generate_sample", country=True, plan="422029/dx", cities=cities, stdout=out)
    return out.getvalue()


def reader_of(plan: Plan) -> User:
    user = User.objects.create(username="reader", organization=plan.organization)
    RoleAssignment.objects.create(user=user, role=Role.VIEWER, organization=plan.organization)
    return user


def test_each_city_counts_what_the_original_counts(cast: Cast) -> None:
    assert cast.open_cycle is not None
    ask(cast.open_cycle)
    record_actual(
        Actor(cast.editor, Channel.PAGE), cast.indicators["立案数"], 2025, ActualEntry("7"), None
    )
    assert make_country(5).startswith("5 cities, ")
    plans = Plan.objects.filter(key="dx").exclude(organization=cast.other_city)
    assert plans.count() == 4
    assert Project.objects.count() == 4 * 3 + 1
    plan = plans.order_by("pk").last()
    assert plan is not None
    for organization in Organization.objects.all():
        validate_organization_code(organization.code)
    here = QueryDict("fiscal_year=2024")
    reader = reader_of(plan)
    copy, original = (
        Figures(scope_for(reader, plan, here)),
        Figures(scope_for(cast.viewer, cast.plan, here)),
    )
    assert copy.standing.marked() == original.standing.marked() == 2
    assert copy.kpi is not None
    assert original.kpi is not None
    assert copy.kpi.counts == original.kpi.counts
    assert copy.budget.total.amounts.by_stage == original.budget.total.amounts.by_stage
    places = Placement.objects.filter(plan=plan)
    assert {place.project.organization_id for place in places} == {plan.organization_id}
    for item in RoundItem.objects.filter(cycle__plan=plan, kind="actual"):
        assert Indicator.objects.get(pk=item.object_id).organization_id == plan.organization_id
    assert {group.kind.key for group in find(reader, "観光")} >= {"measure", "project"}
    connection.check_constraints()


def test_new_rows_get_numbers_of_their_own(cast: Cast) -> None:
    make_country(4)
    made = Actual.objects.create(indicator=cast.indicators["未入力"], fiscal_year=2026, value=1)
    assert Actual.objects.filter(pk=made.pk).count() == 1


def test_pages_open_in_a_copied_city(cast: Cast, sign_in: SignIn) -> None:
    make_country(3)
    plan = Plan.objects.order_by("pk").last()
    assert plan is not None
    client = sign_in(reader_of(plan))
    for address in (
        reverse("dashboard"),
        reverse("projects:list"),
        reverse("plans:tree", args=[plan.pk]),
    ):
        page = client.get(address)
        assert page.status_code == 200
    assert client.get(reverse("plans:tree", args=[cast.plan.pk])).status_code == 404


def test_a_country_is_made_once_and_larger_than_what_there_is(cast: Cast) -> None:
    with pytest.raises(CommandError, match="more than there are"):
        make_country(2)
    make_country(3)
    with pytest.raises(CommandError, match="already"):
        make_country(9)
