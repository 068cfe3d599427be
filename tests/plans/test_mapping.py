"""A plan against others: its tables of correspondence, what they leave open, shared projects."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from plans.models import Correspondence, Level, Measure, Plan
from projects.models import Placement, ProjectDepartment
from tests.cast import Cast

SignIn = Callable[..., Client]


@pytest.fixture
def parent(cast: Cast) -> Plan:
    """A plan above, with two areas, of which the table speaks of one."""
    plan = Plan.objects.create(
        organization=cast.city,
        key="sogo",
        name="総合計画",
        first_fiscal_year=2020,
        last_fiscal_year=2027,
    )
    level = Level.objects.create(plan=plan, key="policy", depth=1, name="政策")
    for number, name in enumerate(["観光の振興", "学校教育"], start=1):
        Measure.objects.create(
            plan=plan, level=level, key=str(number), code=str(number), name=name, position=number
        )
    return plan


def correspond(cast: Cast, theirs: str, ours: str, **fields: object) -> Correspondence:
    count = Correspondence.objects.filter(plan=cast.plan, table="総合計画との対応").count()
    return Correspondence.objects.create(
        plan=cast.plan,
        table="総合計画との対応",
        position=count + 1,
        theirs=theirs,
        ours=ours,
        **fields,
    )


def page_of(client: Client, plan: Plan) -> str:
    return client.get(reverse("plans:mapping", args=[plan.pk])).content.decode()


def test_a_row_leads_to_both_measures_and_says_renamed(
    cast: Cast, parent: Plan, sign_in: SignIn
) -> None:
    tourism = cast.measures["観光"]
    correspond(cast, "観光の振興", "観光", measure=tourism, other_plan="sogo", other_measure="1")
    page = page_of(sign_in(cast.viewer), cast.plan)
    assert reverse("plans:measure", args=[tourism.pk]) in page
    theirs = parent.measures.get(key="1")
    assert reverse("plans:measure", args=[theirs.pk]) in page
    assert "名称変更" in page
    assert "政策：2件のうち1件に対応がありません。" in page
    assert "学校教育" in page
    assert "教育" in page[page.index("本計画のDX重点課題") :]


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [("GIGA", "ＧＩＧＡ", "表記の違い"), ("観光", "観光", ""), ("観光", "旅", "名称変更")],
)
def test_width_alone_is_no_new_name(
    cast: Cast, parent: Plan, sign_in: SignIn, theirs: str, ours: str, words: str
) -> None:
    correspond(cast, theirs, ours, other_plan="sogo", other_measure="1")
    address = reverse("plans:mapping", args=[cast.plan.pk]) + "?format=csv"
    text = sign_in(cast.viewer).get(address).content.decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["相手の計画ID"]]
    assert [row["名称の違い"] for row in rows] == [words]


def test_a_plan_of_another_city_is_not_found_by_its_key(cast: Cast, sign_in: SignIn) -> None:
    cast.other_plan.key = "sogo"
    cast.other_plan.save()
    correspond(cast, "観光の振興", "観光", other_plan="sogo", other_measure="1")
    response = sign_in(cast.viewer).get(reverse("plans:mapping", args=[cast.plan.pk]))
    table = next(t for t in response.context["tables"] if t.name == "総合計画との対応")
    assert table.other_plans == []
    assert "ポータルにないか" in response.content.decode()
    assert cast.other_plan.name not in response.content.decode()


def test_a_key_that_the_other_plan_does_not_have_is_said(
    cast: Cast, parent: Plan, sign_in: SignIn
) -> None:
    correspond(cast, "交通", "交通", other_plan="sogo", other_measure="99")
    assert "「99」の施策が見つかりません" in page_of(sign_in(cast.viewer), cast.plan)


def test_the_other_plan_tells_who_speaks_of_it(cast: Cast, parent: Plan, sign_in: SignIn) -> None:
    correspond(cast, "観光の振興", "観光", other_plan="sogo", other_measure="1")
    page = page_of(sign_in(cast.viewer), parent)
    assert "この計画を相手とする対応表" in page
    assert "総合計画との対応（1項目）" in page
    assert "対応表がまだありません" in page


def test_a_shared_project_shows_what_each_plan_says(
    cast: Cast, parent: Plan, sign_in: SignIn
) -> None:
    project = cast.projects["教育1-1"]
    Placement.objects.create(
        plan=parent, measure=parent.measures.get(key="2"), project=project, name="学びの端末整備"
    )
    ProjectDepartment.objects.create(
        plan=parent, project=project, department=cast.departments["観光課"], and_others=True
    )
    response = sign_in(cast.viewer).get(reverse("plans:mapping", args=[cast.plan.pk]))
    (shared,) = response.context["shared"]
    assert shared.names_differ
    assert shared.departments_differ
    assert [entry.names for entry in shared.others] == [["学びの端末整備"]]
    assert shared.others[0].departments == f"{cast.departments['観光課']}、ほか"
    page = response.content.decode()
    for words in ("学びの端末整備", "名称が異なる", "所管課が異なる"):
        assert words in page
    address = reverse("plans:mapping", args=[cast.plan.pk])
    query = {"format": "csv", "export": "projects"}
    text = sign_in(cast.viewer).get(address, query).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["計画での名称"] for row in rows][-1] == "学びの端末整備"
    assert {row["事業ID"] for row in rows} == {"教育1-1"}


@pytest.mark.parametrize("size", [1, 6])
def test_queries_do_not_grow_with_plans_rows_and_projects(
    cast: Cast,
    parent: Plan,
    sign_in: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    size: int,
) -> None:
    area = parent.measures.get(key="2")
    for number in range(size):
        other = Plan.objects.create(
            organization=cast.city,
            key=f"other{number}",
            name=f"計画{number}",
            first_fiscal_year=2024,
            last_fiscal_year=2026,
        )
        level = Level.objects.create(plan=other, key="policy", depth=1, name="政策")
        Measure.objects.create(plan=other, level=level, key="1", name="政策1")
        correspond(cast, f"政策{number}", "観光", other_plan=other.key, other_measure="1")
        project = cast.project(f"共有{number}", cast.measures["観光1-1"], "観光課")
        Placement.objects.create(plan=parent, measure=area, project=project)
        Correspondence.objects.create(
            plan=other, table="逆", theirs="a", ours="b", other_plan=cast.plan.key
        )
    client = sign_in(cast.viewer)
    with django_assert_num_queries(15):
        response = client.get(reverse("plans:mapping", args=[cast.plan.pk]))
    assert len(response.context["shared"]) == size
    assert len(response.context["mapped_from"]) == size
