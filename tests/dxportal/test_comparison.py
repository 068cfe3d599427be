"""Two editions and two years compared: nothing where nothing was edited, else exactly the edit."""

import datetime
import random
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import DepartmentSuccession, User
from budgets.models import BudgetEntry
from dxportal.comparison import Change, Difference, Subject, compare_plans, compare_years
from dxportal.comparison.differences import laid_over, moved_among
from dxportal.revisions.services import revise_plan
from kpi.models import DefinitionChange, IndicatorUse, Target
from kpi.revisions import revise_target
from plans.models import Level, Measure, Plan, PlanSection
from projects.models import Placement, ProjectDepartment
from tests.cast import Cast, actual, grow
from tests.drawn import drawn

SignIn = Callable[[User], Client]


@pytest.fixture
def revision(cast: Cast) -> Plan:
    return revise_plan(Actor.system(), cast.plan, "dx-2", cast.plan.name, "改定", 2026)


def differences(cast: Cast, revision: Plan) -> list[Difference]:
    new, old = (Plan.objects.get(pk=plan.pk) for plan in (revision, cast.plan))
    return compare_plans(old, new).differences


def measure(plan: Plan, key: str) -> Measure:
    return Measure.objects.get(plan=plan, key=key)


def rename(cast: Cast, plan: Plan) -> None:
    Measure.objects.filter(pk=measure(plan, "観光1").pk).update(name="別の名称")


def reword(cast: Cast, plan: Plan) -> None:
    Measure.objects.filter(pk=measure(plan, "観光").pk).update(description="新しい説明")


def move(cast: Cast, plan: Plan) -> None:
    Measure.objects.filter(pk=measure(plan, "観光1-2").pk).update(parent=measure(plan, "観光2"))


def reorder(cast: Cast, plan: Plan) -> None:
    Measure.objects.filter(pk=measure(plan, "観光1-1").pk).update(position=999)


def add(cast: Cast, plan: Plan) -> None:
    parent = measure(plan, "観光")
    Measure.objects.create(
        plan=plan,
        parent=parent,
        level=plan.levels.get(key="issue"),
        key="観光9",
        name="加えた課題",
        position=99,
    )


def drop_placement(cast: Cast, plan: Plan) -> None:
    Placement.objects.get(plan=plan, project=cast.projects["教育1-1"]).delete()


def move_placement(cast: Cast, plan: Plan) -> None:
    place = Placement.objects.filter(plan=plan, project=cast.projects["教育1-1"])
    place.update(measure=measure(plan, "観光2"))


def rename_placement(cast: Cast, plan: Plan) -> None:
    Placement.objects.filter(plan=plan, project=cast.projects["教育1-1"]).update(name="端末更新")


def switch_primary(cast: Cast, plan: Plan) -> None:
    places = Placement.objects.filter(plan=plan, project=cast.projects["観光1-1-7"])
    first, second = places.order_by("-is_primary")
    Placement.objects.filter(pk=first.pk).update(is_primary=False, is_repeat=True)
    Placement.objects.filter(pk=second.pk).update(is_primary=True, is_repeat=False)


def drop_use(cast: Cast, plan: Plan) -> None:
    IndicatorUse.objects.get(plan=plan, indicator=cast.indicators["苦情"]).delete()


def retarget(cast: Cast, plan: Plan) -> None:
    target = cast.indicators["立案数"].targets.get(fiscal_year=2026)
    revise_target(Actor.system(), target, {"value": 20}, plan, target.version)


def change_department(cast: Cast, plan: Plan) -> None:
    links = ProjectDepartment.objects.filter(plan=plan, project=cast.projects["教育1-1"])
    links.update(department=cast.departments["農水産課"])


def rename_level(cast: Cast, plan: Plan) -> None:
    Level.objects.filter(plan=plan, key="issue").update(name="重点課題")


def reword_section(cast: Cast, plan: Plan) -> None:
    PlanSection.objects.filter(plan=plan).update(text="人口の減少に備える。")


def rename_term(cast: Cast, plan: Plan) -> None:
    plan.glossary.update(text="観光のまちづくりを担う法人")


EDITS: list[tuple[Callable[[Cast, Plan], None], Subject, Change]] = [
    (rename, Subject.MEASURES, Change.RENAMED),
    (reword, Subject.MEASURES, Change.REWORDED),
    (move, Subject.MEASURES, Change.MOVED),
    (reorder, Subject.MEASURES, Change.REORDERED),
    (add, Subject.MEASURES, Change.ADDED),
    (drop_placement, Subject.PROJECTS, Change.DROPPED),
    (move_placement, Subject.PROJECTS, Change.MOVED),
    (rename_placement, Subject.PROJECTS, Change.RENAMED),
    (switch_primary, Subject.PROJECTS, Change.CHANGED),
    (drop_use, Subject.INDICATORS, Change.DROPPED),
    (retarget, Subject.TARGETS, Change.CHANGED),
    (change_department, Subject.DEPARTMENTS, Change.CHANGED),
    (rename_level, Subject.LEVELS, Change.RENAMED),
    (reword_section, Subject.SECTIONS, Change.REWORDED),
    (rename_term, Subject.OTHERS, Change.REWORDED),
]


def test_an_unedited_revision_differs_in_nothing(cast: Cast, revision: Plan) -> None:
    assert differences(cast, revision) == []


@pytest.mark.parametrize(("edit", "subject", "change"), EDITS, ids=[e[0].__name__ for e in EDITS])
def test_one_edit_is_exactly_one_difference(
    cast: Cast,
    revision: Plan,
    edit: Callable[[Cast, Plan], None],
    subject: Subject,
    change: Change,
) -> None:
    edit(cast, revision)
    assert [(d.subject, d.change) for d in differences(cast, revision)] == [(subject, change)]


@pytest.mark.parametrize("seed", range(5))
def test_several_edits_are_their_differences_together(
    cast: Cast, revision: Plan, seed: int
) -> None:
    # Moved away, a step has no siblings left to be reordered among.
    chosen = random.Random(seed).sample([e for e in EDITS if e[0] is not reorder], 5)
    for edit, _, _ in chosen:
        edit(cast, revision)
    found = sorted((d.subject.value, d.change.value) for d in differences(cast, revision))
    told = [
        (subject.value, change.value)
        for edit, subject, change in chosen
        # A project that is gone cannot have moved, changed its name or its department.
        if not (
            drop_placement in [e[0] for e in chosen]
            and edit in (move_placement, rename_placement, change_department)
        )
    ]
    assert found == sorted(told)


def test_what_is_told_of_a_target_and_a_primary_place(cast: Cast, revision: Plan) -> None:
    retarget(cast, revision)
    switch_primary(cast, revision)
    by_subject = {d.subject: d for d in differences(cast, revision)}
    target = by_subject[Subject.TARGETS]
    assert (target.item, target.before, target.after) == ("令和8年度の目標", "8", "20")
    place = by_subject[Subject.PROJECTS]
    assert place.before == str(measure(cast.plan, "観光1-1"))
    assert place.after == str(measure(revision, "観光1-2"))


def test_two_plans_without_a_common_measure_share_nothing(cast: Cast, revision: Plan) -> None:
    assert compare_plans(cast.plan, revision).shares_measures
    for row in revision.measures.all():
        Measure.objects.filter(pk=row.pk).update(key=f"新{row.pk}")
    assert not compare_plans(cast.plan, revision).shares_measures


def test_a_larger_plan_needs_no_more_queries(cast: Cast) -> None:
    def queries(draft: Plan) -> tuple[int, int]:
        old, new = Plan.objects.get(pk=cast.plan.pk), Plan.objects.get(pk=draft.pk)
        with CaptureQueriesContext(connection) as plans:
            compare_plans(old, new)
        old = Plan.objects.get(pk=cast.plan.pk)
        with CaptureQueriesContext(connection) as years:
            compare_years(old, 2023, 2024)
        return len(plans), len(years)

    small = queries(revise_plan(Actor.system(), cast.plan, "a", "a", "", 2026))
    grow(cast, 12)
    assert queries(revise_plan(Actor.system(), cast.plan, "b", "b", "", 2026)) == small


def test_words_are_laid_over_each_other() -> None:
    pieces = laid_over("窓口の手続を10件オンライン化する。", "窓口の手続を25件オンライン化する。")
    assert [(p.text, p.is_removed, p.is_added) for p in pieces] == [
        ("窓口の手続を", False, False),
        ("10", True, False),
        ("25", False, True),
        ("件オンライン化する。", False, False),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_fewest_are_said_to_have_moved(seed: int) -> None:
    chance = random.Random(seed)
    old = list(range(10))
    new = [number for number in old if number != 4]
    new.insert(chance.randrange(10), 4)
    assert len(moved_among(old, new)) == (new != old)
    chance.shuffle(new)
    rest = [number for number in new if number not in moved_among(old, new)]
    assert rest == sorted(rest)


# Years


def of_years(
    cast: Cast, subject: Subject, earlier: int = 2023, later: int = 2024
) -> list[Difference]:
    found = compare_years(Plan.objects.get(pk=cast.plan.pk), earlier, later)
    return [row for row in found.differences if row.subject == subject]


def test_a_year_differs_from_itself_in_nothing(cast: Cast) -> None:
    assert compare_years(cast.plan, 2024, 2024).differences == []


def test_targets_and_actuals_of_both_years(cast: Cast) -> None:
    targets = {d.what: (d.before, d.after) for d in of_years(cast, Subject.TARGETS)}
    assert targets["データを活用した事業立案数"] == ("5", "6")
    actuals = {d.what: (d.before, d.after, d.change) for d in of_years(cast, Subject.ACTUALS)}
    assert actuals["データを活用した事業立案数"] == ("7", "6", Change.WORSE)
    assert actuals["来訪者数"] == ("11,800", "12,345", Change.BETTER)
    assert actuals["満足度"] == ("該当なし", "未集計", Change.CHANGED)
    # A zero is a figure, and nothing before it is no zero.
    assert actuals["苦情件数"] == ("", "0", Change.CHANGED)


def test_less_of_what_should_decrease_is_better(cast: Cast) -> None:
    actual(cast.indicators["苦情"], 2025, 3)
    found = {d.what: d.change for d in of_years(cast, Subject.ACTUALS, 2024, 2025)}
    assert found["苦情件数"] == Change.WORSE


def test_marks_go_up_and_down_and_the_same_are_counted(cast: Cast) -> None:
    cast.plan.reviews.create(
        measure=cast.measures["観光2"], fiscal_year=2023, mark=cast.marks["on_schedule"]
    )
    found = compare_years(cast.plan, 2023, 2024)
    worse = [d for d in found.differences if d.change == Change.WORSE and d.subject == "marks"]
    assert [d.what for d in worse] == [str(cast.measures["観光2"])]
    assert "評価が同じもの：1件" in found.notes[Subject.MARKS]
    back = compare_years(cast.plan, 2024, 2023).differences
    assert [d.what for d in back if d.change == Change.BETTER and d.subject == "marks"]


def test_a_year_without_any_actual_is_no_year_of_losses(cast: Cast) -> None:
    found = compare_years(cast.plan, 2024, 2025)
    assert not [d for d in found.differences if d.subject == Subject.ACTUALS]
    assert "令和7年度の実績はまだない" in found.notes[Subject.ACTUALS]


def test_a_mark_that_only_one_year_has_is_counted_and_no_change(cast: Cast) -> None:
    found = compare_years(cast.plan, 2023, 2024)
    assert not [d for d in found.differences if d.subject == Subject.MARKS]
    assert "どちらかの年度に評価がないもの：1件" in found.notes[Subject.MARKS]


def test_stages_steps_and_projects_that_start_and_end(cast: Cast) -> None:
    project = cast.projects["教育1-1"]
    project.first_fiscal_year, project.last_fiscal_year = 2024, 2024
    project.save()
    found = {(d.change, d.item) for d in of_years(cast, Subject.PERIODS)}
    assert (Change.STARTS, "事業の期間") in found
    assert (Change.ENDS, "事業の期間") not in found
    assert {(d.before, d.after) for d in of_years(cast, Subject.PERIODS, 2024, 2025)} >= {
        ("令和6年度まで", ""),
        ("構築", "運用"),
    }


def test_money_definitions_and_departments(cast: Cast) -> None:
    for year, amount in ((2023, 1_500_000), (2024, 1_200_000)):
        BudgetEntry.objects.create(
            project=cast.projects["観光1-1-7"], fiscal_year=year, stage="initial", amount=amount
        )
    DefinitionChange.objects.create(
        indicator=cast.indicators["来訪者"], from_fiscal_year=2024, note="数え方を改めた"
    )
    DepartmentSuccession.objects.create(
        predecessor=cast.departments["観光課"],
        successor=cast.departments["農水産課"],
        on=datetime.date(2024, 4, 1),
    )
    [money] = of_years(cast, Subject.BUDGETS)  # once, though the project stands in two places
    assert (money.before, money.after, money.note) == ("1,500千円", "1,200千円", "差：△300千円")
    [definition] = of_years(cast, Subject.DEFINITIONS)
    assert definition.note == "数え方を改めた"
    [department] = of_years(cast, Subject.DEPARTMENTS)
    assert (department.before, department.after) == ("観光課", "農水産課")
    assert of_years(cast, Subject.DEPARTMENTS, 2024, 2025) == []


def test_a_target_of_a_later_edition_is_no_target_of_this_plan(cast: Cast, revision: Plan) -> None:
    retarget(cast, revision)
    found = {d.what: d.after for d in of_years(cast, Subject.TARGETS, 2025, 2026)}
    assert found["データを活用した事業立案数"] == "8"
    assert Target.objects.filter(value=20, is_current=True).exists()


# The page


def page(client: Client, plan: Plan, **query: object) -> str:
    answer = client.get(reverse("plans:compare", args=[plan.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_either_edition_leads_to_the_same_comparison(
    cast: Cast, revision: Plan, sign_in: SignIn
) -> None:
    rename(cast, revision)
    client = sign_in(cast.viewer)
    for plan, query in (
        (revision, {}),
        (cast.plan, {"with": revision.pk}),
        (revision, {"with": cast.plan.pk}),
    ):
        shown = page(client, plan, **query)
        assert f"{cast.plan} → {revision}" in shown
        assert "別の名称" in shown
        assert "1件の違い" in shown


def test_a_reworded_text_says_what_went_and_what_came(
    cast: Cast, revision: Plan, sign_in: SignIn
) -> None:
    cast.plan.sections.update(text="窓口の手続を10件オンライン化する。")
    revision.sections.update(text="窓口の手続を25件オンライン化する。")
    shown = drawn(page(sign_in(cast.viewer), revision))
    assert '<del><span class="visually-hidden">（削除：</span>10' in shown
    assert '<ins><span class="visually-hidden">（追加：</span>25' in shown


def test_one_kind_alone_is_shown_and_saved(cast: Cast, revision: Plan, sign_in: SignIn) -> None:
    rename(cast, revision)
    rename_level(cast, revision)
    client = sign_in(cast.viewer)
    shown = page(client, revision, kind="levels")
    assert "重点課題" in shown
    assert "別の名称" not in shown
    address = reverse("plans:compare", args=[revision.pk])
    saved = client.get(address, {"format": "csv", "kind": "levels"}).content.decode("utf-8-sig")
    head, row = saved.splitlines()
    assert head.startswith("比較元,比較先,区分,変更,対象")
    assert ",階層,名称変更,重点課題," in row
    assert client.get(address, {"format": "xlsx"}).status_code == 200
    assert client.get(address, {"format": "pdf"}).status_code == 404


def test_years_are_chosen_in_any_order_and_fall_back(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    for query in ({"from": 2023, "to": 2024}, {"from": 2024, "to": 2023}, {"to": "nonsense"}):
        assert "令和5年度 → 令和6年度" in page(client, cast.plan, **query)


def test_no_other_citys_plan_can_be_compared(cast: Cast, sign_in: SignIn) -> None:
    address = reverse("plans:compare", args=[cast.plan.pk])
    for other in (cast.other_plan.pk, "x", cast.plan.pk):
        assert sign_in(cast.viewer).get(address, {"with": other}).status_code == 404


def test_without_a_common_measure_the_page_points_to_the_mapping(
    cast: Cast, revision: Plan, sign_in: SignIn
) -> None:
    for row in revision.measures.all():
        Measure.objects.filter(pk=row.pk).update(key=f"新{row.pk}")
    shown = page(sign_in(cast.viewer), revision)
    assert "共通する施策がありません" in shown
    assert reverse("plans:mapping", args=[cast.plan.pk]) in shown
