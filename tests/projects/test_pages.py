"""The list of projects with its filters and files, and the page of one project."""

import csv
import io
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from budgets.models import BudgetEntry
from tests.cast import Cast, grow
from tests.drawn import drawn

SignIn = Callable[..., Client]
LIST = "projects:list"


def names(response: HttpResponse) -> list[str]:
    return [row.project.name for row in response.context["rows"]]  # type: ignore[attr-defined]


def records(response: HttpResponse, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode(encoding))))


def test_the_list_reads_as_the_plan_does(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.viewer).get(reverse(LIST))
    assert names(response) == ["ＳＮＳデータの分析", "マーケティングレポート", "学習用端末の更新"]
    page = response.content.decode()
    assert "再掲" in page
    assert "観光課、DX推進課、ほか" in page
    assert "別名：SNSデータ" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=sns", ["ＳＮＳデータの分析"]),
        ("is_leading=true", ["ＳＮＳデータの分析"]),
        ("is_leading=false", ["マーケティングレポート", "学習用端末の更新"]),
        ("measure={観光}", ["ＳＮＳデータの分析", "マーケティングレポート"]),
        ("measure={観光1-2}", ["ＳＮＳデータの分析", "マーケティングレポート"]),
        ("department={観光経済部}", ["ＳＮＳデータの分析", "マーケティングレポート"]),
        ("department={DX推進課}", ["ＳＮＳデータの分析"]),
        ("tag={tag}", ["ＳＮＳデータの分析"]),
        ("stage=build&fiscal_year=2024", ["ＳＮＳデータの分析"]),
        ("stage=operate&fiscal_year=2024", []),
        ("ordering=name", ["マーケティングレポート", "学習用端末の更新", "ＳＮＳデータの分析"]),
        ("ordering=-name", ["ＳＮＳデータの分析", "学習用端末の更新", "マーケティングレポート"]),
    ],
)
def test_filters_and_order(cast: Cast, sign_in: SignIn, query: str, expected: list[str]) -> None:
    ids = {key: row.pk for key, row in {**cast.departments, **cast.measures}.items()}
    ids["tag"] = cast.tag.pk if cast.tag else 0
    response = sign_in(cast.viewer).get(f"{reverse(LIST)}?{query.format(**ids)}")
    assert names(response) == expected


def test_a_wrong_filter_shows_nothing_and_says_why(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.viewer).get(reverse(LIST) + "?department=abc")
    assert names(response) == []
    assert response.context["filter"].form.errors


def test_htmx_gets_the_results_alone(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    whole = client.get(reverse(LIST) + "?q=sns").content.decode()
    part = client.get(reverse(LIST) + "?q=sns", headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    assert part.strip() in whole
    assert 'id="results"' in part


def test_pages_of_fifty(cast: Cast, sign_in: SignIn) -> None:
    grow(cast, 60)
    client = sign_in(cast.viewer)
    first = client.get(reverse(LIST))
    assert len(names(first)) == 50
    assert len(names(client.get(reverse(LIST) + "?page=2"))) == 13
    assert len(names(client.get(reverse(LIST) + "?page=999"))) == 13  # the last there is
    assert "page=2" in first.content.decode()


def test_nothing_found_says_what_to_do(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.viewer).get(reverse(LIST) + "?q=ない言葉").content.decode()
    assert "条件に合う事業はありません" in page


def test_csv_of_the_filtered_list(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.viewer).get(reverse(LIST) + "?format=csv&is_leading=true")
    assert response["Content-Type"].startswith("text/csv")
    rows = records(response)
    assert len(rows) == 1
    assert rows[0]["番号"] == "観光1-1-7、観光1-2-2"
    assert rows[0]["団体コード"] == "422029"
    assert rows[0]["リーディング"] == "1"


def test_placements_and_schedule_are_files_of_their_own(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    places = records(client.get(reverse(LIST) + "?format=csv&export=placements"))
    assert len(places) == 4
    assert [row["再掲"] for row in places].count("1") == 1
    schedule = records(client.get(reverse(LIST) + "?format=csv&export=schedule"))
    assert [(row["年度"], row["予定"], row["実績"]) for row in schedule][-1] == ("2025", "運用", "")


def test_cp932_that_would_lose_a_character_is_refused_with_a_list(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.viewer)
    address = reverse(LIST) + "?format=csv&encoding=cp932"
    assert client.get(address).status_code == 200
    project = cast.projects["教育1-1"]
    project.name = "𠮷野の端末—更新"
    project.save()
    response = client.get(address)
    assert response.status_code == 422
    page = response.content.decode()
    assert "𠮷" in page
    assert "U+2014" in page


@pytest.mark.parametrize("query", ["format=pdf", "format=csv&export=x", "format=csv&encoding=x"])
def test_unknown_files_do_not_exist(cast: Cast, sign_in: SignIn, query: str) -> None:
    assert sign_in(cast.viewer).get(f"{reverse(LIST)}?{query}").status_code == 404


def test_a_project_shows_all_that_is_known(cast: Cast, sign_in: SignIn) -> None:
    project = cast.projects["観光1-1-7"]
    BudgetEntry.objects.create(project=project, fiscal_year=2024, stage="initial", amount=1200000)
    BudgetEntry.objects.create(project=project, fiscal_year=2025, stage="initial", amount=0)
    page = sign_in(cast.viewer).get(reverse("projects:detail", args=[project.pk])).content.decode()
    for words in (
        "SNSデータ",
        "概要図",
        "観光課、DX推進課、ほか",
        "再掲",
        "リーディング",
        "フロントヤード改革",
        "満足度",
        "1,200,000",
        "財源内訳の記載なし",
        "検討",
        "構築",
        "運用",
    ):
        assert words in page
    assert '<td class="cell--figures">0</td>' in drawn(page)  # a zero budget is a zero


def test_a_projects_source_note_is_shown(cast: Cast, sign_in: SignIn) -> None:
    project = cast.projects["観光1-2-2"]
    page = sign_in(cast.viewer).get(reverse("projects:detail", args=[project.pk])).content.decode()
    assert "出典注記" in page
    assert "2つの事業に付されている" in page


def test_a_project_without_anything_still_has_a_page(cast: Cast, sign_in: SignIn) -> None:
    from projects.models import Project

    bare = Project.objects.create(organization=cast.city, key="bare", name="なにもない事業")
    page = sign_in(cast.viewer).get(reverse("projects:detail", args=[bare.pk])).content.decode()
    assert "どの計画にも掲載されていません" in page
    assert "指標の記載がありません" in page
    assert "年度ごとの予定と実績の記載はありません" in page
