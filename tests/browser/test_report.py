"""A coordinator builds the annual report in a real browser, with a real worker."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from dxportal.models import Publication
from tests.browser.conftest import PATIENCE
from tests.browser.looks import faults
from tests.browser.steps import press
from tests.cast import make_cast
from tests.worker import running_worker

PUBLIC = "/public/422029/dx/reports/"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("worker"),
]


def build(page: Page, format_label: str) -> bytes:
    """Ask for the report of 令和6年度, wait for it on its page, and fetch the file."""
    page.goto("/reports/")
    page.get_by_label("年度").select_option("2024")
    for chosen in page.locator("input[name=format]").all():
        chosen.uncheck()
    page.get_by_label(format_label).check()
    press(page, "作成する")
    # The worker starts meanwhile.
    expect(page.get_by_role("main")).to_contain_text("報告書ができました", timeout=2 * PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("link", name="保存").first.click()
    path = download.value.path()
    assert "令和6年度" in download.value.suggested_filename
    return path.read_bytes()


def publish_and_withdraw(page: Page) -> None:
    """The report of the page, as far as citizens see it; no page has a fault."""
    main = page.get_by_role("main")
    page.get_by_role("link", name="公表する").click()
    found = faults(page)
    page.get_by_label("表題").fill("令和6年度の報告書")
    page.get_by_role("button", name="公表する").click()
    expect(main).to_contain_text("公表しました")
    found += faults(page)
    address = page.url
    page.goto(PUBLIC)
    expect(main).to_contain_text("令和6年度の報告書")
    found += faults(page)
    page.goto(address)
    page.get_by_label("取下げの理由").fill("数値の誤り")
    page.get_by_role("button", name="取り下げる").click()
    page.get_by_role("dialog").get_by_role("button", name="取り下げる").click()
    expect(main).to_contain_text("取り下げられた報告書です")
    found += faults(page)
    page.goto(PUBLIC)
    expect(main).to_contain_text("公表している報告書はありません")
    assert not found


def test_the_report_is_built_watched_opened_and_published(sign_in_as: Callable[..., Page]) -> None:
    cast = make_cast()
    Publication.objects.create(plan=cast.plan, contact="DX推進課")
    with running_worker():
        page = sign_in_as("coordinator", accept_downloads=True)
        pdf = PdfReader(io.BytesIO(build(page, "PDF")))
        text = "".join(p.extract_text() for p in pdf.pages)
        for project in cast.plan.placements.counted_once():
            assert project.project.name in text
        publish_and_withdraw(page)
        workbook = openpyxl.load_workbook(io.BytesIO(build(page, "Excel")))
        words = {cell.value for sheet in workbook for row in sheet.iter_rows() for cell in row}
        assert "マーケティングレポート" in words
        assert 12345 in words
