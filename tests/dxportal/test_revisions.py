"""Revising a plan: the draft's copies, coming into force, and the old edition as it was."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from accounts import editing
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import AuditEntry, Channel, User
from accounts.versions import StaleVersion
from budgets.models import StatedTotal
from dxportal.planbook.plan_rows import rows_of_plan
from dxportal.planbook.sheets import SHEETS
from dxportal.revisions.services import (
    LEFT_WITH_THE_OLD,
    SHARED,
    coming_into_force,
    copied_sheets,
    put_into_force,
    revise_plan,
)
from kpi.models import Indicator, Target
from kpi.revisions import revise_target
from kpi.series import year_of
from plans.models import Measure, Plan
from plans.services import create_cycle
from projects.models import Placement, Review
from projects.shared_projects import shared_projects
from tests.cast import Cast
from tests.drawn import drawn


def actor(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def revise(cast: Cast, applies_from: int = 2026, **fields: object) -> Plan:
    values = {"key": "dx-2", "name": cast.plan.name, "edition": "令和8年度改定", **fields}
    return revise_plan(actor(cast.coordinator), cast.plan, applies_from=applies_from, **values)  # type: ignore[arg-type]  # all of them are texts


def in_force(cast: Cast) -> Plan:
    draft = revise(cast)
    return put_into_force(actor(cast.coordinator), draft, draft.version)


def test_a_sheet_is_a_plans_own_or_said_not_to_be() -> None:
    """A new sheet must be thought about: what names a plan of its own is copied."""
    own = {sheet.model._meta.label for sheet in copied_sheets()}
    assert own == {
        "kpi.IndicatorUse",
        *(
            f"plans.{name}"
            for name in [
                "Correspondence",
                "GlossaryTerm",
                "Level",
                "Mark",
                "Measure",
                "Phase",
                "PlanRelation",
                "PlanSection",
                "ReferenceItem",
                "ReferenceList",
                "TargetState",
                "TermNote",
            ]
        ),
        *(
            f"projects.{name}"
            for name in [
                "Milestone",
                "Placement",
                "ProjectDepartment",
                "ProjectTag",
                "Tag_measures",
            ]
        ),
    }
    assert len(SHEETS) >= len(copied_sheets()) + len(SHARED | LEFT_WITH_THE_OLD)


def test_a_revision_has_all_rows_of_its_own(cast: Cast) -> None:
    cast.tag.measures.add(cast.measures["観光1"])
    shared_before = (Indicator.objects.count(), Target.objects.count())

    draft = revise(cast)

    assert (draft.status, draft.revises, draft.applies_from) == ("draft", "dx", 2026)
    assert list(draft.fiscal_years) == list(cast.plan.fiscal_years)
    for sheet in copied_sheets():
        old, new = rows_of_plan(cast.plan, sheet), rows_of_plan(draft, sheet)
        assert new.count() == old.count() > 0 or sheet.name == "plan_relations", sheet.name
        assert not set(new.values_list("pk", flat=True)) & set(old.values_list("pk", flat=True))
    keys = lambda plan: set(plan.measures.values_list("key", "parent__key", "level__key"))  # noqa: E731
    assert keys(draft) == keys(cast.plan)
    # Nothing of the copy points back into the old plan.
    assert not Measure.objects.filter(plan=draft, parent__plan=cast.plan).exists()
    assert not Measure.objects.filter(plan=draft, level__plan=cast.plan).exists()
    assert not Placement.objects.filter(plan=draft, measure__plan=cast.plan).exists()
    assert (Indicator.objects.count(), Target.objects.count()) == shared_before
    assert not Review.objects.filter(plan=draft).exists()
    assert not draft.cycles.exists()
    assert not StatedTotal.objects.filter(plan=draft).exists()
    entry = AuditEntry.objects.get(action="plan.revise")
    assert entry.after["施策の複写（件）"] == cast.plan.measures.count()
    assert entry.plan_id == draft.pk


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"key": "dx"}, "key"),
        ({"applies_from": 2031}, "applies_from"),
        ({"applies_from": 2025}, "applies_from"),  # the round of 2025 is open in the old plan
        ({"last_fiscal_year": 2026}, "last_fiscal_year"),  # a phase runs on to 2027
        ({"name": ""}, "name"),
    ],
)
def test_a_refused_revision_leaves_nothing(cast: Cast, fields: dict[str, object], at: str) -> None:
    plans, measures = Plan.objects.count(), Measure.objects.count()
    with pytest.raises(ValidationError) as refused:
        revise(cast, **fields)  # type: ignore[arg-type]  # of the fields above
    assert at in refused.value.message_dict or at == "key"
    assert (Plan.objects.count(), Measure.objects.count()) == (plans, measures)


def test_a_longer_period_is_taken_over(cast: Cast) -> None:
    assert revise(cast, last_fiscal_year=2030).last_fiscal_year == 2030


@pytest.mark.parametrize("person", ["editor", "viewer", "admin", "outsider"])
def test_only_the_office_revises(cast: Cast, person: str) -> None:
    with pytest.raises(PermissionDenied):
        revise_plan(actor(cast.people[person]), cast.plan, "x", "x", "", 2026)
    draft = revise(cast)
    with pytest.raises(PermissionDenied):
        put_into_force(actor(cast.people[person]), draft, draft.version)


def test_the_old_edition_is_locked_and_reads_as_it_did(cast: Cast) -> None:
    project = cast.projects["観光1-1-7"]
    name = project.name
    draft = revise(cast)
    assert coming_into_force(draft).kept_names == cast.plan.placements.count()

    new = put_into_force(actor(cast.coordinator), draft, draft.version)

    cast.plan.refresh_from_db()
    assert (new.status, cast.plan.status) == ("active", "superseded")
    editing.change(actor(cast.coordinator), project, {"name": "ＳＮＳ分析の拡充"}, project.version)
    old_titles = {p.title for p in Placement.objects.filter(plan=cast.plan, project=project)}
    new_titles = {p.title for p in Placement.objects.filter(plan=new, project=project)}
    assert (old_titles, new_titles) == ({name}, {"ＳＮＳ分析の拡充"})
    measure = Measure.objects.get(plan=cast.plan, key="観光1")
    with pytest.raises(Locked):
        editing.change(actor(cast.coordinator), measure, {"name": "別"}, measure.version)
    copy = Measure.objects.get(plan=new, key="観光1")
    editing.change(actor(cast.coordinator), copy, {"name": "別"}, copy.version)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"plan.supersede", "plan.put_into_force"} <= actions


def test_two_drafts_of_one_plan_cannot_both_win(cast: Cast) -> None:
    first, second = revise(cast), revise(cast, key="dx-3")
    put_into_force(actor(cast.coordinator), first, first.version)
    with pytest.raises(ValidationError, match="すでにほかの改定"):
        put_into_force(actor(cast.coordinator), second, second.version)
    with pytest.raises(Locked):
        revise(cast, key="dx-4")
    second.refresh_from_db()
    assert second.status == "draft"


def test_a_draft_that_changed_meanwhile_is_not_put_into_force(cast: Cast) -> None:
    draft = revise(cast)
    with pytest.raises(StaleVersion):
        put_into_force(actor(cast.coordinator), draft, draft.version + 1)
    cast.plan.refresh_from_db()
    assert cast.plan.status == "active"


def test_a_round_that_came_since_stands_in_the_way(cast: Cast) -> None:
    draft = revise(cast)
    create_cycle(actor(cast.coordinator), cast.plan, 2026)
    with pytest.raises(ValidationError, match="令和8年度（年次・準備）"):
        put_into_force(actor(cast.coordinator), draft, draft.version)


def test_rounds_of_the_new_years_belong_to_the_new_plan(cast: Cast) -> None:
    new = in_force(cast)
    cast.plan.refresh_from_db()
    with pytest.raises(ValidationError, match="令和8年度からの照会は、改定後の"):
        create_cycle(actor(cast.coordinator), cast.plan, 2026)
    create_cycle(actor(cast.coordinator), cast.plan, 2023)
    create_cycle(actor(cast.coordinator), new, 2026)


def test_each_edition_shows_its_own_targets(cast: Cast) -> None:
    draft = revise(cast)
    indicator = cast.indicators["立案数"]
    target = indicator.targets.get(fiscal_year=2026)
    revise_target(actor(cast.coordinator), target, {"value": 20}, draft, target.version)

    old = year_of(indicator, 2026, cast.plan.later_editions)
    new = year_of(indicator, 2026, draft.later_editions)
    assert (old.target_text, new.target_text) == ("8", "20")
    # One that only the revision sets is none of the old plan's.
    Target.objects.create(indicator=indicator, fiscal_year=2028, value=9, revised_in="dx-2")
    assert year_of(indicator, 2028, cast.plan.later_editions).target is None
    assert year_of(indicator, 2028, draft.later_editions).target_text == "9"


def test_the_pages_of_the_old_plan_show_its_targets(
    cast: Cast, sign_in: Callable[[User], Client]
) -> None:
    new = in_force(cast)
    indicator = cast.indicators["立案数"]
    target = indicator.targets.get(fiscal_year=2026)
    revise_target(actor(cast.coordinator), target, {"value": 765}, new, target.version)
    client = sign_in(cast.viewer)
    for plan, shown in ((cast.plan, False), (new, True)):
        measure = Measure.objects.get(plan=plan, key="観光1")
        page = client.get(reverse("plans:measure", args=[measure.pk])).content.decode()
        assert ("765" in page) is shown


def test_editions_know_each_other(cast: Cast) -> None:
    first, second = revise(cast), revise(cast, key="dx-3")
    plan = Plan.objects.get(pk=cast.plan.pk)
    assert plan.later_editions == {"dx-2", "dx-3"}
    assert first.later_editions == frozenset()
    assert second.other_editions == {"dx", "dx-2"}
    # Whoever asks what stands in other plans too is not told of every project's other edition.
    assert shared_projects(cast.viewer, plan) == []
    # Keys in a circle, as an import might bring them, end somewhere.
    Plan.objects.filter(pk=plan.pk).update(revises="dx-2")
    assert Plan.objects.get(pk=plan.pk).later_editions == {"dx-2", "dx-3"}


# Pages

SignIn = Callable[[User], Client]
FORM = {
    "name": "DX戦略実行計画",
    "edition": "令和8年度改定",
    "applies_from": 2026,
    "last_fiscal_year": 2027,
    "key": "dx-2",
}


def text_of(client: Client, name: str, plan: Plan) -> str:
    return client.get(reverse(name, args=[plan.pk])).content.decode()


def test_the_office_revises_by_pages_alone(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.coordinator)
    answer = client.post(reverse("plans:revise", args=[cast.plan.pk]), FORM)
    draft = Plan.objects.get(key="dx-2")
    assert answer.url == reverse("plans:tree", args=[draft.pk])
    assert "まだ施行されていない計画です" in text_of(client, "plans:tree", draft)
    assert "すでに改定案があります" in text_of(client, "plans:revise", cast.plan)

    force = reverse("plans:put_into_force", args=[draft.pk])
    assert f'name="version" value="{draft.version}"' in client.get(force).content.decode()
    assert client.post(force, {"version": draft.version}).status_code == 302

    old = text_of(sign_in(cast.viewer), "plans:tree", cast.plan)
    assert "旧版です" in old
    assert f'令和8年度からは「<a href="{reverse("plans:tree", args=[draft.pk])}">' in drawn(old)
    assert "旧版です" not in text_of(client, "plans:tree", draft)
    assert "改定できません" in text_of(client, "plans:revise", cast.plan)


def test_an_earlier_year_leads_to_the_edition_that_has_its_reviews(
    cast: Cast, sign_in: SignIn
) -> None:
    new = in_force(cast)
    client = sign_in(cast.viewer)
    there = f"{reverse('plans:tree', args=[cast.plan.pk])}?fiscal_year=2024"
    for name in ("plans:tree", "dashboard"):
        args = [new.pk] if name == "plans:tree" else []
        for year, said in ((2024, True), (2026, False)):
            shown = client.get(reverse(name, args=args), {"plan": new.pk, "fiscal_year": year})
            assert (there in shown.content.decode()) is said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("key", "dx", "ほかの計画で使われています"),
        ("applies_from", 2025, "令和7年度（年次・入力中）"),
        ("last_fiscal_year", 2026, "期「R4～R9」が令和9年度まであります"),
        ("edition", "", "この項目は必須です"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_kept(
    cast: Cast, sign_in: SignIn, field: str, value: object, said: str
) -> None:
    address = reverse("plans:revise", args=[cast.plan.pk])
    answer = sign_in(cast.coordinator).post(
        address, {**FORM, "name": "書きかけの名称", field: value}
    )
    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[field])
    assert "書きかけの名称" in answer.content.decode()
    assert not Plan.objects.filter(key="dx-2").exists()


def test_a_draft_that_somebody_changed_is_shown_again(cast: Cast, sign_in: SignIn) -> None:
    draft = revise(cast)
    client = sign_in(cast.coordinator)
    force = reverse("plans:put_into_force", args=[draft.pk])
    answer = client.post(force, {"version": 7})
    assert answer.status_code == 409
    assert "ほかの人が先に" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_what_stands_against_it_is_said_beforehand(cast: Cast, sign_in: SignIn) -> None:
    draft = revise(cast)
    create_cycle(actor(cast.coordinator), cast.plan, 2026)
    client = sign_in(cast.coordinator)
    force = reverse("plans:put_into_force", args=[draft.pk])
    page = client.get(force).content.decode()
    assert "令和8年度（年次・準備）" in page
    assert '<button class="button button--primary" type="submit">施行する' not in page
    assert client.post(force, {"version": draft.version}).status_code == 422


def test_who_may_only_read_is_not_offered_to_revise(cast: Cast, sign_in: SignIn) -> None:
    draft = revise(cast)
    for person, offered in ((cast.viewer, False), (cast.coordinator, True)):
        page = text_of(sign_in(person), "plans:compare", draft)
        assert (reverse("plans:put_into_force", args=[draft.pk]) in page) is offered
        assert (reverse("plans:revise", args=[draft.pk]) in page) is offered


def test_a_revision_comes_into_force_by_its_own_verb_alone(cast: Cast) -> None:
    draft = revise(cast)
    with pytest.raises(ValidationError, match="施行する"):
        editing.change(actor(cast.coordinator), draft, {"status": "active"}, draft.version)
