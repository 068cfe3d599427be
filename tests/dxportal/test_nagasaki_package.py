"""長崎市 DXパッケージ2024: the loaded figures equal the document."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Sum

from accounts.audit import Actor
from accounts.models import Department, DepartmentSuccession
from budgets.models import BudgetEntry
from dxportal.planbook.loader import load_plan
from plans.models import Measure, Plan, TargetState
from projects.models import Placement, Project, ProjectTag

BOOK = Path(settings.BASE_DIR) / "fixtures" / "nagasaki-dx-package-2024"

# The database is made for modules that ask for it; each test runs inside the load below.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def plan(django_db_setup: None, django_db_blocker) -> Plan:
    """Loaded once for the module, inside a transaction of its own that is undone."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield load_plan(Actor.system(), BOOK).plan
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _rows(plan: Plan, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def _entries(plan: Plan):
    return BudgetEntry.objects.in_plan(plan.pk).filter(fiscal_year=2024, stage="initial")


def _repeats(plan: Plan):
    """The rows that the document prints with （再掲）."""
    return Placement.objects.filter(plan=plan, is_repeat=True)


def _thousands(rows) -> int:
    total = rows.aggregate(total=Sum("amount"))["total"]
    assert total % 1000 == 0
    return total // 1000


def test_the_tree_has_the_documents_numbers(plan: Plan) -> None:
    once = Counter(plan.measures.filter(is_repeat=False).values_list("level__name", flat=True))
    assert once == {"分野": 3, "基本方針": 6, "基本施策": 13, "個別施策": 37}
    again = Counter(plan.measures.filter(is_repeat=True).values_list("level__name", flat=True))
    assert again == {"基本方針": 1, "基本施策": 1, "個別施策": 4}


def test_what_is_printed_again_has_the_name_of_the_first(plan: Plan) -> None:
    for measure in plan.measures.filter(is_repeat=True):
        first = plan.measures.get(key=measure.key.removesuffix("-再掲"))
        assert (measure.name, measure.code) == (first.name, first.code)
        assert measure.parent != first.parent


def test_there_are_16_lines_of_target_states(plan: Plan) -> None:
    states = TargetState.objects.filter(measure__plan=plan)
    assert states.count() == 16
    assert set(states.values_list("measure__level__key", flat=True)) == {"basic"}
    assert set(states.values_list("phase__key", flat=True)) == {"R6"}
    lines = Counter(states.values_list("measure__key", flat=True))
    assert {key for key, count in lines.items() if count == 2} == {"3-2", "4-1"}
    basics = set(plan.measures.filter(level__key="basic").values_list("key", flat=True))
    assert set(lines) == basics
    again = states.get(measure__key="3-2-再掲")
    assert again.text == states.get(measure__key="3-2", position=2).text


def test_there_are_58_projects_and_5_rows_printed_again(plan: Plan) -> None:
    assert Placement.objects.filter(plan=plan).counted_once().count() == 58
    assert Project.objects.in_plan(plan.pk).count() == 58
    assert Counter(_repeats(plan).values_list("project__key", flat=True)) == {
        "長崎-場の創出": 1,
        "長崎-プログラミングコンテスト": 1,
        "長崎-オープンイノベーション": 2,
        "長崎-デジタルリテラシー": 1,
    }


def test_one_project_stands_under_two_measures_without_being_printed_again(plan: Plan) -> None:
    places = Placement.objects.filter(plan=plan, measure__parent__key="3-2")
    both = places.filter(project__key="長崎-オープンイノベーション")
    assert dict(both.values_list("measure__name", "is_primary")) == {
        "オープンイノベーションを通じた新規事業の創出支援": True,
        "スタートアップ支援": False,
    }
    others = Placement.objects.filter(plan=plan, is_primary=False).exclude(pk__in=_repeats(plan))
    assert [place.measure.key for place in others] == ["3-2-4"]


def test_an_amount_a_zero_and_none_are_three_things(plan: Plan) -> None:
    entries = _entries(plan)
    assert entries.filter(amount__gt=0, is_zero_budget=False).count() == 48
    zero = entries.filter(is_zero_budget=True)
    assert dict(zero.values_list("project__name", "category")) == {
        "オープンデータ推進事業": "",
        "電子申請に伴うオンライン決済機能導入": "new",
    }
    assert not zero.filter(amount__isnull=False).exists()
    assert set(zero.values_list("raw_text", flat=True)) == {"【ゼロ予算】", "【ゼロ予算・新規】"}
    assert entries.count() == 50

    studies = Placement.objects.filter(plan=plan, period_text="R6")
    assert studies.count() == 8
    without = Project.objects.in_plan(plan.pk).exclude(pk__in=entries.values("project"))
    assert set(studies.values_list("project", flat=True)) == {project.pk for project in without}


def test_the_categories_are_those_printed(plan: Plan) -> None:
    entries = _entries(plan)
    assert Counter(entries.values_list("category", flat=True)) == {
        "new": 19,
        "expanded": 12,
        "continued": 18,
        "": 1,
    }
    for entry in entries:
        label = entry.get_category_display() if entry.category else "ゼロ予算"
        assert label in entry.raw_text
        if entry.amount is not None:
            assert entry.raw_text == f"{entry.amount // 1000:,}千円【{label}】"


def test_the_total_counts_each_project_once(plan: Plan) -> None:
    stated = plan.stated_totals.get(tag=None)
    assert stated.raw_text == "23億2,559万4千円"
    assert stated.amount == 2_325_594_000
    assert _thousands(_entries(plan)) == 2_325_594


def test_counting_again_what_is_printed_again_would_miss_the_total(plan: Plan) -> None:
    again = sum(
        _thousands(_entries(plan).filter(project=project))
        for project in _repeats(plan).values_list("project", flat=True)
    )
    assert again == 112_875
    assert _thousands(_entries(plan)) + again == 2_438_469


@pytest.mark.parametrize(
    ("key", "count", "amount", "text"),
    [
        ("focus2024-kosodate", 8, 117_501, "１億1,750万1千円"),
        ("focus2024-miryoku", 6, 98_623, "9,862万3千円"),
        ("focus2024-smart", 10, 152_182, "１億5,218万2千円"),
    ],
)
def test_a_focus_sums_to_what_is_printed(
    plan: Plan, key: str, count: int, amount: int, text: str
) -> None:
    links = ProjectTag.objects.filter(measure__plan=plan, tag__key=key)
    assert links.count() == count
    assert _thousands(_entries(plan).filter(project__in=links.values("project"))) == amount
    stated = plan.stated_totals.get(tag__key=key)
    assert (stated.amount, stated.raw_text) == (amount * 1000, text)


def test_a_tag_stands_where_its_project_stands(plan: Plan) -> None:
    """子育て takes the rows of 4-2 that are printed again, 魅力 the one under 交流."""
    links = ProjectTag.objects.filter(measure__plan=plan)
    for link in links:
        assert Placement.objects.filter(project=link.project, measure=link.measure).exists()
    repeats = links.filter(measure__is_repeat=True)
    assert Counter(repeats.values_list("tag__key", flat=True)) == {
        "focus2024-kosodate": 2,
        "focus2024-miryoku": 1,
    }


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("AI型教材活用による個別最適な学びの充実", "1,057万4千円"),
        ("メタバースを活用した学びの支援", "83万5千円"),
        ("保護者向け連絡ツールの導入", "58万3千円"),
        ("最新のテクノロジーに触れる場の創出に向けた実証事業", "353万9千円"),
        ("シティプロモーションの刷新", "891万3千円"),
        ("長崎スタジアムシティに関する情報発信", "341万2千円"),
        ("オープンイノベーション・スタートアップへの支援", "5,104万7千円"),
        ("企業の「新しい働き方」導入支援", "526万3千円"),
        ("交流施設における通信環境整備", "91万8千円"),
        ("長崎市公式HPのリニューアル", "4,105万6千円"),
        ("長崎市公式LINEのリニューアル", "342万6千円"),
        ("口座振替等WEB登録サービスの拡大", "162万7千円"),
        ("建築計画概要書の電子データ化", "567万2千円"),
        ("自治会デジタル化支援事業", "433万4千円"),
        ("障害福祉サービス事業所のデジタル化支援", "968万9千円"),
        ("メタバースを活用した若年者向け企業情報発信", "261万円"),
        ("システム標準化に向けた取組み", "17億8,333万7千円"),
        ("生成AIの活用に向けた検証環境の構築", "325万6千円"),
        ("データ利活用の促進に向けた取組み", "1,314万6千円"),
    ],
)
def test_the_front_page_prints_the_rows_amount(plan: Plan, name: str, amount: str) -> None:
    places = Placement.objects.filter(plan=plan).counted_once()
    found = [
        place.project
        for place in places
        if place.title == name or place.project.aliases.filter(name=name).exists()
    ]
    assert len(found) == 1
    assert _entries(plan).get(project=found[0]).amount == _yen(amount)


def _yen(text: str) -> int:
    total = 0
    rest = text.replace(",", "").removesuffix("円")
    for unit, size in (("億", 10**8), ("万", 10**4), ("千", 10**3)):
        head, found, tail = rest.partition(unit)
        if found:
            total, rest = total + int(head) * size, tail
    return total


# Under each 基本施策: its rows in the order of the document, and their amounts in its order.
PRINTED = [
    ("1-1", "4515 24051"),
    ("1-2", "4334 なし 3037"),
    ("2-1", "9689 2610 なし なし"),
    ("2-2", "なし 574 1459 1891 448"),
    ("3-1", "2027 ゼロ 2978"),
    ("3-2", "3539 25 51047"),
    ("4-1", "10574 835 11353 583 59893 30699"),
    ("4-2", "なし 3539 25"),
    ("3-2-再掲", "51047"),
    ("5-1", "861 なし"),
    ("5-2", "29070 8913 3412 918 3475 5263"),
    ("6-1", "1627 6946 2629 41056 3426 4099 9622"),
    ("6-2", "1783337 1344 3256 13200 5672 1353 51047 15048 70824 818 62046 7217 13146 ゼロ 855"),
    ("6-3", "なし なし 7217"),
]


@pytest.mark.parametrize(("key", "printed"), PRINTED, ids=[key for key, _ in PRINTED])
def test_the_rows_stand_in_the_documents_order(plan: Plan, key: str, printed: str) -> None:
    basic = plan.measures.get(key=key)
    measures = [basic, *Measure.objects.filter(parent=basic)]
    places = Placement.objects.filter(plan=plan, measure__in=measures).exclude(measure__key="3-2-4")
    assert [_amount(plan, place) for place in places] == printed.split()


def _amount(plan: Plan, place: Placement) -> str:
    entry = _entries(plan).filter(project=place.project).first()
    if entry is None:
        return "なし"
    return "ゼロ" if entry.is_zero_budget else str(entry.amount // 1000)


def test_where_the_measure_is_not_certain_the_row_says_so(plan: Plan) -> None:
    unsure = Placement.objects.filter(plan=plan, measure__level__key="basic")
    assert {place.measure.key: place.measure.level.name for place in unsure} == {
        "2-1": "基本施策",
        "2-2": "基本施策",
        "5-2": "基本施策",
    }
    assert unsure.count() == 5
    assert all("確かでなく" in place.source_note for place in unsure)


def test_departments_are_those_printed(plan: Plan) -> None:
    def printed(key: str) -> str:
        return Project.objects.get(key=key).department_names

    assert printed("長崎-交流施設通信環境") == "水産農林部、企画財政部"
    assert printed("長崎-ドローン活用") == "消防局、上下水道局"
    assert printed("長崎-口座振替WEB") == "理財部、ほか"
    assert printed("長崎-公金キャッシュレス") == "総合事務所"
    others = Project.objects.in_plan(plan.pk).filter(department_links__and_others=True)
    assert others.count() == 8
    assert not Project.objects.in_plan(plan.pk).filter(department_links__isnull=True).exists()


def test_the_old_department_became_the_new_one_on_an_unknown_day(plan: Plan) -> None:
    succession = DepartmentSuccession.objects.get(predecessor__organization=plan.organization)
    assert str(succession) == "情報政策推進室 → DX推進課"
    assert succession.on is None
    old = Department.objects.get(organization=plan.organization, name="情報政策推進室")
    assert "資料にない" in old.source_note


def test_a_project_of_two_documents_keeps_the_name_printed_here(plan: Plan) -> None:
    named = Placement.objects.filter(plan=plan).exclude(name="")
    assert named.count() == 9
    assert all(place.project.source_note == "資料により名称が異なる" for place in named)
    place = named.get(project__key="長崎-スマホサロン")
    assert (place.name, place.project.name) == ("スマホサロンの開設", "スマホサロンの推進事業")


def test_each_measure_corresponds_to_one_of_the_draft(plan: Plan) -> None:
    rows = plan.correspondences.select_related("measure")
    assert rows.count() == 13
    assert {row.other_plan for row in rows} == {"nagasaki-dx-plan-draft"}
    assert all(row.ours == row.measure.name for row in rows)
    assert all(row.other_measure == row.measure.key for row in rows)
    renamed = {row.other_measure for row in rows if row.theirs != row.ours}
    assert renamed == {row.other_measure for row in rows if row.note}
    assert renamed == {"1-2", "2-2", "4-1", "5-1", "5-2", "6-2"}
    assert plan.relations.get().related_key == "nagasaki-dx-plan-draft"


def test_the_list_of_20_tasks_is_there(plan: Plan) -> None:
    labels = list(plan.reference_lists.get().items.values_list("label", flat=True))
    assert len(labels) == 20
    assert (labels[0], labels[-1]) == ("児童手当", "国民年金")


def test_labels_without_a_place_are_not_given_to_projects(plan: Plan) -> None:
    """The text lists them apart from the rows; only their numbers are known."""
    assert not ProjectTag.objects.filter(tag__scheme__key="package2024-label").exists()
    assert "少子化対策6" in plan.source_note


def test_loading_it_twice_changes_nothing(plan: Plan) -> None:
    assert load_plan(Actor.system(), BOOK).changed == 0
