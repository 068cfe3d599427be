"""(仮称)長崎市DX推進計画(案): the loaded rows equal the document."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from accounts.audit import Actor
from dxportal.planbook.loader import load_plan
from plans.models import Plan, PlanRelation, PlanSection, TargetState, TermNote

BOOK = Path(settings.BASE_DIR) / "fixtures" / "nagasaki-dx-plan-draft"


@pytest.fixture
def plan(db: None) -> Plan:
    """Loaded for each test: the book is small, and so this file can also be run alone."""
    return load_plan(Actor.system(), BOOK).plan


def test_it_is_a_draft_without_a_date_for_2022_to_2030(plan: Plan) -> None:
    assert plan.name == "(仮称)長崎市DX推進計画(案)"
    assert plan.organization.name == "長崎市"
    assert plan.status == Plan.Status.DRAFT
    assert (plan.first_fiscal_year, plan.last_fiscal_year) == (2022, 2030)
    assert plan.decided_on == "令和　年　月（日付の記載なし）"
    assert "必要に応じて毎年度見直し" in plan.source_note


def test_it_stands_under_the_fifth_general_plan_and_as_the_data_plan(plan: Plan) -> None:
    relations = set(plan.relations.values_list("kind", "name"))
    assert relations == {
        (PlanRelation.Kind.PARENT, "長崎市第五次総合計画"),
        (PlanRelation.Kind.RELATED, "長崎市情報化推進計画"),
        (PlanRelation.Kind.RELATED, "市町村官民データ活用計画"),
    }


VISIONS = [
    "デジタル技術で人と人とがつながり、自分らしくいられるまち",
    "デジタル技術が生活に溶け込み、便利で暮らしやすいまち",
    "データの活用により、新たな産業・サービスが生まれるまち",
    "次代を担う若者たちが国内外を舞台に活躍するまち",
    "デジタル技術で新たな楽しみ方を創出し、人をひきつけているまち",
    "行政DXにより、質の高い市民サービスが提供されるまち",
]


def test_six_visions_stand_as_printed(plan: Plan) -> None:
    visions = plan.sections.filter(kind=PlanSection.Kind.VISION)
    assert list(visions.values_list("number", "title")) == [
        (str(number), title) for number, title in enumerate(VISIONS, 1)
    ]
    assert not plan.sections.filter(text="").exists()


POLICIES = [
    ("1", "デジタル・ディバイドをつくらない"),
    ("2", "暮らしを支える基盤の最適化"),
    ("3", "活躍の機会を創出"),
    ("4", "変化に対応できる人材の育成"),
    ("5", "まちの魅力向上"),
    ("6", "スマート市役所への変革"),
]

BASIC_MEASURES = [
    ("1-1", "デジタル活用を支援する"),
    ("1-2", "人と人をつなぐ仕組みをつくる"),
    ("2-1", "産業のスマート化を推進"),
    ("2-2", "デジタル技術で健康をサポート"),
    ("3-1", "データ利活用の促進"),
    ("3-2", "チャレンジの場をつくる"),
    ("4-1", "GIGAスクール構想の推進"),
    ("4-2", "デジタル社会を担う若者の育成"),
    ("5-1", "XRコンテンツの創造"),
    ("5-2", "デジタルマーケティングの推進"),
    ("6-1", "スマートフォンの中に市役所をつくる"),
    ("6-2", "働き方を変革する"),
    ("6-3", "セキュリティの確保及びパーソナルデータの適正な取扱い"),
]


def test_the_tree_has_six_policies_and_thirteen_basic_measures(plan: Plan) -> None:
    policies = plan.measures.filter(level__key="policy").order_by("key")
    basic = plan.measures.filter(level__key="basic").order_by("key")
    assert list(policies.values_list("code", "name")) == POLICIES
    assert list(basic.values_list("code", "name")) == BASIC_MEASURES
    assert all("〔分野例〕" in policy.description for policy in policies)
    under = Counter(measure.parent.key for measure in basic.select_related("parent"))
    assert under == {"1": 2, "2": 2, "3": 2, "4": 2, "5": 2, "6": 3}


def test_each_basic_measure_has_its_situation_approach_and_first_state(plan: Plan) -> None:
    basic = plan.measures.filter(level__key="basic")
    assert not basic.filter(situation="").exists()
    assert not basic.filter(approach="").exists()
    states = TargetState.objects.filter(measure__plan=plan)
    assert Counter(states.values_list("phase__key", flat=True)) == {"P1": 13}
    assert set(states.values_list("measure", flat=True)) == set(basic.values_list("pk", flat=True))


def test_three_phases_of_three_years_fill_the_period(plan: Plan) -> None:
    assert list(plan.phases.values_list("key", "first_fiscal_year", "last_fiscal_year")) == [
        ("P1", 2022, 2024),
        ("P2", 2025, 2027),
        ("P3", 2028, 2030),
    ]


def test_the_table_of_the_law_has_five_rows_as_printed(plan: Plan) -> None:
    rows = plan.correspondences.filter(table="地方に求める施策と本計画における表記")
    assert list(rows.values_list("theirs", "ours", "measure__key")) == [
        ("手続における情報通信の技術の利用等", "行政手続のオンライン化", "6-1"),
        ("官民データの容易な利用等", "オープンデータの推進", "3-1"),
        ("個人番号カードの普及及び活用", "マイナンバーカードの普及・活用", None),
        ("利用の機会等の格差是正", "デジタル・ディバイド対策", "1-1"),
        (
            "情報システムに係る規格の整備及び互換性の確保等",
            "情報システムの標準化・共通化",
            "6-2",
        ),
    ]
    assert plan.correspondences.count() == 5
    assert all("ポータルの読み" in row.note for row in rows if row.measure_id)


def test_28_terms_and_28_notes(plan: Plan) -> None:
    assert plan.glossary.count() == 28
    notes = TermNote.objects.filter(term__plan=plan)
    assert notes.count() == 28
    assert set(notes.values_list("term", flat=True)) == set(
        plan.glossary.values_list("pk", flat=True)
    )
    assert not notes.filter(measure=None, section=None).exists()
    # 第1章 5, 第2章 3, 第3章 4, 第4章 10, 第7章 6 (the ones that stand in a measure)
    chapters = Counter((note.section.key if note.section else "7")[0] for note in notes)
    assert chapters == {"1": 5, "2": 3, "3": 4, "4": 10, "7": 6}


# Terms from all over the glossary: reading, page, mark of the note, and where it stands.
TERMS = [
    ("5G", "ファイブ・ジー", "7", "※3", "3-1"),
    ("GIGAスクール構想", "", "16", "※3", "3-2"),
    ("Society 5.0", "", "4", "※1", "2-1-1"),
    ("オープンデータ", "", "2", "※4", "1-2"),
    ("デジタル・トランスフォーメーション（DX）", "", "1", "※1", "1-1-1"),
    ("デジタルマーケティング", "", "18", "※5", "5-2"),
    ("ニューツーリズム", "", "9", "※10", "4-5"),
    ("パーソナルデータ", "", "20", "※6", "6-3"),
]


@pytest.mark.parametrize("row", TERMS, ids=[row[0] for row in TERMS])
def test_a_term_stands_as_printed(plan: Plan, row: tuple) -> None:
    name, reading, page, mark, place = row
    term = plan.glossary.get(term=name)
    assert (term.reading, term.page) == (reading, page)
    note = term.notes.get()
    assert (note.mark, (note.measure or note.section).key) == (mark, place)


def test_notes_that_differ_from_the_glossary_stay_visible(plan: Plan) -> None:
    notes = TermNote.objects.filter(term__plan=plan)
    in_substance = set(notes.exclude(text="").values_list("term__term", flat=True))
    assert in_substance == {"Society 5.0", "インクルージョン"}
    for term in ("5G", "IoT", "サブスクリプション", "スマートシティ"):
        assert notes.get(term__term=term).source_note


def test_loading_it_twice_changes_nothing(plan: Plan) -> None:
    assert load_plan(Actor.system(), BOOK).changed == 0
