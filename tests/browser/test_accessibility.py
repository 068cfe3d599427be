"""axe finds nothing on any page, on a broad screen and on a phone; nothing scrolls sideways."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.cast import Cast, make_cast

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


def findings(page: Page) -> list[str]:
    return [
        f"{page.url} {violation['id']}: {node['html'][:200]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("person", ["editor", "coordinator"])
def test_axe_finds_nothing(sign_in_as: Callable[..., Page], person: str, width: int) -> None:
    cast = make_cast()
    page = sign_in_as(person, viewport={"width": width, "height": 800})
    found = []
    for address in addresses(cast):
        page.goto(address)
        found += findings(page)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{address} scrolls sideways at {width}")
    assert not found


def test_the_sign_in_page_is_clean(open_page: Callable[..., Page], db: None) -> None:
    page = open_page()
    page.goto("/accounts/sign-in/")
    page.get_by_role("button", name="サインイン").click()
    assert not findings(page)
