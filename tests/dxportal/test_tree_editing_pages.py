"""The page on which a plan's tree is built: what it offers, asks, does and refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Actor
from accounts.editing import change
from accounts.models import AuditEntry, Channel, User
from dxportal.planbook.loader import load_plan
from plans.models import Level, Measure, Plan
from projects.models import Milestone, Placement
from tests.cast import Cast
from tests.drawn import drawn

SASEBO = Path(settings.BASE_DIR) / "fixtures" / "sasebo-dx-r6"
HTMX = {"HX-Request": "true"}
SignIn = Callable[[User], Client]


@pytest.fixture
def office(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.coordinator)


def tree_url(cast: Cast) -> str:
    return reverse("editing:tree", args=[cast.plan.pk])


def move_url(row: Measure | Placement) -> str:
    kind = "placement" if isinstance(row, Placement) else "measure"
    return reverse(f"editing:tree_move_{kind}", args=[row.plan_id, row.pk])


def add_url(cast: Cast, parent: Measure | None) -> str:
    address = reverse("editing:tree_add", args=[cast.plan.pk])
    return f"{address}?parent={parent.pk}" if parent else address


def place(parent: Measure | None, index: int, row: Any, **more: Any) -> dict[str, Any]:
    return {"parent": parent.pk if parent else "", "index": index, "version": row.version, **more}


def order(parent: Measure | None, plan: Plan) -> list[str]:
    rows = Measure.objects.filter(plan=plan, parent=parent).order_by("position", "id")
    return [row.key for row in rows]


def test_the_page_shows_every_row_once_with_its_verbs(cast: Cast, office: Client) -> None:
    page = office.get(tree_url(cast)).content.decode()
    for measure in Measure.objects.filter(plan=cast.plan):
        assert page.count(f'id="measure-{measure.pk}"') == 1
        assert move_url(measure) in page
    for row in Placement.objects.filter(plan=cast.plan):
        assert page.count(f'id="placement-{row.pk}"') == 1
        assert move_url(row) in page
    # The lowest level has nothing below it.
    assert f'"{add_url(cast, cast.measures["観光1"])}"' in page
    assert f'"{add_url(cast, cast.measures["観光1-1"])}"' not in page


def test_a_reorder_is_done_at_once_and_can_be_undone(cast: Cast, office: Client) -> None:
    parent, step = cast.measures["観光1"], cast.measures["観光1-2"]
    answer = office.post(move_url(step), place(parent, 0, step), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200 and answer["HX-Retarget"] == "#plan-tree"
    assert order(parent, cast.plan) == ["観光1-2", "観光1-1"]
    assert f'data-focus="move-measure-{step.pk}"' in page
    assert "1番目に移動しました" in page and "元に戻す" in page
    step.refresh_from_db()
    back = {**place(parent, 1, step), "confirmed": "1", "undo": "1"}
    page = office.post(move_url(step), back, headers=HTMX).content.decode()
    assert order(parent, cast.plan) == ["観光1-1", "観光1-2"]
    assert "元の場所に戻しました" in page and 'name="undo"' not in page


def test_the_undo_that_is_offered_restores_the_tree(cast: Cast, office: Client) -> None:
    issue = cast.measures["観光2"]
    answer = office.post(move_url(issue), place(cast.measures["教育"], 0, issue), headers=HTMX)
    assert answer.status_code == 200
    undo = answer.context["told"].undo
    assert (undo.place.parent, undo.place.index) == (cast.measures["観光"], 1)
    back = place(undo.place.parent, undo.place.index, undo, confirmed=1, undo=1)
    office.post(undo.url, back, headers=HTMX)
    assert order(cast.measures["観光"], cast.plan) == ["観光1", "観光2"]


def test_a_move_that_takes_others_along_is_asked_first(cast: Cast, office: Client) -> None:
    issue, target = cast.measures["観光1"], cast.measures["教育"]
    asked = office.post(move_url(issue), place(target, 1, issue), headers=HTMX)
    page = asked.content.decode()
    assert asked["HX-Retarget"] == "#tree-dialog"
    assert "下位の施策<strong>2件</strong>" in page and "<strong>3件</strong>" in page
    assert "データの取得と分析" in page and "戦略の策定" in page
    assert "階層が変わる" not in page
    assert order(cast.measures["観光"], cast.plan) == ["観光1", "観光2"]
    office.post(move_url(issue), place(target, 1, issue, confirmed=1), headers=HTMX)
    assert order(target, cast.plan) == ["教育1", "観光1"]


def test_a_move_that_changes_levels_names_them_before_and_after(cast: Cast, office: Client) -> None:
    other = Level.objects.create(plan=cast.plan, key="other", depth=1, name="その他の取組")
    issue, pillar = cast.measures["教育1"], cast.measures["行政"]
    page = office.post(move_url(issue), place(pillar, 0, issue), headers=HTMX).content.decode()
    assert "課題 → <strong>DX重点課題</strong>" in drawn(page)
    # Two levels share that depth: the person may choose the other one.
    office.post(move_url(issue), place(pillar, 0, issue, confirmed=1, level=other.pk), headers=HTMX)
    issue.refresh_from_db()
    assert (issue.parent, issue.level) == (pillar, other)


def test_an_impossible_move_says_why_and_changes_nothing(cast: Cast, office: Client) -> None:
    issue = cast.measures["観光1"]
    entries = AuditEntry.objects.count()
    for target, reason in [
        (cast.measures["観光1-1"], "それ自身やその下位"),
        (cast.measures["教育1"], "入る階層がないため"),
    ]:
        dragged = office.post(move_url(issue), place(target, 0, issue), headers=HTMX)
        assert dragged.status_code == 422 and dragged["HX-Retarget"] == "#plan-tree"
        assert reason in dragged.content.decode()
        chosen = office.post(move_url(issue), place(target, 0, issue, form=1), headers=HTMX)
        assert chosen.status_code == 422 and chosen["HX-Retarget"] == "#tree-dialog"
        assert reason in chosen.content.decode()
    foreign = Measure.objects.filter(plan=cast.other_plan).first()
    if foreign:
        answer = office.post(move_url(issue), place(foreign, 0, issue), headers=HTMX)
        assert answer.status_code == 422
    assert AuditEntry.objects.count() == entries
    assert order(cast.measures["観光"], cast.plan) == ["観光1", "観光2"]


def test_whoever_was_quicker_is_named_and_the_tree_shown_as_it_is(
    cast: Cast, office: Client
) -> None:
    step = cast.measures["観光1-2"]
    old = place(cast.measures["観光1"], 0, step)
    change(Actor(cast.coordinator, Channel.PAGE), step, {"name": "別の名前"}, step.version)
    for headers in (HTMX, {}):
        answer = office.post(move_url(step), old, headers=headers)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "事務 局子が先に変更した" in page
        assert "戦略の策定 → 別の名前" in drawn(page)
        assert 'id="plan-tree"' in page
    assert order(cast.measures["観光1"], cast.plan) == ["観光1-1", "観光1-2"]


def test_without_scripts_every_step_is_a_page(cast: Cast, office: Client) -> None:
    step, parent = cast.measures["観光1-2"], cast.measures["観光1"]
    page = office.get(move_url(step)).content.decode()
    assert "<select" in page and "移動先" in page and "並び順" in page
    done = office.post(move_url(step), place(parent, 0, step, form=1), follow=True)
    assert done.redirect_chain[0][0] == f"{tree_url(cast)}#measure-{step.pk}"
    assert "1番目に移動しました" in done.content.decode()
    asked = office.post(move_url(parent), place(cast.measures["教育"], 0, parent))
    assert asked.status_code == 200 and "移動する" in asked.content.decode()
    assert "</html>" in asked.content.decode()
    adding = office.get(add_url(cast, parent)).content.decode()
    assert "「1 データにもとづく観光戦略」の下に追加" in adding and "</html>" in adding


def test_a_placement_moves_and_asks_where_its_schedule_goes_along(
    cast: Cast, office: Client
) -> None:
    here, there = cast.measures["教育1"], cast.measures["観光2"]
    row = Placement.objects.get(measure=here)
    Milestone.objects.filter(project=row.project).delete()
    assert office.post(move_url(row), place(None, 0, row), headers=HTMX).status_code == 422
    Milestone.objects.create(
        measure=here, project=row.project, first_fiscal_year=2025, text="はじめる"
    )
    asked = office.post(move_url(row), place(there, 0, row), headers=HTMX)
    assert "年次の予定1件" in asked.content.decode()
    office.post(move_url(row), place(there, 0, row, confirmed=1), headers=HTMX)
    row.refresh_from_db()
    assert row.measure == there and Milestone.objects.get(text="はじめる").measure == there


def test_adding_below_and_going_on(cast: Cast, office: Client) -> None:
    parent = cast.measures["観光1"]
    form = {"name": "三つめ", "code": "3", "level": cast.levels["step"].pk}
    answer = office.post(add_url(cast, parent), {**form, "again": "1"}, headers=HTMX)
    page = answer.content.decode()
    made = Measure.objects.get(name="三つめ")
    assert (made.parent, made.level.key, made.code) == (parent, "step", "3")
    assert order(parent, cast.plan)[-1] == made.key
    assert f'data-focus="add-{parent.pk}-name"' in page and f'id="add-{parent.pk}-name"' in page
    wrong = office.post(add_url(cast, parent), {**form, "name": "", "code": "4"}, headers=HTMX)
    assert wrong.status_code == 422 and wrong["HX-Retarget"] == f"#add-{parent.pk}"
    assert "名称を入れてください" in wrong.content.decode()
    assert 'value="4"' in wrong.content.decode()


def test_an_empty_plan_says_what_to_do_first(cast: Cast, office: Client) -> None:
    empty = Plan.objects.create(
        organization=cast.city,
        key="new",
        name="次期計画",
        first_fiscal_year=2028,
        last_fiscal_year=2032,
    )
    address = reverse("editing:tree", args=[empty.pk])
    page = office.get(address).content.decode()
    assert "まだ階層がありません" in page and "階層を登録する" in page
    Level.objects.create(plan=empty, key="1", depth=1, name="基本方針")
    page = office.get(address).content.decode()
    assert "まだ施策がありません" in page and 'name="name"' in page
    office.post(reverse("editing:tree_add", args=[empty.pk]), {"name": "はじめの方針"})
    assert Measure.objects.get(plan=empty).level.name == "基本方針"


def test_an_old_edition_is_shown_and_not_changed(cast: Cast, office: Client) -> None:
    step = cast.measures["観光1-2"]
    Plan.objects.filter(pk=cast.plan.pk).update(status=Plan.Status.SUPERSEDED)
    page = office.get(tree_url(cast)).content.decode()
    assert "旧版のため変更できません" in page and step.name in page
    assert move_url(step) not in page
    moved = office.post(move_url(step), place(cast.measures["観光1"], 0, step), headers=HTMX)
    added = office.post(add_url(cast, None), {"name": "新", "level": cast.levels["pillar"].pk})
    assert (moved.status_code, added.status_code) == (423, 423)
    assert order(cast.measures["観光1"], cast.plan) == ["観光1-1", "観光1-2"]


def test_a_row_of_another_plan_is_not_found_under_this_one(cast: Cast, office: Client) -> None:
    mine = Plan.objects.create(
        organization=cast.city, key="n", name="次", first_fiscal_year=2028, last_fiscal_year=2032
    )
    step = cast.measures["観光1-2"]
    address = reverse("editing:tree_move_measure", args=[mine.pk, step.pk])
    assert office.post(address, place(None, 0, step)).status_code == 404


def test_the_largest_tree_takes_no_more_queries_than_the_smallest(
    cast: Cast, office: Client
) -> None:
    def queries(plan: Plan) -> int:
        address = reverse("editing:tree", args=[plan.pk])
        office.get(address)
        with CaptureQueriesContext(connection) as counted:
            assert office.get(address).status_code == 200
        return len(counted)

    sasebo = load_plan(Actor.system(), SASEBO).plan
    Plan.objects.filter(pk=sasebo.pk).update(organization=cast.city)
    assert sasebo.measures.count() > 10 * len(cast.measures)
    assert queries(sasebo) == queries(cast.plan) <= 10
