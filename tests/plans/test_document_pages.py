"""The page of a plan's document, and the pages of its tree: what a reader of the plan looks for."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from plans.models import Correspondence, Measure, Phase, Plan, PlanSection, TargetState
from plans.templatetags.text_tags import lines, prose
from projects.bars import bar
from projects.models import Milestone
from tests.cast import Cast

SignIn = Callable[..., Client]


def page(client: Client, name: str, pk: int) -> str:
    answer = client.get(reverse(name, args=[pk]))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def document(cast: Cast, sign_in: SignIn) -> Callable[[], str]:
    return lambda: page(sign_in(cast.viewer), "plans:document", cast.plan.pk)


def test_the_document_shows_its_parts(cast: Cast, document: Callable[[], str]) -> None:
    PlanSection.objects.create(
        plan=cast.plan, key="v1", kind="vision", number="1", title="つながるまち", position=2
    )
    html = document()
    for words in ("背景", "つながるまち", "約68%", "令和4年3月", "観光DX", "観光地域づくり法人"):
        assert words in html
    assert reverse("plans:measure", args=[cast.measures["観光"].pk]) in html


def test_a_note_in_other_words_shows_them(cast: Cast, document: Callable[[], str]) -> None:
    html = document()
    assert "注での説明：観光の法人" in html
    term = cast.plan.glossary.get()
    assert f'id="term-{term.pk}"' in html
    term.notes.filter(position=2).update(text=term.text)
    assert "注での説明" not in document()


def test_a_plan_without_text_says_so(cast: Cast, sign_in: SignIn) -> None:
    html = page(sign_in(cast.outsider), "plans:document", cast.other_plan.pk)
    assert "この計画の本文はまだありません" in html


def test_a_mapping_leads_to_the_other_plans_measure(
    cast: Cast, document: Callable[[], str]
) -> None:
    draft = Plan.objects.create(
        organization=cast.city,
        key="draft",
        name="案",
        first_fiscal_year=2022,
        last_fiscal_year=2030,
    )
    level = draft.levels.create(key="policy", depth=0, name="基本方針")
    theirs = Measure.objects.create(plan=draft, level=level, key="1", name="案の方針")
    Correspondence.objects.filter(plan=cast.plan).update(other_plan="draft", other_measure="1")
    assert reverse("plans:measure", args=[theirs.pk]) in document()


def test_a_mapping_never_shows_another_citys_measure(
    cast: Cast, document: Callable[[], str]
) -> None:
    """The other city's plan carries the same key."""
    Correspondence.objects.filter(plan=cast.plan).update(
        other_plan=cast.other_plan.key, other_measure=cast.measures["他市"].key
    )
    assert "他市の基本方針" not in document()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("一行だけ", "<p>一行だけ</p>"),
        ("一つ\n二つ", "<ul><li>一つ</li><li>二つ</li></ul>"),
        ("前書き\n・一つ\n・二つ", "<p>前書き</p><ul><li>一つ</li><li>二つ</li></ul>"),
        ("<b>\n・&", "<p>&lt;b&gt;</p><ul><li>&amp;</li></ul>"),
        ("", ""),
    ],
)
def test_lines_of_a_text_are_a_list(text: str, html: str) -> None:
    assert lines(text) == html


def test_paragraphs_of_running_text_stay_paragraphs() -> None:
    assert prose("一段\n二段") == "<p>一段</p><p>二段</p>"


@pytest.fixture
def measure(cast: Cast, sign_in: SignIn) -> Callable[[str], str]:
    return lambda key: page(sign_in(cast.viewer), "plans:measure", cast.measures[key].pk)


def test_a_measure_shows_its_bars_references_and_notes(measure: Callable[[str], str]) -> None:
    html = measure("観光")
    for words in ("分析の拡充", "終わりの年度の記載なし", "約68%", "※1"):
        assert words in html


def test_a_phase_without_a_state_is_open_where_another_has_one(
    cast: Cast, measure: Callable[[str], str]
) -> None:
    assert "未定" not in measure("観光1")
    Phase.objects.create(
        plan=cast.plan, key="R10", name="次の期", first_fiscal_year=2027, last_fiscal_year=2027
    )
    assert "未定" in measure("観光1")
    assert "未定" not in measure("観光2")


def test_a_state_tells_its_subject(cast: Cast, measure: Callable[[str], str]) -> None:
    TargetState.objects.update(subject="市民が")
    html = measure("観光1")
    assert "対象：市民が" in html
    assert "意図：データをもとに観光戦略を立てている。" in html


def test_a_repeated_measure_and_its_original_lead_to_each_other(
    cast: Cast, measure: Callable[[str], str]
) -> None:
    original = cast.measures["観光2"]
    again = cast.measures["再掲"] = Measure.objects.create(
        plan=cast.plan,
        level=original.level,
        parent=cast.measures["教育"],
        key="再掲",
        code=original.code,
        name=original.name,
        is_repeat=True,
    )
    assert reverse("plans:measure", args=[original.pk]) in measure("再掲")
    html = measure("観光2")
    assert "ほかの場所にも再掲されています" in html
    assert reverse("plans:measure", args=[again.pk]) in html


@pytest.mark.parametrize(
    ("first", "last", "columns"),
    [
        (2023, 2024, (1, 2, 1)),
        (2024, None, (2, 1, 1)),
        (2020, 2022, (0, 1, 3)),
        (2020, None, (0, 0, 4)),
        (2030, None, (4, 0, 0)),
        (None, None, (0, 0, 4)),
    ],
)
def test_a_bar_lies_over_its_years(
    first: int | None, last: int | None, columns: tuple[int, int, int]
) -> None:
    step = Milestone(first_fiscal_year=first, last_fiscal_year=last)
    made = bar(step, range(2022, 2026))
    assert (made.before, made.span, made.after) == columns
    goes_on = last is None and first is not None and first < 2025
    assert made.goes_on == goes_on and made.is_outside == (not made.span and not goes_on)


def test_the_tree_tells_the_state_the_edition_and_the_levels(cast: Cast, sign_in: SignIn) -> None:
    Measure.objects.filter(pk=cast.measures["観光2"].pk).update(is_repeat=True)
    cast.plan.status = Plan.Status.DRAFT
    cast.plan.save()
    cast.levels["step"].name = ""
    cast.levels["step"].save()
    html = page(sign_in(cast.viewer), "plans:tree", cast.plan.pk)
    assert "案</span>" in html
    assert "分野2・DX重点課題2・課題2（再掲1）・名称のない階層2" in html


def test_the_tree_leads_to_the_edition_that_follows(cast: Cast, sign_in: SignIn) -> None:
    later = Plan.objects.create(
        organization=cast.city,
        key="dx2",
        name="改定計画",
        first_fiscal_year=2024,
        last_fiscal_year=2030,
        revises=cast.plan.key,
    )
    client = sign_in(cast.viewer)
    assert reverse("plans:tree", args=[later.pk]) in page(client, "plans:tree", cast.plan.pk)
    html = page(client, "plans:tree", later.pk)
    assert "改定前の計画" in html
    assert reverse("plans:tree", args=[cast.plan.pk]) in html
