"""Twenty figures by keyboard alone: in the grid, and in the entry workbook.

`pytest -m benchmark -s tests/benchmarks/test_entering.py` prints the keystrokes and the seconds;
nothing is asserted of the time.
"""

import time

import pytest
from playwright.sync_api import Page, expect

from kpi.models import Actual, Indicator
from tests.browser.test_entry_grid import SignIn, open_grid, value_of
from tests.cast import THIS_YEAR, Cast

pytestmark = [pytest.mark.benchmark, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FIGURES = [str(1000 + 7 * number) for number in range(20)]


def press(page: Page, keys: str) -> int:
    """Type figures and go on with Enter; the keystrokes."""
    page.keyboard.type(keys)
    page.keyboard.press("Enter")
    return len(keys) + 1


def test_twenty_figures_by_keyboard(cast: Cast, many: list[Indicator], sign_in_as: SignIn) -> None:
    page = open_grid(sign_in_as)
    value_of(page, "追加00").focus()
    begun = time.perf_counter()
    strokes = sum(press(page, figure) for figure in FIGURES)
    bar = page.get_by_role("region", name="入力の進み具合")
    expect(bar).to_contain_text("未保存 0件", timeout=30_000)
    seconds = time.perf_counter() - begun
    values = Actual.objects.filter(fiscal_year=THIS_YEAR, indicator__in=many).order_by(
        "indicator__key"
    )
    assert [format(row.value.normalize(), "f") for row in values if row.value] == FIGURES
    # In the workbook the same figures take the same keys; then the book has to be saved (1),
    # chosen in the browser (Tab, Enter, its name, Enter) and its preview taken over (Tab, Enter).
    print(f"\ngrid: {strokes} keystrokes, {seconds:.1f} s until all is saved")
    print(f"workbook: {strokes + 1 + 3 + 2} keystrokes at least, and three pages to wait for")
