"""大村市DX推進計画（2022年3月）: what is loaded equals the document."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from accounts.audit import Actor
from dxportal.planbook.loader import load_plan
from plans.models import Plan, PlanSection, ReferenceItem, TermNote
from projects.models import Milestone, Tag

BOOK = Path(settings.BASE_DIR) / "fixtures" / "omura-dx-plan"

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


def test_the_plan_and_its_city_stand_as_printed(plan: Plan) -> None:
    assert (plan.organization.code, plan.organization.name) == ("422053", "大村市")
    assert plan.name == "大村市DX推進計画"
    assert plan.status == Plan.Status.ACTIVE
    assert (plan.first_fiscal_year, plan.last_fiscal_year) == (2022, 2025)
    assert plan.decided_on == "2022年3月"
    assert set(plan.relations.values_list("kind", "name")) == {
        ("parent", "大村市総合計画"),
        ("related", "大村未来都市構想"),
        ("related", "自治体DX推進計画"),
        ("related", "市町村官民データ活用推進計画"),
    }


def test_four_policies_stand_over_ten_measures_of_a_level_without_a_name(plan: Plan) -> None:
    policies = plan.measures.filter(level__depth=1).order_by("position")
    assert [(m.level.name, m.code, m.name) for m in policies] == [
        ("基本方針", "1", "市民サービスの利便性向上"),
        ("基本方針", "2", "行政事務の効率化"),
        ("基本方針", "3", "地域社会の活性化"),
        ("基本方針", "4", "セキュリティ対策"),
    ]
    initiatives = plan.measures.filter(level__depth=2).order_by("parent__position", "position")
    assert [(m.level.name, m.parent.code, m.code, m.name) for m in initiatives] == [
        ("", "1", "(1)", "行政手続のオンライン化"),
        ("", "1", "(2)", "マイナンバーカードの普及促進"),
        ("", "2", "(1)", "情報システムの標準化・共通化"),
        ("", "2", "(2)", "AI・RPAの利用推進"),
        ("", "2", "(3)", "テレワークの推進"),
        ("", "2", "(4)", "DX人材の確保・育成"),
        ("", "3", "(1)", "地域社会のデジタル化"),
        ("", "3", "(2)", "デジタルデバイド対策"),
        ("", "3", "(3)", "オープンデータの推進"),
        ("", "4", "", "セキュリティ対策の徹底"),
    ]
    assert str(initiatives[0].level) == "（名称のない第2階層）"


def test_every_bullet_has_a_line_of_its_own(plan: Plan) -> None:
    """As many lines under ①現状と課題 and ②今後の取組 as the document has bullets there."""
    measures = plan.measures.filter(level__depth=2)
    lines = {m.key: (m.situation.split("\n"), m.approach.split("\n")) for m in measures}
    assert {key: (len(now), len(next_)) for key, (now, next_) in lines.items()} == {
        "1-1": (2, 2),
        "1-2": (1, 2),
        "2-1": (2, 1),
        "2-2": (1, 1),
        "2-3": (2, 1),
        "2-4": (1, 2),
        "3-1": (2, 2),
        "3-2": (1, 1),
        "3-3": (2, 2),
        "4-1": (2, 1),
    }
    assert all(line.startswith("・") for pair in lines.values() for part in pair for line in part)


def test_six_measures_carry_an_item_of_the_national_list(plan: Plan) -> None:
    tags = Tag.objects.filter(scheme__organization=plan.organization, scheme__version="2020")
    assert {tag.scheme.name for tag in tags} == {"国の重点取組事項"}
    assert list(tags.values_list("name", "measures__name")) == [
        ("自治体の情報システムの標準化・共通化", "情報システムの標準化・共通化"),
        ("マイナンバーカードの普及促進", "マイナンバーカードの普及促進"),
        ("行政手続のオンライン化", "行政手続のオンライン化"),
        ("AI・RPAの利用推進", "AI・RPAの利用推進"),
        ("テレワークの推進", "テレワークの推進"),
        ("セキュリティ対策の徹底", "セキュリティ対策の徹底"),
    ]


def test_the_bars_start_in_the_column_in_which_they_stand(plan: Plan) -> None:
    bars = Milestone.objects.filter(measure__plan=plan).order_by("measure__key", "position")
    assert [(b.measure.key, b.first_fiscal_year, b.text) for b in bars] == [
        (
            "1-1",
            2022,
            "マイナンバーカードを用いたオンライン手続の拡充・汎用型電子申請システムの導入検討",
        ),
        ("2-1", 2022, "基幹系主要業務の標準化・共通化"),
        ("2-2", 2022, "AI・RPAの導入・活用の推進"),
        ("2-4", 2022, "デジタル化に関する研修の拡充"),
        ("3-1", 2023, "公衆無線LANの拡充"),
        ("3-1", 2023, "DX推進に関する講座の開催"),
    ]
    assert all(bar.last_fiscal_year is None for bar in bars)
    pictures = plan.measures.filter(source_note__contains="スケジュールは資料では図")
    assert set(pictures.values_list("key", flat=True)) == {"1-2", "2-3", "3-2", "3-3", "4-1"}


def test_sections_follow_the_document_and_five_are_principles(plan: Plan) -> None:
    sections = plan.sections.all()
    principles = sections.filter(kind=PlanSection.Kind.PRINCIPLE)
    assert list(principles.values_list("number", "title")) == [
        ("①", "市民目線"),
        ("②", "デジタルデバイド対応"),
        ("③", "デジタルネイティブ視点"),
        ("④", "既存サービス活用"),
        ("⑤", "アジャイル型の実証・実装"),
    ]
    assert list(sections.filter(kind="body").values_list("title", flat=True)) == [
        "背景・目的",
        "国の動向",
        "長崎県の動向",
        "計画の位置付け",
        "推進期間",
        "推進体制",
        "推進姿勢",
        "財政負担の考え方",
        "基本方針",
        "参考資料",
    ]
    bullets = {s.key: s.text.count("・", 0, 1) + s.text.count("\n・") for s in sections}
    assert bullets["1-national"] == 3
    assert bullets["1-prefecture"] == 5


def test_sixteen_notes_explain_sixteen_terms_where_they_stand(plan: Plan) -> None:
    assert plan.glossary.count() == 16
    notes = TermNote.objects.filter(term__plan=plan).select_related("term", "measure", "section")
    assert {note.mark for note in notes} == {"※"}
    places = {note.term.term: (note.measure or note.section).key for note in notes}
    assert len(notes) == 16
    assert places == {
        "デジタル・トランスフォーメーション": "1",
        "デジタル・ガバメント": "1-national",
        "デジタルデバイド": "1-national",
        "Society5.0": "1-prefecture",
        "デジタルネイティブ": "3-2-3",
        "アジャイル": "3-2-5",
        "AI": "4",
        "RPA": "4",
        "テレワーク": "4",
        "オープンデータ": "4",
        "マイナポータル": "1-1",
        "BPR": "1-1",
        "ICT": "2-4",
        "地域情報化アドバイザー": "2-4",
        "情報セキュリティポリシー": "4-1",
        "クラウド": "4-1",
    }
    on_measures = {note.term.term for note in notes if note.measure is not None}
    assert len(on_measures) == 6


def test_the_lists_hold_their_items_and_the_day_they_hold_for(plan: Plan) -> None:
    lists = plan.reference_lists.exclude(title="本文中の数値")
    counts = Counter(lists.values_list("items__reference_list__key", flat=True))
    assert counts["standard-20"] == 20
    assert counts["wifi"] == 18
    assert counts["open-data"] == 11
    assert counts["survey-q2"] == 4
    assert counts["survey-q3"] == 8
    assert not ReferenceItem.objects.filter(reference_list__key="survey-q1").exists()
    places = {row.key: (row.measure and row.measure.key, row.as_of) for row in lists}
    assert places["standard-20"] == ("2-1", "")
    assert places["wifi"] == ("3-1", "2022年1月現在")
    assert places["open-data"] == ("3-3", "2022年1月現在")
    assert places["survey"] == (None, "2021年4月に実施")
    standard = plan.reference_lists.get(key="standard-20").items.all()
    assert [standard[n].label for n in (0, 17, 19)] == ["住民基本台帳", "戸籍", "印鑑登録"]


@pytest.mark.parametrize(
    ("measure", "label", "value", "unit", "printed", "as_of"),
    [
        ("1-1", "インターネット普及率", "68", "%", "約68%", "2021年4月"),
        ("1-1", "スマートフォン使用率", "77", "%", "約77%", "2021年4月"),
        ("1-1", "オンライン申請を利用したことがない", "65", "%", "約65%", "2021年4月"),
        ("1-2", "マイナンバーカード普及率", "51.2", "%", "約51.2%", "2022年1月時点"),
        ("1-2", "マイナンバーカード普及率の全国順位", "29", "位", "29位", "2022年1月時点"),
        ("1-2", "マイナンバーカード普及率の県内順位", "1", "位", "1位", "2022年1月時点"),
        ("3-3", "オープンデータ", "11", "件", "11件", ""),
        (None, "配布数", "3000", "", "3,000", "2021年4月に実施"),
        (None, "回収数", "1196", "", "1,196", "2021年4月に実施"),
        (None, "回収率", "39.9", "%", "39.9%", "2021年4月に実施"),
    ],
)
def test_a_figure_keeps_its_value_and_what_was_printed(
    plan: Plan,
    measure: str | None,
    label: str,
    value: str,
    unit: str,
    printed: str,
    as_of: str,
) -> None:
    item = ReferenceItem.objects.get(reference_list__plan=plan, label=label, value__isnull=False)
    assert (item.value, item.unit, item.raw_text) == (Decimal(value), unit, printed)
    place = item.reference_list.measure
    assert (place and place.key, item.reference_list.as_of) == (measure, as_of)


def test_what_is_misprinted_stays_visible(plan: Plan) -> None:
    period = ReferenceItem.objects.get(reference_list__plan=plan, label="調査実施期間")
    assert period.raw_text == "2021年4月20日から年5月21日(金)"
    assert "印字のまま" in period.note


def test_loading_it_twice_changes_nothing(plan: Plan) -> None:
    assert load_plan(Actor.system(), BOOK).changed == 0
