"""axe finds nothing on any page, on a broad screen and on a phone; nothing scrolls sideways."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.api import Caller, service
from tests.browser.looks import faults, findings
from tests.browser.steps import press
from tests.cast import PASSWORD, Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def addresses(cast: Cast) -> list[str]:
    return [
        "/",
        f"/dashboard/?plan={cast.plan.pk}&fiscal_year=2024",
        "/dashboard/indicators/?fiscal_year=2024",
        "/dashboard/projects/?fiscal_year=2024",
        "/dashboard/budgets/?fiscal_year=2024",
        "/dashboard/logic/?fiscal_year=2024",
        "/dashboard/entry/?fiscal_year=2025",
        "/dashboard/meeting/?fiscal_year=2024&slide=2",
        "/dashboard/views/?path=/dashboard/",
        "/search/?q=観光",
        "/plans/",
        f"/plans/{cast.plan.pk}/?fiscal_year=2024",
        f"/plans/measures/{cast.measures['観光'].pk}/?fiscal_year=2024",
        "/projects/",
        f"/projects/{cast.projects['観光1-1-7'].pk}/",
        "/kpi/",
        f"/kpi/{cast.indicators['立案数'].pk}/",
        "/rounds/entry/",
        "/reports/",
        "/accounts/password/",
        "/nowhere/",
    ]


@pytest.mark.parametrize("person", ["editor", "coordinator"])
def test_every_page_is_for_all(sign_in_as: Callable[..., Page], person: str) -> None:
    cast = make_cast()
    page = sign_in_as(person)
    found = []
    for address in addresses(cast):
        page.goto(address)
        found += faults(page)
    assert not found


def test_the_administrators_pages_are_for_all(sign_in_as: Callable[..., Page]) -> None:
    cast = make_cast()
    token, secret = service(cast, "write", plan_ids=[cast.plan.pk], addresses=["10.1.2.0/24"])
    Caller(secret=secret).get("plans/")
    page = sign_in_as("admin")
    pages = ("", "issue/", *(f"{token.pk}/{act}" for act in ("", "change/", "rotate/", "revoke/")))
    found = []
    for address in (*(f"/tokens/{name}" for name in pages), "/audit/", "/audit/calls/"):
        page.goto(address)
        found += faults(page)
    page.goto(f"/tokens/{token.pk}/rotate/")
    press(page, "新しくする")
    expect(page.locator("#secret")).to_be_visible()
    assert not found + faults(page)


def test_the_sign_in_page_is_clean_and_leads_on(cast: Cast, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/plans/")
    press(page, "サインイン")
    expect(page.locator(".error-summary")).to_be_visible()
    assert not findings(page)
    page.get_by_label("ユーザー名").fill("viewer")
    page.get_by_label("パスワード").fill(PASSWORD)
    press(page, "サインイン")
    expect(page.get_by_role("heading", level=1)).to_have_text("計画の一覧")
