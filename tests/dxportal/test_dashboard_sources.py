"""Where the figures come from: who wrote them, when, in which round, from which document."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import AuditEntry, Channel
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.scope import scope_for
from dxportal.dashboards.sources import (
    Sources,
    of_indicators,
    of_last_year,
    of_marks,
    of_projects,
    sources_of,
)
from dxportal.rounds.asking import ask
from kpi.models import Actual
from kpi.services import ActualEntry, record_actual
from projects.models import Project, Review
from tests.cast import Cast, actual, grow

SignIn = Callable[..., Client]


def figures(cast: Cast, year: int) -> Figures:
    return Figures(scope_for(cast.viewer, cast.plan, QueryDict(f"fiscal_year={year}")))


def test_a_figure_tells_who_entered_it_when_and_in_which_round(cast: Cast) -> None:
    assert cast.open_cycle is not None
    ask(cast.open_cycle)
    actor = Actor(cast.editor, Channel.PAGE)
    entered = record_actual(actor, cast.indicators["立案数"], 2025, ActualEntry("7"), None)
    source = sources_of(figures(cast, 2025), of_indicators).of(entered)
    assert source is not None
    assert source.last is not None
    assert (source.last.who, source.last.channel) == ("江出 太郎", "画面")
    assert source.last.at == AuditEntry.objects.latest("pk").at
    assert "令和7" in source.round
    assert source.documents == (str(cast.plan),)
    item = cast.open_cycle.items.get(kind="actual", object_id=entered.indicator_id)
    assert source.link == reverse("rounds:item", args=[item.pk])


def test_a_row_that_the_log_does_not_know_says_so(cast: Cast) -> None:
    stored = Actual.objects.get(indicator=cast.indicators["来訪者"], fiscal_year=2024)
    source = Sources(figures(cast, 2024).scope, [stored]).of(stored)
    assert source is not None
    assert source.last is None


def test_a_sum_names_as_many_rows_as_it_counts(cast: Cast) -> None:
    here = figures(cast, 2024)
    Review.objects.filter(plan=cast.plan, mark__isnull=False).update(source_note="別冊12頁")
    found = sources_of(here, of_marks, of_indicators, of_projects)
    marks = found.sum("reviews")
    assert marks is not None
    assert marks.what == f"施策の評価{here.standing.marked()}件"
    assert marks.documents == (str(cast.plan), "別冊12頁")
    assert marks.link.endswith("#areas-title")
    kpi = found.sum("kpi")
    assert here.kpi is not None
    assert kpi is not None
    assert kpi.what == f"KPIの実績値{sum(v.actual is not None for v in here.kpi.years)}件"
    assert found.sum("nothing was asked") is None


def test_last_years_figures_tell_their_own_round_and_table(cast: Cast) -> None:
    here = figures(cast, 2025)
    found = sources_of(here, of_marks, of_last_year)
    last = found.sum("reviews-last")
    assert last is not None
    assert last.what == f"施策の評価{here.standing.marked(2024)}件"
    assert last.round == f"{cast.last_cycle}（公表）"
    assert "fiscal_year=2024" in last.link
    assert found.sum("reviews") is None  # of 2025 nothing is said yet
    first = figures(cast, cast.plan.first_fiscal_year)
    assert sources_of(first, of_last_year).sum("reviews-last") is None


def test_what_starts_and_ends_and_the_leading_projects_tell_their_rows(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.viewer)
    project = cast.projects["観光1-1-7"]
    Project.objects.filter(pk=project.pk).update(first_fiscal_year=2024, last_fiscal_year=2024)
    text = client.get("/dashboard/projects/?fiscal_year=2024").content.decode()
    for section in ("starting-title", "ending-title"):
        part = text.split(f'id="{section}"')[1].split("</section>")[0]
        assert f'出典<span class="visually-hidden">：{project.name}' in part.replace(
            "観光1-1-7 ", ""
        )
        assert "<dd>事業</dd>" in part
    text = client.get("/dashboard/?fiscal_year=2024").content.decode()
    leading = text.split('id="leading-title"')[1].split("</section>")[0]
    assert "<dd>スケジュール</dd>" in leading
    comparison = text.split('id="comparison-title"')[1].split("</section>")[0]
    assert comparison.count('class="source"') >= 4


@pytest.mark.parametrize("page", ["", "indicators/", "projects/", "logic/"])
def test_every_page_shows_sources_whose_links_open(cast: Cast, sign_in: SignIn, page: str) -> None:
    client = sign_in(cast.viewer)
    text = client.get(f"/dashboard/{page}?fiscal_year=2024").content.decode()
    assert text.count('class="source"') >= 1
    for part in text.split('<details class="source">')[1:]:
        if "<a href=" in part.split("</details>")[0]:
            link = part.split('<a href="')[1].split('"')[0].replace("&amp;", "&")
            assert client.get(link.partition("#")[0]).status_code == 200


def test_the_overview_and_a_past_day_cost_the_same_however_large(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.viewer)
    actor = Actor(cast.editor, Channel.PAGE)
    audit.record(actor, "plan.change", cast.plan, cast.city.pk, {}, {"name": "x"})
    record_actual(actor, cast.indicators["立案数"], 2025, ActualEntry("7"), None)
    today = timezone.localdate()

    def sent(query: str) -> int:
        client.get(f"/dashboard/?{query}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/dashboard/?{query}").context["scope"].form.is_valid()
        return len(queries)

    addresses = ("fiscal_year=2025", f"fiscal_year=2025&as_of={today}")
    grow(cast, 1)
    small = [sent(address) for address in addresses]
    for number in range(5):
        issue = cast.measures["観光1"]
        more = cast.indicator(f"さらに{number}")
        cast.use(more, issue)
        actual(more, 2025, number)
        cast.project(f"さらに{number}", issue, "観光課")
    assert [sent(address) for address in addresses] == small
    assert small[0] <= 40
    assert small[1] <= 60
