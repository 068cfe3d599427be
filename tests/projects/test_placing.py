"""Moving a project's place in the plan's tree."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.audit import Actor
from accounts.models import Channel
from accounts.versions import StaleVersion
from projects.models import Milestone, Placement, ProjectTag
from projects.placing import move_placement, plan_placement_move
from tests.cast import Cast


def by(cast: Cast, person: str = "coordinator") -> Actor:
    return Actor(cast.people[person], Channel.PAGE)


def test_a_placement_moves_with_what_is_written_of_it_there(cast: Cast) -> None:
    here, there = cast.measures["観光1"], cast.measures["教育1"]
    first = cast.project("甲", there, "観光課")
    project = cast.project("乙", here, "観光課")
    Milestone.objects.create(measure=here, project=project, first_fiscal_year=2025, text="はじめる")
    ProjectTag.objects.create(tag=cast.tag, project=project, measure=here)
    place = Placement.objects.get(project=project)
    assert plan_placement_move(place, there, 0).going_along == ["年次の予定1件", "事業のタグ1件"]
    move_placement(by(cast), place, there, 0, place.version)
    rows = list(Placement.objects.filter(measure=there).order_by("position", "id"))
    assert rows[0].project == project and first in [row.project for row in rows]
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    assert Milestone.objects.get(text="はじめる").measure == there
    assert ProjectTag.objects.get(project=project).measure == there


def test_a_placement_is_not_put_twice_under_a_measure(cast: Cast) -> None:
    here, there = cast.measures["観光1"], cast.measures["教育1"]
    project = cast.project("甲", here, "観光課")
    Placement.objects.create(
        plan=cast.plan, measure=there, project=project, code="甲", is_primary=False
    )
    place = Placement.objects.get(project=project, measure=here)
    with pytest.raises(ValidationError, match="すでに掲載されています"):
        move_placement(by(cast), place, there, 0, place.version)
    with pytest.raises(PermissionDenied):
        move_placement(by(cast, "editor"), place, there, 0, place.version)
    with pytest.raises(StaleVersion):
        move_placement(by(cast), place, there, 0, place.version + 1)
    place.refresh_from_db()
    assert place.measure == here
