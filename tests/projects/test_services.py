"""Reviews: who may write them, when, and what happens to two writers."""

from functools import partial

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import AuditEntry, Channel
from accounts.versions import StaleVersion
from projects.models import Review
from projects.services import departments_in_charge, record_review, record_stage
from tests.cast import LAST_YEAR, THIS_YEAR, Cast


def as_(user) -> Actor:
    return Actor(user, Channel.PAGE)


def test_who_leads_the_projects_below_answers_for_a_measure(cast: Cast) -> None:
    assert departments_in_charge(cast.measures["教育"]) == {cast.departments["教育委員会"].pk}
    cast.measures["教育"].department = cast.departments["DX推進課"]
    assert departments_in_charge(cast.measures["教育"]) == {cast.departments["DX推進課"].pk}
    project = cast.projects["観光1-1-7"]
    assert departments_in_charge(project) >= {cast.departments["観光課"].pk}


def test_a_review_is_written_and_only_what_is_named_changes(cast: Cast) -> None:
    area, mark = cast.measures["観光1"], cast.marks["behind"]
    first = record_review(
        as_(cast.editor), cast.plan, area, THIS_YEAR, {"goal": "目標", "mark": mark}, None
    )
    second = record_review(as_(cast.editor), cast.plan, area, THIS_YEAR, {"result": "結果"}, 1)
    assert (second.pk, second.goal, second.result, second.version) == (first.pk, "目標", "結果", 2)
    assert second.is_behind
    entry = AuditEntry.objects.of(second).first()
    assert (entry.before, entry.after) == ({"result": ""}, {"result": "結果"})


@pytest.mark.parametrize("name", ["approver", "coordinator", "viewer", "admin", "outsider"])
def test_nobody_else_reviews(cast: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        record_review(
            as_(cast.people[name]),
            cast.plan,
            cast.measures["観光1"],
            THIS_YEAR,
            {"goal": "x"},
            None,
        )


def test_another_departments_measure_and_another_plan_are_refused(cast: Cast) -> None:
    for thing in (cast.measures["教育1"], cast.measures["他市"], cast.projects["他市"]):
        with pytest.raises(PermissionDenied):
            record_review(as_(cast.editor), cast.plan, thing, THIS_YEAR, {"goal": "x"}, None)


def test_a_project_that_is_not_in_the_plan_is_refused(cast: Cast) -> None:
    project = cast.projects["観光1-1-7"]
    project.placements.all().delete()
    with pytest.raises(PermissionDenied):
        record_review(as_(cast.editor), cast.plan, project, THIS_YEAR, {"goal": "x"}, None)


def test_a_published_year_is_locked(cast: Cast) -> None:
    with pytest.raises(Locked, match="公表"):
        record_review(
            as_(cast.editor), cast.plan, cast.measures["観光1"], LAST_YEAR, {"goal": "x"}, 1
        )


def test_the_slower_writer_is_told(cast: Cast) -> None:
    area = cast.measures["観光1"]
    record_review(as_(cast.editor), cast.plan, area, THIS_YEAR, {"goal": "先"}, None)
    with pytest.raises(StaleVersion) as stale:
        record_review(as_(cast.editor), cast.plan, area, THIS_YEAR, {"goal": "後"}, None)
    assert stale.value.current.goal == "先"
    assert Review.objects.get(measure=area, fiscal_year=THIS_YEAR).goal == "先"


def test_an_unknown_field_and_a_foreign_mark_are_refused(cast: Cast) -> None:
    area = cast.measures["観光1"]
    with pytest.raises(ValidationError) as refused:
        record_review(as_(cast.editor), cast.plan, area, THIS_YEAR, {"plan": 1}, None)
    assert "plan" in refused.value.message_dict
    foreign = cast.other_plan.marks.create(key="x", symbol="x", label="x")
    with pytest.raises(ValidationError) as refused:
        record_review(as_(cast.editor), cast.plan, area, THIS_YEAR, {"mark": foreign}, None)
    assert "mark" in refused.value.message_dict


def test_a_stage_that_was_not_planned_is_taken_back_and_the_log_keeps_it(cast: Cast) -> None:
    project = cast.projects["観光1-2-2"]
    write = partial(record_stage, as_(cast.editor), cast.plan, project, THIS_YEAR)
    made = write("build", None)
    number = made.pk
    write("", made.version)
    assert not project.schedule.filter(fiscal_year=THIS_YEAR).exists()
    taken_back = AuditEntry.objects.filter(action="schedule.record", object_id=number).first()
    # With its place, so that a past day can be shown again.
    assert taken_back.before == {
        "actual": "build",
        "project": project.pk,
        "fiscal_year": THIS_YEAR,
    }
    assert taken_back.after == {}
