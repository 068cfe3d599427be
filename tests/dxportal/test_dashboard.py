"""The dashboard: every number is right and leads to the list that it counts."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Channel
from budgets.models import BudgetEntry
from dxportal.rounds.asking import ask
from kpi.models import Actual
from kpi.services import ActualEntry, record_actual
from tests.cast import Cast

SignIn = Callable[..., Client]


def dashboard(client: Client, year: int = 2024):  # a response with its context
    return client.get(f"{reverse('dashboard')}?fiscal_year={year}")


def test_marks_by_area(cast: Cast, sign_in: SignIn) -> None:
    context = dashboard(sign_in(cast.viewer)).context
    lines = {line.area.label: (line.counts, line.area.unmarked) for line in context["areas"]}
    assert lines == {"観光": ([1, 1], 0), "教育": ([0, 0], 1)}
    moves = [(str(m.planned), str(m.mark), m.count) for m in context["moves"]]
    assert moves == [
        ("○ 予定どおり", "○ 予定どおり", 1),
        ("○ 予定どおり", "△ 遅れている", 1),
    ]


def test_what_is_late_with_reason_and_effect(cast: Cast, sign_in: SignIn) -> None:
    page = dashboard(sign_in(cast.viewer)).content.decode()
    assert "契約が遅れた。" in page
    assert "影響は小さい。" in page


def test_every_outcome_number_equals_its_list(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    context = dashboard(client).context
    assert context["kpi"].reached == 2
    for line in context["outcome_lines"]:
        for count, link in line.cells:
            listed = client.get(link).context["page_obj"].paginator.count
            assert listed == count, line.outcome


def test_the_worst_come_first(cast: Cast, sign_in: SignIn) -> None:
    actual = Actual.objects.get(indicator=cast.indicators["立案数"], fiscal_year=2024)
    actual.value = 1
    actual.save()
    worst = dashboard(sign_in(cast.viewer)).context["worst"]
    assert [values.indicator.key for values in worst] == ["立案数", "来訪者"]


def test_an_entered_value_is_seen_at_once(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    ask(cast.open_cycle)
    assert dashboard(client, 2025).context["round"].total.entered == 0
    actor = Actor(cast.editor, Channel.PAGE)
    record_actual(actor, cast.indicators["立案数"], 2025, ActualEntry("7"), None)
    context = dashboard(client, 2025).context
    assert context["round"].total.entered == 1
    assert context["kpi"].reached == 1


def test_a_year_without_reviews_says_so_instead_of_all_is_well(cast: Cast, sign_in: SignIn) -> None:
    page = dashboard(sign_in(cast.viewer), 2025).content.decode()
    assert "進捗の評価は、まだ記載されていません" in page


def test_leading_projects(cast: Cast, sign_in: SignIn) -> None:
    context = dashboard(sign_in(cast.viewer)).context
    assert [item.placement.code for item in context["leading"]] == ["観光1-1-7"]
    page = sign_in(cast.viewer).get(
        f"{reverse('projects:list')}?plan={cast.plan.pk}&is_leading=true"
    )
    assert page.context["page_obj"].paginator.count == 1


def test_every_chart_stands_beside_its_table(cast: Cast, sign_in: SignIn) -> None:
    page = dashboard(sign_in(cast.viewer)).content.decode()
    assert page.count("<svg xmlns") == 2  # wide, and once more for a phone
    assert page.count("<table") >= 4


def test_what_cannot_be_judged_is_no_zero(cast: Cast, sign_in: SignIn) -> None:
    """Where nobody has said how far it is, 「0件」 would read as 「all is well」."""
    page = dashboard(sign_in(cast.viewer), 2027)
    assert page.context["schedule"].judged == []
    text = page.content.decode()
    assert "進捗の評価は、まだ記載されていません" in text
    assert "予定と実績の記載がそろわず、遅れは判定できません" in text
    assert page.context["kpi"].judged == 0
    assert "判定できる実績がまだありません" in text


def test_every_dashboard_says_its_answer_first(cast: Cast, sign_in: SignIn) -> None:
    BudgetEntry.objects.create(
        project=cast.projects["観光1-1-7"], fiscal_year=2024, stage="initial", amount=23_000_000
    )
    client = sign_in(cast.viewer)
    answers = {
        "dashboard": "1件が遅れています</strong>",
        "dashboard:indicators": "件に注意が必要です</strong>",
        "dashboard:projects": "遅れ",
        "dashboard:budgets": "予算現額は<strong>2,300万円</strong>です。決算の",
    }
    for name, answer in answers.items():
        page = client.get(f"{reverse(name)}?fiscal_year=2024").content.decode()
        lead = page[page.index('class="page-header__lead"') : page.index('class="tabs"')]
        assert answer in lead, name
