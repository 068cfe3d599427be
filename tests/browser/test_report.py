"""A coordinator builds the annual report in a real browser, with a real worker."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import PATIENCE
from tests.browser.steps import press
from tests.cast import make_cast
from tests.worker import running_worker

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


def test_the_report_is_built_watched_and_opened(sign_in_as: Callable[..., Page]) -> None:
    cast = make_cast()
    with running_worker():
        page = sign_in_as("coordinator", accept_downloads=True)
        pdf = PdfReader(io.BytesIO(build(page, "PDF")))
        text = "".join(p.extract_text() for p in pdf.pages)
        for project in cast.plan.placements.counted_once():
            assert project.project.name in text
        workbook = openpyxl.load_workbook(io.BytesIO(build(page, "Excel")))
        words = {cell.value for sheet in workbook for row in sheet.iter_rows() for cell in row}
        assert "マーケティングレポート" in words
        assert 12345 in words
