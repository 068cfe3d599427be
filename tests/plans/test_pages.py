"""The list of plans, the tree and the measure page: what a reader finds there."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Channel
from plans.models import Plan
from projects.models import Review
from projects.services import record_review
from tests.cast import Cast, grow
from tests.drawn import drawn

SignIn = Callable[..., Client]


def tree(cast: Cast, client: Client, query: str = "?fiscal_year=2024&open=all") -> str:
    return client.get(reverse("plans:tree", args=[cast.plan.pk]) + query).content.decode()


def measure(cast: Cast, client: Client, key: str, year: int = 2024) -> str:
    address = reverse("plans:measure", args=[cast.measures[key].pk])
    return client.get(f"{address}?fiscal_year={year}").content.decode()


def test_the_tree_names_levels_marks_counts_and_repeats(cast: Cast, sign_in: SignIn) -> None:
    page = tree(cast, sign_in(cast.viewer))
    for words in ("DX重点課題", "【観光】スマートツーリズムの実現", "再掲", "リーディング"):
        assert words in page
    assert "予定どおり" in page
    assert "遅れている" in page


def test_a_project_that_is_placed_again_counts_once(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.viewer).get(reverse("plans:tree", args=[cast.plan.pk]))
    assert response.context["project_count"] == 3
    assert response.context["leading_count"] == 1
    root = response.context["nodes"][0]
    assert len(root.projects) == 2
    assert len(root.kpis) == 4


def test_the_tree_opens_and_closes_without_scripts(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    assert "<details open>" in tree(cast, client)
    closed = tree(cast, client, "?open=none")
    assert "<details open>" not in closed
    assert "マーケティングレポート" in closed  # there, only folded


def test_the_year_is_the_newest_settled_one_unless_asked(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    address = reverse("plans:tree", args=[cast.plan.pk])
    assert client.get(address).context["year"].fiscal_year == 2024
    assert client.get(address + "?fiscal_year=R7").context["year"].fiscal_year == 2025
    assert client.get(address + "?fiscal_year=1999").context["year"].fiscal_year == 2024
    assert client.get(address + "?fiscal_year=x").context["year"].fiscal_year == 2024


def test_while_no_round_is_settled_the_open_one_is_shown(cast: Cast, sign_in: SignIn) -> None:
    cast.last_cycle.delete()
    response = sign_in(cast.viewer).get(reverse("plans:tree", args=[cast.plan.pk]))
    assert response.context["year"].fiscal_year == 2025


def test_without_a_round_the_last_year_with_an_actual_is_shown(cast: Cast, sign_in: SignIn) -> None:
    cast.plan.cycles.all().delete()
    response = sign_in(cast.viewer).get(reverse("plans:tree", args=[cast.plan.pk]))
    assert response.context["year"].fiscal_year == 2024


def test_an_empty_plan_says_so(cast: Cast, sign_in: SignIn) -> None:
    plan = Plan.objects.create(
        organization=cast.city,
        key="empty",
        name="からの計画",
        first_fiscal_year=2024,
        last_fiscal_year=2026,
    )
    page = sign_in(cast.viewer).get(reverse("plans:tree", args=[plan.pk])).content.decode()
    assert "施策がまだありません" in page


def test_a_measure_shows_its_year_first(cast: Cast, sign_in: SignIn) -> None:
    page = measure(cast, sign_in(cast.viewer), "観光1")
    assert "令和6年度の進捗" in page
    assert "検証した。" in page
    assert "データをもとに観光戦略を立てている。" in page
    assert page.index("令和6年度の進捗") < page.index("目指す状態")
    assert "準備を終えた。" in page  # the year before, folded


def test_a_measure_behind_shows_why(cast: Cast, sign_in: SignIn) -> None:
    page = measure(cast, sign_in(cast.viewer), "観光2")
    assert "契約が遅れた。" in page
    assert "影響は小さい。" in page


def test_a_pillar_counts_the_marks_further_down(cast: Cast, sign_in: SignIn) -> None:
    page = drawn(measure(cast, sign_in(cast.viewer), "まちづくり"))
    assert "○ 予定どおり 1件" in page
    assert "△ 遅れている 1件" in page


def test_many_indicators_become_one_table_without_charts(cast: Cast, sign_in: SignIn) -> None:
    assert "<svg xmlns" in measure(cast, sign_in(cast.viewer), "観光")
    grow(cast, 10)
    page = measure(cast, sign_in(cast.viewer), "観光")
    assert "<svg xmlns" not in page
    assert "令和6年度の指標（14件" in page


def test_a_year_without_review_says_so(cast: Cast, sign_in: SignIn) -> None:
    page = measure(cast, sign_in(cast.viewer), "観光1", year=2026)
    assert "令和8年度の評価の記載はありません。" in page


def test_an_area_without_kpi_says_so_in_its_own_levels_word(cast: Cast, sign_in: SignIn) -> None:
    page = measure(cast, sign_in(cast.viewer), "教育")
    assert "このDX重点課題にはKPIの記載がありません。" in page
    assert "KPIの頁がない" in page  # the source note


def test_the_ways_up_and_aside(cast: Cast, sign_in: SignIn) -> None:
    page = measure(cast, sign_in(cast.viewer), "観光1-2")
    for key in ("まちづくり", "観光", "観光1"):
        assert reverse("plans:measure", args=[cast.measures[key].pk]) in page
    assert 'rel="prev"' in page
    assert 'rel="next"' not in page


def test_the_four_kinds_of_nothing_are_four_words(cast: Cast, sign_in: SignIn) -> None:
    page = measure(cast, sign_in(cast.viewer), "観光")
    for words in ("未集計", "該当なし", "未入力", "入力前", "目標なし"):
        assert words in page
    assert "None" not in page


def test_a_plan_without_marks_goes_on(cast: Cast, sign_in: SignIn) -> None:
    Review.objects.all().delete()
    cast.plan.marks.all().delete()
    assert "評価記号の定めがありません" in tree(cast, sign_in(cast.viewer))


def test_the_history_of_a_review_names_marks_in_words(cast: Cast, sign_in: SignIn) -> None:
    actor = Actor(cast.editor, Channel.PAGE)
    place = (actor, cast.plan, cast.measures["観光1"], 2025)
    first = record_review(*place, {"mark": cast.marks["behind"], "goal": "続ける。"}, None)
    record_review(*place, {"mark": cast.marks["on_schedule"], "result": "挽回。"}, first.version)
    page = measure(cast, sign_in(cast.viewer), "観光1", year=2025)
    history = page[page.index("変更の履歴") :]
    for words in ("△ 遅れている", "○ 予定どおり", "江出 太郎", "画面", "（空欄）", "挽回。"):
        assert words in history
    assert "はじめの内容" in history  # the first entry is folded


@pytest.mark.parametrize("words", ["ＤＸ", "dx戦略"])
def test_plans_are_found_in_any_width(cast: Cast, sign_in: SignIn, words: str) -> None:
    response = sign_in(cast.viewer).get(reverse("plans:list"), {"q": words})
    assert response.context["page_obj"].paginator.count == 1
