"""Entering a year in a real browser, alone and two at a time."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from kpi.models import Actual
from tests.cast import THIS_YEAR, Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


def row_of(page: Page, cast: Cast, key: str):
    return page.locator(f"#row-{cast.indicators[key].pk}")


def test_an_editor_enters_a_value_and_sees_it_everywhere(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    page = sign_in_as("editor")
    page.get_by_role("link", name="実績入力").first.click()
    row = row_of(page, cast, "来訪者")
    expect(row).to_contain_text("12,345")
    expect(row).to_contain_text("20,000")
    row.get_by_label("来訪者数の実績値").fill("２１，０００人")
    row.get_by_role("button", name="保存").click()
    expect(row).to_contain_text("保存しました")
    expect(row).to_contain_text("21,000人 として保存")
    expect(row).to_contain_text("105.0%")
    expect(page.get_by_role("main")).to_contain_text("入力済み 1 / 4 件")
    expect(row).to_contain_text("実績 21,000 ÷ 目標 20,000")
    assert Actual.objects.get(indicator__key="来訪者", fiscal_year=THIS_YEAR).value == 21000

    row.get_by_role("link", name="来訪者数").click()
    expect(page.get_by_role("main")).to_contain_text("21,000")
    page.goto(f"/plans/measures/{cast.measures['観光2'].pk}/?fiscal_year=2025")
    expect(page.get_by_role("main")).to_contain_text("21,000")
    page.goto(f"/dashboard/?plan={cast.plan.pk}&fiscal_year=2025")
    reached = page.get_by_role("row", name="目標達成").first
    expect(reached.get_by_role("cell").first).to_have_text("1")


def test_a_wrong_number_is_refused_at_its_field_and_stays(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    page = sign_in_as("editor")
    page.goto("/kpi/entry/")
    row = row_of(page, cast, "立案数")
    value = row.get_by_label("データを活用した事業立案数の実績値")
    value.fill("約7")
    row.get_by_role("button", name="保存").click()
    expect(row).to_contain_text("「約7」は正確な値として読めません")
    expect(value).to_have_value("約7")
    expect(value).to_have_attribute("aria-invalid", "true")
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()


def test_two_people_never_overwrite_each_other_unseen(
    cast: Cast, sign_in_as: Callable[..., Page]
) -> None:
    first, second = sign_in_as("editor"), sign_in_as("editor")
    for page in (first, second):
        page.goto("/kpi/entry/")
    for page, number in ((first, "7"), (second, "9")):
        row = row_of(page, cast, "立案数")
        row.get_by_label("データを活用した事業立案数の実績値").fill(number)
        row.get_by_role("button", name="保存").click()
        page.wait_for_load_state("networkidle")
    row = row_of(second, cast, "立案数")
    expect(row).to_contain_text("「7」を保存しました")
    expect(row).to_contain_text("「9」はまだ保存していません")
    assert Actual.objects.get(indicator__key="立案数", fiscal_year=THIS_YEAR).value == 7
    row.get_by_role("button", name="自分の値で保存する").click()
    expect(row.get_by_role("status")).to_have_text("保存しました")
    assert Actual.objects.get(indicator__key="立案数", fiscal_year=THIS_YEAR).value == 9


def test_it_works_without_scripts(cast: Cast, sign_in_as: Callable[..., Page]) -> None:
    page = sign_in_as("editor", java_script_enabled=False)
    page.goto("/kpi/entry/")
    row = row_of(page, cast, "立案数")
    row.get_by_label("データを活用した事業立案数の実績値").fill("不明")
    row.get_by_role("button", name="保存").click()
    expect(page.get_by_role("main")).to_contain_text("数値として読めません")
    expect(page.get_by_label("データを活用した事業立案数の実績値")).to_have_value("不明")
    page.get_by_label("データを活用した事業立案数の実績値").fill("8")
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**/kpi/entry/?cycle=*")
    expect(row_of(page, cast, "立案数")).to_contain_text("保存済み")
