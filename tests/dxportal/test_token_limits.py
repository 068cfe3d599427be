"""A token of one plan, in a city whose plans share projects and figures."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts import editing, policy
from accounts.audit import Actor
from accounts.models import Channel, User
from accounts.policy import Act
from accounts.querysets import OrganizationScoped
from accounts.tokens import Limits, issue_token
from dxportal.urls.api import RESOURCES
from kpi.models import Indicator, IndicatorUse
from plans.models import Level, Mark, Measure, Plan
from projects.models import Placement, Project, ProjectDepartment, ProjectSuccession, Review
from tests.api import Caller
from tests.cast import THIS_YEAR, Cast


class Shared:
    """A second plan of the city; a project and a figure in both, and one of each in it alone."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.other = Plan.objects.create(
            organization=cast.city,
            key="second",
            name="総合計画",
            first_fiscal_year=2024,
            last_fiscal_year=2027,
        )
        level = Level.objects.create(plan=self.other, name="分野", depth=1)
        self.measure = Measure.objects.create(
            plan=self.other, level=level, key="m", name="総合計画の施策"
        )
        self.project = cast.projects["観光1-1-7"]
        self.place = Placement.objects.create(
            plan=self.other,
            measure=self.measure,
            project=self.project,
            code="000秘",
            is_leading=True,
        )
        ProjectDepartment.objects.create(
            plan=self.other, project=self.project, department=cast.departments["教育委員会"]
        )
        mark = Mark.objects.create(
            plan=self.other, key="stopped", symbol="×", label="中止", position=9
        )
        Review.objects.create(
            plan=self.other, project=self.project, fiscal_year=THIS_YEAR, mark=mark, result="秘密"
        )
        self.elsewhere = Project.objects.create(organization=cast.city, key="else", name="別の事業")
        Placement.objects.create(
            plan=self.other, measure=self.measure, project=self.elsewhere, code="001"
        )
        ProjectSuccession.objects.create(
            predecessor=self.elsewhere, successor=self.project, fiscal_year=THIS_YEAR
        )
        self.indicator = cast.indicators["来訪者"]
        IndicatorUse.objects.create(
            plan=self.other, indicator=self.indicator, measure=self.measure, role="outcome"
        )
        self.hidden = Indicator.objects.create(
            organization=cast.city, key="hidden", name="別の指標", direction="increase"
        )
        IndicatorUse.objects.create(
            plan=self.other, indicator=self.hidden, measure=self.measure, role="outcome"
        )

    def token(self, user: User, **limits: Any) -> Caller:
        limits = {"scope": "write", "plan_ids": [self.cast.plan.pk], **limits}
        return Caller(secret=issue_token(Actor.system(), user, "試験", Limits(**limits))[1])


# Of the whole city, and shut for tokens of some of its plans.
OF_THE_CITY = (
    *("books", "report-templates", "column-mappings", "saved-views", "notices", "tokens"),
    *("webhooks", "webhook-origins", "webhook-deliveries"),
)


@pytest.fixture
def shared(cast: Cast) -> Shared:
    return Shared(cast)


def test_no_row_no_filter_and_no_order_tells_of_the_other_plan(cast: Cast, shared: Shared) -> None:
    caller, person = shared.token(cast.coordinator), Caller(cast.coordinator)
    row = caller.get(f"projects/{shared.project.pk}/").json()
    assert {link["plan"] for link in row["departments"]} == {cast.plan.pk}
    assert row["predecessors"] == []
    by_role = [
        {row["id"] for row in who.rows("indicators/?role=outcome")} for who in (caller, person)
    ]
    assert [shared.indicator.pk in found for found in by_role] == [False, True]
    education = cast.departments["教育委員会"].pk
    # What the person finds by each of these, the token does not: it would say what it may not see.
    for found_by in (
        "projects/?q=000秘",
        "search/?q=000秘",
        "projects/?mark=stopped",
        f"indicators/?measure={shared.measure.pk}",
        "indicators/?q=総合計画の施策",
        f"reviews/?plan={shared.other.pk}",
    ):
        assert person.get(found_by).json()["results"], found_by
        answer = caller.get(found_by)
        assert answer.status_code == 400 or not answer.json()["results"], found_by
    for found_by in ("projects/", "budgets/", "schedule/", "placements/"):
        rows = caller.rows(f"{found_by}?department={education}")
        assert shared.project.pk not in {row.get("project", row["id"]) for row in rows}
    leading = {row["id"] for row in caller.rows("projects/?is_leading=true")}
    assert leading == set(
        Placement.objects.filter(plan=cast.plan, is_leading=True).values_list("project", flat=True)
    )
    by_code = [row["id"] for row in person.rows("projects/?ordering=code")]
    assert by_code[0] == shared.project.pk
    assert caller.rows("projects/?ordering=code")[0]["id"] != shared.project.pk


def test_what_both_plans_share_is_written_and_what_stands_in_the_other_is_not(
    cast: Cast, shared: Shared
) -> None:
    caller = shared.token(cast.editor)
    figure = {"fiscal_year": THIS_YEAR, "value": "1"}
    assert caller.post("actuals/", {"indicator": shared.indicator.pk, **figure}).status_code == 201
    assert caller.post("actuals/", {"indicator": shared.hidden.pk, **figure}).status_code == 404
    review = {"plan": shared.other.pk, "project": shared.project.pk, "fiscal_year": THIS_YEAR}
    assert caller.post("reviews/", {**review, "goal": "x"}).status_code == 404


def test_what_is_made_for_a_plan_is_made_with_a_token_of_it(cast: Cast, shared: Shared) -> None:
    """A project with its place, an indicator with what uses it; nothing for the other plan."""
    caller, plan = shared.token(cast.coordinator), cast.plan.pk
    own, other = cast.measures["観光1-1"].pk, shared.measure.pk
    city = cast.departments["観光課"].pk
    new = {"plan": plan, "name": "新しい事業", "measure": own, "department": city}
    project = caller.post("projects/", new)
    assert project.status_code == 201, project.json()
    made = Project.objects.get(pk=project.json()["id"])
    assert [place.plan_id for place in made.placements.all()] == [plan]
    for used_by in ({"measure": own}, {"project": made.pk}):
        answer = caller.post("indicators/", {"plan": plan, "name": str(used_by), **used_by})
        assert answer.status_code == 201, answer.json()
        assert IndicatorUse.objects.get(indicator=answer.json()["id"]).plan_id == plan
    before = Project.objects.count(), Indicator.objects.count()
    for path, body, status in (
        ("projects/", {"plan": shared.other.pk, "name": "x", "measure": other}, 400),
        ("projects/", {"plan": plan, "name": "x", "measure": other}, 400),
        ("projects/", {**new, "parent": shared.elsewhere.pk}, 400),
        ("indicators/", {"plan": plan, "name": "x"}, 403),
        ("indicators/", {"plan": plan, "name": "x", "project": shared.elsewhere.pk}, 400),
        ("placements/", {"plan": plan, "project": shared.elsewhere.pk, "measure": own}, 400),
    ):
        assert caller.post(path, body).status_code == status, (path, body)
    assert (Project.objects.count(), Indicator.objects.count()) == before


def test_rows_of_one_act_open_nothing_of_another_plan(cast: Cast, shared: Shared) -> None:
    """What is named beside is exempt for itself alone, and must lead into the token's plan."""
    shared.token(cast.coordinator)
    user = User.objects.get(pk=cast.coordinator.pk)
    user.token = user.api_tokens.get()
    actor, own = Actor(user, Channel.API, user.token), cast.measures["観光1-1"]
    new = Project(organization=cast.city, key="new", name="新しい事業")
    assert policy.allows(actor, Act.MANAGE, cast.city.pk, on=new, beside=[own])
    assert not policy.allows(actor, Act.MANAGE, cast.city.pk, on=new, beside=[shared.measure])
    below = Project(organization=cast.city, key="n", name="n", parent=shared.elsewhere)
    assert not policy.allows(actor, Act.MANAGE, cast.city.pk, on=below, beside=[own])
    place = Placement(plan=shared.other, measure=shared.measure, project=shared.project)
    assert not policy.allows(actor, Act.MANAGE, cast.city.pk, on=place, beside=[shared.project])


def test_a_deletion_takes_nothing_of_the_other_plan_along(cast: Cast, shared: Shared) -> None:
    caller = shared.token(cast.coordinator)
    use = shared.indicator.uses.get(plan=cast.plan)
    use.delete()
    spare = Project.objects.create(organization=cast.city, key="both", name="両方の事業")
    for plan, measure in ((cast.plan, cast.measures["観光1-1"]), (shared.other, shared.measure)):
        Placement.objects.create(plan=plan, measure=measure, project=spare, code="9")
    actor_user = User.objects.get(pk=cast.coordinator.pk)
    actor_user.token = actor_user.api_tokens.get()
    actor = Actor(actor_user, Channel.API, actor_user.token)
    with pytest.raises(PermissionDenied, match="このトークンの対象の計画の外"):
        policy.require_within_plans(actor, list(spare.placements.all()), "削除")
    answer = caller.delete(f"projects/{spare.pk}/?version=1")
    assert answer.status_code in (400, 403)
    assert spare.placements.count() == 2


def test_a_verb_that_is_not_told_the_row_refuses_a_token_of_some_plans(
    cast: Cast, shared: Shared
) -> None:
    """So a page's verb that no API call reaches today is shut when one does."""
    shared.token(cast.coordinator)
    user = User.objects.get(pk=cast.coordinator.pk)
    user.token = user.api_tokens.get()
    actor = Actor(user, Channel.API, user.token)
    assert not policy.allows(actor, Act.MANAGE, cast.city.pk)
    assert policy.allows(actor, Act.MANAGE, cast.city.pk, on=cast.plan)
    assert not policy.allows(actor, Act.MANAGE, cast.city.pk, on=shared.other)
    own = cast.measures["観光1"]
    with pytest.raises(PermissionDenied):
        editing.create(actor, IndicatorUse(plan=cast.plan, indicator=shared.hidden, measure=own))


def test_a_token_of_one_resource_sees_what_its_rows_point_to_and_no_more(
    cast: Cast, shared: Shared
) -> None:
    caller = shared.token(cast.editor, resources=["actuals"])
    pk = cast.indicators["立案数"].pk
    figure = {"indicator": pk, "fiscal_year": THIS_YEAR, "value": "1"}
    assert caller.post("actuals/", figure).status_code == 201
    year = f"fiscal_year={THIS_YEAR}"
    assert len(caller.rows(f"actuals/?indicator={pk}&plan={cast.plan.pk}&{year}")) == 1
    refused = caller.get(f"indicators/{pk}/")
    assert refused.status_code == 403
    assert "actuals" in refused.json()["detail"]
    assert caller.get(f"actuals/?indicator={pk}&expand=indicator").status_code == 403
    both = shared.token(cast.viewer, scope="read", resources=["actuals", "indicators"])
    assert both.rows(f"actuals/?indicator={pk}&expand=indicator")[0]["expanded"]["indicator"]
    # A project is not what an actual points to, so it is not even a choice to filter by.
    assert caller.get(f"actuals/?project={shared.project.pk}").status_code == 400


def test_a_token_of_one_city_leaves_out_the_others_of_its_user(cast: Cast) -> None:
    cast.coordinator.role_assignments.create(role="viewer", organization=cast.other_city)
    _, secret = issue_token(
        Actor.system(), cast.coordinator, "県", Limits(organization_ids=[cast.other_city.pk])
    )
    found = Caller(secret=secret).rows("plans/")
    assert [row["organization"] for row in found] == [cast.other_city.pk]


def test_an_answer_is_not_given_again_to_a_token_with_other_limits(
    cast: Cast, shared: Shared
) -> None:
    path, key = "actuals/", {"Idempotency-Key": "k-1"}
    body = {"indicator": cast.indicators["立案数"].pk, "fiscal_year": THIS_YEAR, "value": "1"}
    first = shared.token(cast.editor)
    same_limits, others = shared.token(cast.editor), shared.token(cast.editor, plan_ids=[])
    made = first.call("POST", path, body, **key)
    assert made.status_code == 201
    # As after a rotation: the secret is another one, and what may be seen is the same.
    again = same_limits.call("POST", path, body, **key)
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    assert others.call("POST", path, body, **key).status_code == 422


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_kind_of_rows_says_how_it_stands_in_plans(cast: Cast, resource: str) -> None:
    """Else a token of a plan would see none of them, and nobody would know why."""
    rows = RESOURCES[resource].queryset
    assert isinstance(rows, OrganizationScoped)
    says_itself = type(rows).within_plans is not OrganizationScoped.within_plans
    says = rows.plan_path or rows._path_through_plan() or says_itself
    assert bool(says) == (resource not in OF_THE_CITY)
