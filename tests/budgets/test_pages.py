"""The page of a plan's budget."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Role, RoleAssignment, User
from budgets.models import BudgetEntry, StatedTotal
from dxportal.planbook.loader import load_plan
from plans.models import Plan
from projects.models import Project
from tests.cast import Cast, grow

SignIn = Callable[[User], Client]
BOOK = Path(settings.BASE_DIR) / "fixtures" / "nagasaki-dx-package-2024"


def page(client: Client, plan: Plan, query: str = "") -> str:
    response = client.get(reverse("plans:budget", args=[plan.pk]) + query)
    assert response.status_code == 200
    return response.content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", html))


def give_money(plan: Plan, **fields: object) -> None:
    for project in Project.objects.in_plan(plan.pk):
        BudgetEntry.objects.create(
            **{
                "project": project,
                "fiscal_year": 2024,
                "stage": "initial",
                "amount": 1_000,
                **fields,
            }
        )


def test_a_plan_without_a_budget_says_so(cast: Cast, sign_in: SignIn) -> None:
    text = text_of(page(sign_in(cast.viewer), cast.plan))
    assert "この計画の予算はまだありません" in text
    assert "千円" not in text


def test_the_number_of_queries_does_not_grow(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    counts = []
    for size in (0, 12):
        grow(cast, size)
        BudgetEntry.objects.all().delete()
        give_money(cast.plan)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(client, cast.plan)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16


def test_years_and_stages_can_be_switched(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    give_money(cast.plan)
    assert 'aria-label="表示する年度"' not in page(client, cast.plan)
    assert 'aria-label="予算の段階"' not in page(client, cast.plan)

    project = cast.projects["教育1-1"]
    BudgetEntry.objects.create(
        project=project, fiscal_year=2025, stage="initial", amount=77_000_000
    )
    BudgetEntry.objects.create(
        project=project, fiscal_year=2025, stage="supplementary", number=1, amount=-3_000
    )
    assert "7,700万円" in text_of(page(client, cast.plan, "?fiscal_year=2025"))
    html = page(client, cast.plan, "?fiscal_year=2025&stage=supplementary")
    assert "令和7年度補正" in text_of(html)
    assert '<span class="minus">-</span>3' in html
    for odd in ("?fiscal_year=1999", "?fiscal_year=x&stage=x", "?fiscal_year=2024&stage=settled"):
        assert "令和6年度当初" in text_of(page(client, cast.plan, odd))


def test_rounding_is_said_where_it_happens(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    give_money(cast.plan, amount=1_500)
    assert "千円未満を四捨五入" in text_of(page(client, cast.plan))
    BudgetEntry.objects.update(amount=2_000)
    assert "端数処理はありません" in text_of(page(client, cast.plan))


def test_a_difference_to_the_printed_total_is_shown(cast: Cast, sign_in: SignIn) -> None:
    BudgetEntry.objects.create(
        project=cast.projects["教育1-1"], fiscal_year=2024, stage="initial", amount=5_000_000
    )
    StatedTotal.objects.create(plan=cast.plan, fiscal_year=2024, amount=6_000_000)
    text = text_of(page(sign_in(cast.viewer), cast.plan))
    assert "資料に記載の合計600万円差額-100万円" in text


@pytest.fixture(scope="module")
def package(django_db_setup: None, django_db_blocker) -> Iterator[Plan]:
    """Loaded once for the module, inside a transaction of its own that is undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_plan(Actor.system(), BOOK).plan
        transaction.set_rollback(True)


@pytest.fixture
def shown_package(package: Plan, db: None, sign_in: SignIn) -> str:
    reader = User.objects.create(username="nagasaki", organization=package.organization)
    RoleAssignment.objects.create(user=reader, role=Role.VIEWER, organization=package.organization)
    return page(sign_in(reader), package)


def test_nagasakis_package_shows_the_totals_that_it_prints(shown_package: str) -> None:
    text = text_of(shown_package)
    assert "総額2,325,594千円23億2,559万4千円資料に記載の合計23億2,559万4千円一致" in text
    assert "子育て世帯をサポート117,501千円（8事業）資料と一致" in text
    assert "魅力の発信と人の流れの創出98,623千円（6事業）資料と一致" in text
    assert "スマート市役所の基盤づくり152,182千円（10事業）資料と一致" in text
    assert "ゼロ予算の事業2件" in text
    assert "予算の記載がない事業8件" in text


def test_what_is_printed_again_is_shown_and_never_counted(shown_package: str) -> None:
    text = text_of(shown_package)
    assert text.count("2,438,469") == 1
    assert "再掲を重ねて数えると2,438,469千円になりますが、この頁では1事業を1回だけ数えます" in text
    assert text.count("再掲（合計に含めない）") == 5
    assert text.count("別の取組でも掲載（合計に含めない）") == 1
    assert text.count("再掲の行（ここでは1回数える）") == 3
    assert "合計58件2,325,594" in text
