import pytest
from django.db import models

from plans.search import Folded, fold, search, words_of
from projects.models import Project
from tests.cast import Cast

PATHS = ("name", "aliases__name", "placements__code")


def found(text: str) -> set[str]:
    rows: models.QuerySet[Project] = search(Project.objects.all(), text, PATHS)
    return {project.name for project in rows}


def test_fold_makes_widths_and_cases_one() -> None:
    assert fold("ＳＮＳﾃﾞｰﾀ①") == "snsでーた1"
    assert fold(None) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("取り組み", "取組"),
        ("取組み", "取組"),
        ("申し込み", "申込"),
        ("問い合わせ", "問合せ"),
        ("デジタル・ディバイド", "デジタルデバイド"),
        ("サーバー", "サーバ"),
        ("ｻｰﾊﾞｰ", "さーば"),
        ("ヴァーチャル", "バーチャル"),
        ("ウィズ", "ウイズ"),
        ("デ‐タ", "データ"),
        ("子育て支援", "子育支援"),
        ("引き継ぎ", "引継"),
        ("立ち上がり", "立上り"),
        ("締め切り", "締切"),
    ],
)
def test_spellings_of_one_word_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("分析システム", "分析ステム"),  # シ is no 送り仮名
        ("窓口に", "窓口"),  # nor is a particle
        ("市民が", "市民"),
        ("データ", "デタ"),
        ("会計", "会議"),
        ("計画", "計算"),
    ],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_the_database_folds_as_python_does(cast: Cast) -> None:
    texts = [
        "取り組み①",
        "デジタル・ディバイド",
        "ｻｰﾊﾞｰの問い合わせ",
        "ウィズ",
        "ＳＮＳ データ",
        "AI-OCR",
        "分析システムの立ち上がりと、窓口での手続き\n子育て",
    ]
    for text in texts:
        Project.objects.filter(pk=cast.projects["教育1-1"].pk).update(name=text)
        row = Project.objects.annotate(folded=Folded("name")).get(name=text)
        assert row.folded == fold(text)


def test_full_and_half_width_find_each_other(cast: Cast) -> None:
    assert found("sns") == {"ＳＮＳデータの分析"}
    assert found("ＳＮＳ") == {"ＳＮＳデータの分析"}
    assert found("ﾏｰｹﾃｨﾝｸﾞ") == {"マーケティングレポート"}
    assert found("観光１－２－２") == found("観光1-2-2")
    assert found("観光1-2-2") == {"ＳＮＳデータの分析", "マーケティングレポート"}


def test_every_word_must_be_found_somewhere(cast: Cast) -> None:
    assert found("ＳＮＳ　分析") == {"ＳＮＳデータの分析"}
    assert found("SNS 端末") == set()


def test_signs_of_the_database_are_plain_text(cast: Cast) -> None:
    assert found("%") == set()
    assert found("_") == set()
    assert found("'; DROP TABLE projects_project; --") == set()


def test_no_row_comes_twice(cast: Cast) -> None:
    # Two placements and an alias of the same project have the word.
    assert search(Project.objects.all(), "観光1", PATHS).count() == 2


def test_a_flood_of_words_is_cut() -> None:
    assert len(words_of("あ " * 500)) == 8
