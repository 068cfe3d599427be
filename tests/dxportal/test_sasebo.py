"""佐世保市DX戦略実行計画（令和6年度実績）: the loaded figures equal the document."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from accounts.audit import Actor
from dxportal.planbook.loader import load_plan
from kpi.models import Actual, Indicator, IndicatorUse, Target
from plans.models import Plan
from projects.models import Placement, Review

BOOK = Path(settings.BASE_DIR) / "fixtures" / "sasebo-dx-r6"

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


def test_the_tree_has_the_documents_numbers(plan: Plan) -> None:
    levels = Counter(plan.measures.values_list("level__key", flat=True))
    assert levels["pillar"] == 2
    assert levels["area"] == 12
    assert levels["issue"] == 32
    assert levels["other"] == 2


def test_the_list_has_106_projects_of_which_27_lead(plan: Plan) -> None:
    counted = Placement.objects.filter(plan=plan).counted_once()
    assert counted.count() == 106
    assert counted.filter(is_leading=True).count() == 27
    assert Placement.objects.filter(plan=plan, is_primary=False).count() == 1


def test_there_are_39_kpis_and_two_areas_without_any(plan: Plan) -> None:
    uses = IndicatorUse.objects.filter(plan=plan, role=IndicatorUse.Role.KPI)
    assert uses.count() == 39
    areas = plan.measures.filter(level__key="area")
    with_kpi = {use.measure.parent_id for use in uses.select_related("measure")}
    without = set(areas.exclude(pk__in=with_kpi).values_list("key", flat=True))
    assert without == {"教育", "多様化"}


def test_every_mark_of_r6_is_there(plan: Plan) -> None:
    """29 of the 32 課題 carry marks; 教育 has no page for them."""
    reviews = Review.objects.filter(plan=plan, fiscal_year=2024, measure__level__key="issue")
    marks = Counter(reviews.values_list("planned_mark__symbol", "mark__symbol"))
    assert marks == {("○", "○"): 24, ("○", "△"): 2, ("△", "○"): 3}
    behind = set(reviews.behind().values_list("measure__key", flat=True))
    assert behind == {"農水2", "農水3"}
    assert not reviews.filter(measure__key__startswith="教育").exists()


# Twenty rows from all over the list: number, name, leading, department, first year, its cells
# as printed (予定 and 実績 by turns to R6, then 予定), and the schedule R4–R9.
ROWS = [
    ("観光1-1-4", "コンベンション協会業務デジタル化等事業", False, "観光商工部", 2022,
     "1 1 1 1 1 1 1 1 1", "○⇒⇒⇒⇒⇒"),
    ("観光2-1-2", "デジタルパンフレット", False, "観光商工部", 2022,
     "1850 - 8870 - 10600 444 12800 15400 18500", "○⇒⇒⇒⇒⇒"),
    ("観光3-a-2-1", "AIを活用したメタ観光ルートの提供", True, "観光商工部", 2024,
     "30 32 60 90 90", "……○⇒⇒⇒"),
    ("農水3-1-1", "有害鳥獣被害防止対策", True, "農林水産部", 2021,
     "5 5 10 5 10 10 10 10 10 10 10", "○⇒⇒⇒⇒⇒"),
    ("農水2-b-1/2-1#2", "生産物の強み可視化によるブランディングの強化", False, "農林水産部", None,
     "", "………………"),
    ("子ども1-b-1-1", "プッシュ型通知（子育て応援アプリなど）の拡充", True, "子ども未来部", 2021,
     "50 78 53 46.2 57 45.4 60 39.1 90 90 90", "⇒⇒⇒⇒⇒⇒"),
    ("教育3-1-1", "学校・家庭間連絡システムの導入", True, "教育委員会", 2022,
     "0 50 70 100 100 100 100 100 100", "○⇒⇒⇒⇒⇒"),
    ("都市2-1/2/3-1", "3D都市モデル構築業務", True, "都市整備部", 2022,
     "0 0 14 14 28 33 42 56 70", "○⇒⇒⇒⇒⇒"),
    ("土木2-1-1", "冠水・浸水予測システム", True, "土木部", 2026, "2 4", "…………○⇒"),
    ("土木2-1-3", "WEBアプリケーション等を活用した市民による道路損傷通報", False, "土木部", 2023,
     "630 70 660 90 690 720 760", "…○⇒⇒⇒⇒"),
    ("保福1-a-1-3", "オンライン相談", False, "保健福祉部", 2023,
     "15 10 15 10 15 15 15", "…○⇒⇒⇒⇒"),
    ("防災1-1-2", "対災害SNS情報の取得・分析", False, "防災危機管理局", 2022,
     "100 100 100 100 100 100 100 100 100", "○⇒⇒⇒⇒⇒"),
    ("窓口1-1-3", "クルーズ船入港予約システム構築", False, "港湾部", 2022,
     "1566000 2747 1686000 62258 1806000 346653 500000 600000 750000", "○⇒⇒⇒⇒⇒"),
    ("窓口3-a-1-1", "オンライン相談の拡大", False, "行政経営改革部", 2021,
     "2 ー 3 3 19 14 19 14 19 19 19", "⇒⇒⇒⇒⇒⇒"),
    ("多様化2-b-1-1", "広報の多言語対応拡張", False, "総務部", 2021,
     "4 4 4 4 4 133 4 249 243 243 243", "⇒⇒⇒○⇒⇒"),
    ("多様化2-c-1-1", "市内公共施設へのWi-Fi環境導入", False, "市民生活部", 2021,
     "0 0 29 29 29 29 29 30 30 30 30", "○⇒○⇒⇒⇒"),
    ("業務効率化3-1-2", "DX企画推進事業（長崎県データ連携基盤）", False, "行政経営改革部", 2021,
     "0 0 1000 1595 1200 1607 1400 3865 1600 1800 2000", "○⇒⇒⇒⇒⇒"),
    ("職場環境1-b-3-1", "複合機・プリンタの配置見直し", False, "行政経営改革部", 2023,
     "149 149 141 139 141 116 89", "○○○○○"),
    ("推進2", "生成AIの業務活用", False, "行政経営改革部", 2024, "80 1004 320 720 1280", "○⇒⇒⇒"),
    ("仕掛け1", "CDO補佐官・DXコーディネータと連携したDX推進", False, "行政経営改革部", 2021,
     "0 0 10 10 20 51 20 25 20 20 20", "○⇒⇒⇒⇒⇒"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_the_list_stands_as_printed(plan: Plan, row: tuple) -> None:
    key, name, leading, department, first_year, printed, schedule = row
    placement = Placement.objects.filter(plan=plan).counted_once().get(project__key=key)
    assert placement.project.name == name
    assert placement.is_leading is leading
    assert placement.project.department_names == department
    assert "".join(e.planned_symbol for e in placement.project.schedule.all()) == schedule
    use = placement.project.indicator_uses.get(role=IndicatorUse.Role.ACTIVITY)
    assert _cells(use.indicator, first_year) == printed.split()


def _cells(indicator: Indicator, first_year: int | None) -> list[str]:
    if first_year is None:
        assert not indicator.targets.exists()
        assert not indicator.actuals.exists()
        return []
    cells = []
    for year in range(first_year, 2028):
        cells.append(_text(indicator.targets.get(fiscal_year=year)))
        if year <= 2024:
            cells.append(_text(indicator.actuals.get(fiscal_year=year)))
    assert indicator.targets.count() + indicator.actuals.count() == len(cells)
    return cells


def _text(value: Target | Actual) -> str:
    return value.raw_text if value.value is None else format(value.value.normalize(), "f")


@pytest.mark.parametrize(
    ("key", "targets", "actuals"),
    [
        ("KPI-観光1-1", "5 6 7 8 8", "7 7"),
        ("KPI-観光3-1", "25000 27500 30000 33000 176000 184000 193000",
         "55584 151246 160116 151507"),
        ("KPI-農水2-1", "5 18 28 44 62 82 102", "5 18 22 32"),
        ("KPI-窓口1-1", "134 510 1020 1040 1060 1080 1100", "134 521 1021 1139"),
        ("KPI-窓口2-2", "100 100 100", ""),
        ("KPI-業務効率化2-1", "2500 2800 3000 3200 3400 3600 3800",
         "7055.8 5273.2 7089.34 7481.53"),
        ("KPI-業務効率化1-1", "100 100 100 100 100 100 100", "80.2 83.6 82.5 83"),
        ("KPI-農水1-1", "", ""),
    ],
)  # fmt: skip
def test_a_kpi_stands_as_printed(plan: Plan, key: str, targets: str, actuals: str) -> None:
    """予定 are right-aligned to R9, 実績 to R6, as the pages of the KPIs print them."""
    indicator = Indicator.objects.get(organization=plan.organization, key=key)
    for rows, printed, last in (
        (indicator.targets.all(), targets.split(), 2027),
        (indicator.actuals.all(), actuals.split(), 2024),
    ):
        years = range(last - len(printed) + 1, last + 1)
        expected = {year: Decimal(text) for year, text in zip(years, printed, strict=True)}
        assert {row.fiscal_year: row.value for row in rows} == expected


def test_what_contradicts_itself_stays_visible(plan: Plan) -> None:
    """One number on two projects; a KPI and an activity indicator that disagree."""
    twice = Placement.objects.filter(plan=plan, code="農水2-b-1/2-1")
    assert twice.count() == 2
    assert all("2つの事業" in p.project.source_note for p in twice)
    kpi = Indicator.objects.get(organization=plan.organization, key="KPI-観光1-2")
    activity = Indicator.objects.get(organization=plan.organization, key="活動-観光1-3-1")
    assert kpi.name == activity.name
    assert kpi.actuals.get(fiscal_year=2024).value == 13
    assert activity.actuals.get(fiscal_year=2024).value == 12
    assert "12" in kpi.source_note


def test_loading_it_twice_changes_nothing(plan: Plan) -> None:
    assert load_plan(Actor.system(), BOOK).changed == 0
