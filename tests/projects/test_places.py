"""A project as each plan knows it: name, departments, steps and tags where it stands."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Department, DepartmentSuccession
from plans.models import Measure, Plan
from projects.models import Milestone, Placement, Project, ProjectDepartment, ProjectTag
from tests.cast import Cast

SignIn = Callable[..., Client]


@pytest.fixture
def other(cast: Cast) -> Placement:
    """The SNS project in another plan of the city, under a name of its own."""
    plan = Plan.objects.create(
        organization=cast.city,
        key="sogo",
        name="総合計画",
        first_fiscal_year=2024,
        last_fiscal_year=2025,
    )
    level = plan.levels.create(key="basic", depth=0, name="基本施策")
    measure = Measure.objects.create(plan=plan, level=level, key="1", name="観光を伸ばす")
    project = cast.projects["観光1-1-7"]
    ProjectDepartment.objects.create(
        plan=plan, project=project, department=cast.departments["農水産課"]
    )
    return Placement.objects.create(
        plan=plan, measure=measure, project=project, name="口コミの分析", period_text="検討中"
    )


def detail(cast: Cast, sign_in: SignIn, key: str = "観光1-1-7") -> str:
    address = reverse("projects:detail", args=[cast.projects[key].pk])
    return sign_in(cast.viewer).get(address).content.decode()


def test_every_plan_tells_its_own_name_departments_and_period(
    cast: Cast, sign_in: SignIn, other: Placement
) -> None:
    html = detail(cast, sign_in)
    for words in ("総合計画", "口コミの分析", "検討中", "所管課：農水産課", "所管課：観光課、"):
        assert words in html


def test_dated_steps_and_tags_stand_where_they_hold(
    cast: Cast, sign_in: SignIn, other: Placement
) -> None:
    Milestone.objects.create(
        measure=other.measure,
        project=other.project,
        label="平成30年度～",
        first_fiscal_year=2018,
        text="準備",
    )
    ProjectTag.objects.create(
        tag=cast.tag, project=other.project, measure=other.measure, part="分析ツール"
    )
    html = detail(cast, sign_in)
    assert "平成30年度～" in html
    assert "終わりの年度の記載なし" in html
    assert "（分析ツールの部分）" in html


def test_the_parent_and_its_parts_lead_to_each_other(cast: Cast, sign_in: SignIn) -> None:
    parent, part = cast.projects["観光1-1-7"], cast.projects["観光1-2-2"]
    Project.objects.filter(pk=part.pk).update(parent=parent)
    assert reverse("projects:detail", args=[part.pk]) in detail(cast, sign_in)
    assert reverse("projects:detail", args=[parent.pk]) in detail(cast, sign_in, "観光1-2-2")


def test_a_place_that_is_no_repeat_says_so(cast: Cast, sign_in: SignIn) -> None:
    assert ">再掲<" in detail(cast, sign_in)
    Placement.objects.filter(is_primary=False).update(is_repeat=False)
    html = detail(cast, sign_in)
    assert ">再掲<" not in html
    assert "別の取組でも掲載" in html


def succeed(cast: Cast, predecessor: Department, name: str) -> Department:
    later = Department.objects.create(organization=cast.city, key=name, name=name)
    DepartmentSuccession.objects.create(predecessor=predecessor, successor=later)
    return later


def test_a_department_of_the_past_reads_with_that_of_today(cast: Cast, sign_in: SignIn) -> None:
    later = succeed(cast, cast.departments["観光課"], "観光戦略課")
    assert "観光課（現 観光戦略課）" in detail(cast, sign_in)
    listed = sign_in(cast.viewer).get(reverse("projects:list")).content.decode()
    assert "観光課（現 観光戦略課）" in listed
    # One that was itself reorganised is not the department of today.
    succeed(cast, later, "にぎわい課")
    assert "観光課（のちの 観光戦略課）" in detail(cast, sign_in)
