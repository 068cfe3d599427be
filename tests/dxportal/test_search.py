"""Searching everything: what is found, how it is marked, who finds it, and at what cost."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dxportal.searching.find import find, marked
from dxportal.searching.kinds import KINDS
from plans.models import GlossaryTerm, ItemComment
from plans.search import words_of
from tests.cast import Cast, grow

SignIn = Callable[..., Client]


def kinds_found(cast: Cast, text: str, person: str = "viewer") -> set[str]:
    return {group.kind.key for group in find(cast.people[person], text)}


def test_each_kind_is_found_by_a_word_of_its_own(cast: Cast) -> None:
    assert "plan" in kinds_found(cast, "DX戦略実行計画")
    assert "measure" in kinds_found(cast, "プロモーション")
    assert "project" in kinds_found(cast, "観光1-1-7")
    assert "indicator" in kinds_found(cast, "来訪者")
    assert "review" in kinds_found(cast, "契約が遅れた")
    assert "department" in kinds_found(cast, "農水産")
    assert "tag" in kinds_found(cast, "フロントヤード")


def test_comments_are_found(cast: Cast) -> None:
    from dxportal.rounds.asking import ask

    assert cast.open_cycle is not None
    ask(cast.open_cycle)
    item = cast.open_cycle.items.first()
    ItemComment.objects.create(item=item, by=cast.editor, text="内訳の取り組みを教えてください")
    assert kinds_found(cast, "取組") >= {"comment"}
    assert "comment" not in kinds_found(cast, "取組", "outsider")


def test_spellings_do_not_matter(cast: Cast) -> None:
    GlossaryTerm.objects.create(plan=cast.plan, term="デジタル・ディバイド", text="格差のこと。")
    for text in ("デジタルデバイド", "ﾃﾞｼﾞﾀﾙ ﾃﾞｨﾊﾞｲﾄﾞ", "でじたるでばいど"):
        assert "term" in kinds_found(cast, text)


def test_the_likeliest_comes_first(cast: Cast) -> None:
    for name in ("窓口の改善", "窓口", "Z"):
        made = cast.project(f"増{name}", cast.measures["観光1"], "観光課")
        made.name, made.summary = name, "窓口で待つ時間を短くする。"
        made.save()
    [group] = find(cast.viewer, "窓口", "project")
    assert [hit.title.replace("<mark>", "").replace("</mark>", "") for hit in group.hits] == [
        "窓口",
        "窓口の改善",
        "Z",
    ]


def test_a_code_that_was_typed_in_full_comes_before_everything_else(cast: Cast) -> None:
    measure = cast.measures["観光1"]
    measure.description = "事業 観光1-1-7 の土台になる。"
    measure.save()
    assert [group.kind.key for group in find(cast.viewer, "観光１-1-7")][:2] == [
        "project",
        "measure",
    ]


def test_only_ones_own_citys_rows_are_read(cast: Cast) -> None:
    """The words are looked for behind the city's condition, not in whole tables."""
    with CaptureQueriesContext(connection) as sent:
        find(cast.viewer, "観光")
    for query in sent.captured_queries:
        assert query["sql"].count("IN (SELECT") == 0, query["sql"]


def test_nobody_finds_what_another_city_has(cast: Cast) -> None:
    for word in ("観光", "来訪者", "佐世保", "DX戦略実行計画"):
        assert kinds_found(cast, word, "outsider") == set()


@pytest.mark.parametrize("text", ["", "　", "%", "_", "'; DROP TABLE plans_plan; --", "<script>"])
def test_strange_text_finds_nothing_and_breaks_nothing(
    cast: Cast, sign_in: SignIn, text: str
) -> None:
    page = sign_in(cast.viewer).get(reverse("search"), {"q": text})
    assert page.status_code == 200
    assert page.context["groups"] == []
    assert "<script>" not in page.content.decode().split("<body")[1].replace("<script src", "")


@pytest.mark.parametrize(
    ("text", "asked", "wanted"),
    [
        ("窓口の取り組み", "取組", "窓口の<mark>取り組み</mark>"),
        ("サーバーを更新", "ｻｰﾊﾞ", "<mark>サーバー</mark>を更新"),
        ("ディバイド対策", "デバイド", "<mark>ディバイド</mark>対策"),
        ("A<b>SNS", "sns", "A&lt;b&gt;<mark>SNS</mark>"),
    ],
)
def test_what_matches_is_marked_as_it_is_spelled(text: str, asked: str, wanted: str) -> None:
    assert marked(text, words_of(asked)) == wanted


def test_hits_lead_to_pages_that_open(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    for word in ("観光", "DX", "来訪者", "遅れ", "デジタル"):
        for group in find(cast.viewer, word):
            for hit in group.hits:
                assert client.get(hit.link).status_code == 200, hit.link


def test_queries_do_not_grow(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    address = f"{reverse('search')}?q=観光"
    client.get(address)
    with CaptureQueriesContext(connection) as small:
        client.get(address)
    grow(cast, 5)
    with CaptureQueriesContext(connection) as large:
        client.get(address)
    assert len(large) == len(small) <= len(KINDS) + 10
