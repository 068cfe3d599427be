"""長崎市 総合計画 実施計画 H章（令和7年度）: what the document has, counted in the database."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from accounts.audit import Actor
from dxportal.planbook.loader import load_plan
from plans.models import Plan, TargetState
from projects.models import Milestone, Placement, Project, ProjectDepartment, ProjectTag

BOOK = Path(settings.BASE_DIR) / "fixtures" / "nagasaki-action-plan-r7-h"

# The database is made for modules that ask for it; each test runs inside the load below.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def plan(django_db_setup: None, django_db_blocker) -> Plan:
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_plan(Actor.system(), BOOK).plan
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _rows(plan: Plan, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def test_the_tree_has_3_7_and_21_measures(plan: Plan) -> None:
    levels = Counter(plan.measures.values_list("level__name", flat=True))
    assert levels == {"基本施策": 3, "個別施策": 7, "取組方針": 21}


def test_approaches_are_numbered_within_their_parent(plan: Plan) -> None:
    for parent in plan.measures.filter(level__key="individual"):
        codes = list(parent.children.order_by("position").values_list("code", flat=True))
        assert codes == [str(number) for number in range(1, len(codes) + 1)]


def test_the_aim_of_each_of_the_upper_levels_names_whom_and_what(plan: Plan) -> None:
    states = TargetState.objects.filter(measure__plan=plan).select_related("measure__level")
    assert Counter(state.measure.level.key for state in states) == {"basic": 3, "individual": 7}
    assert all(state.subject and state.text for state in states)
    subjects = {state.measure.key: state.subject for state in states}
    assert subjects["H1"] == "市民が"
    assert subjects["H3-2"] == "職員が"
    assert subjects["H2-2"] == "多様な主体が"


def test_88_rows_of_main_projects_under_one_to_six_departments(plan: Plan) -> None:
    rows = Placement.objects.filter(plan=plan)
    assert rows.count() == 88
    assert rows.counted_once().count() == 84
    links = Counter(
        ProjectDepartment.objects.filter(plan=plan).values_list("project__key", flat=True)
    )
    assert len(links) == 84
    assert set(links.values()) == {1, 2, 3, 4, 5, 6}
    assert links["長崎-過疎地域活性化"] == 6


def test_a_name_stands_in_several_places_with_other_content(plan: Plan) -> None:
    places = Placement.objects.filter(plan=plan, project__name="地域コミュニティ推進事業")
    assert set(places.values_list("measure__key", flat=True)) == {"H2-1-1", "H2-1-2", "H2-2-1"}
    assert len(set(places.values_list("summary", flat=True))) == 3
    assert places.filter(is_primary=True).count() == 1


def test_variants_have_their_parent(plan: Plan) -> None:
    parent = Project.objects.get(name="まちづくり活動推進事業")
    assert parent.variants.count() == 4
    assert all(
        variant.name.startswith("まちづくり活動推進事業（") for variant in parent.variants.all()
    )


def test_milestones_go_across_eras_and_beyond_the_plan(plan: Plan) -> None:
    steps = Milestone.objects.filter(measure__plan=plan)
    assert steps.filter(label="平成29～令和4年度").get().first_fiscal_year == 2017
    assert steps.filter(last_fiscal_year__gt=plan.last_fiscal_year).exists()
    open_ended = steps.get(text__contains="都市公園", label="令和9年度以降")
    assert (open_ended.first_fiscal_year, open_ended.last_fiscal_year) == (2027, None)


def test_focus_projects_are_marked_on_the_whole_or_on_a_part(plan: Plan) -> None:
    tagged = ProjectTag.objects.filter(measure__plan=plan).select_related("tag", "project")
    parts = {(link.tag.name, link.project.name) for link in tagged if link.part}
    assert ("経済再生", "地域活性化事業") in parts
    assert tagged.filter(part="", tag__name="新市役所創造").count() == 33


def test_the_years_column_keeps_what_is_printed(plan: Plan) -> None:
    printed = Counter(
        Placement.objects.filter(plan=plan)
        .exclude(period_text="")
        .values_list("period_text", flat=True)
    )
    assert printed["検討中"] == 1
    assert sum(printed.values()) == 7
