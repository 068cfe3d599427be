"""The API's reference in a real browser: it draws itself and calls the API, and nobody else."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dxportal.urls.api import RESOURCES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_reference_draws_and_calls_the_api(cast, sign_in_as: Callable[..., Page]) -> None:
    page = sign_in_as("editor")
    page.goto("/api/v1/docs/")
    for name in RESOURCES:
        tag = page.locator(f".opblock-tag[data-tag='{name}']")
        expect(tag).to_be_visible()
    page.locator(".opblock-tag[data-tag='plans']").click()
    operation = page.locator("#operations-plans-plans_list")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer).to_contain_text("200")
    expect(answer).to_contain_text("DX戦略実行計画")


def test_a_write_from_the_reference_carries_the_csrf_token(
    cast, sign_in_as: Callable[..., Page]
) -> None:
    page = sign_in_as("editor")
    page.goto("/api/v1/docs/")
    page.locator(".opblock-tag[data-tag='actuals']").click()
    operation = page.locator("#operations-actuals-actuals_create")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    indicator = cast.indicators["来訪者"].pk
    body = f'{{"indicator": {indicator}, "fiscal_year": 2025, "value": "20,500"}}'
    operation.locator("textarea.body-param__text").fill(body)
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text("201")
