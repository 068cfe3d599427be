"""Public pages in a browser: axe, three widths, keyboard, and the static site without a server."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from budgets.models import BudgetEntry
from dxportal.models import DataVersion, Publication
from dxportal.public.static_site import write_site
from dxportal.public.versions import keep_due_versions
from kpi.models import Actual
from tests.browser.conftest import new_context
from tests.browser.looks import faults, findings, keyboard_faults
from tests.browser.steps import follow
from tests.cast import Cast, make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def published() -> Cast:
    cast = make_cast()
    Actual.objects.filter(fiscal_year=2024).update(state=Actual.State.FINAL)
    BudgetEntry.objects.create(
        project=cast.projects["観光1-1-7"], fiscal_year=2024, stage="initial", amount=1_234_000
    )
    Publication.objects.create(plan=cast.plan, contact="DX推進課")
    return cast


def addresses(cast: Cast) -> list[str]:
    plan, kpi = "/public/422029/dx/", cast.indicators["立案数"].pk
    return [
        "/public/",
        "/public/accessibility/",
        "/public/data/",
        "/public/data/422029/dx/",
        *(f"/public/data/422029/dx/versions/{row.name}/" for row in DataVersion.objects.all()),
        plan,
        f"{plan}fy2024/",
        f"{plan}text/",
        f"{plan}measures/{cast.measures['観光1'].pk}/",
        f"{plan}projects/",
        f"{plan}projects/{cast.projects['観光1-1-7'].pk}/",
        f"{plan}indicators/",
        f"{plan}indicators/{kpi}/",
        f"{plan}indicators/{kpi}/embed/",
        f"{plan}budget/",
        f"{plan}reports/",
        f"{plan}corrections/",
        f"{plan}history/",
        "/public/nowhere/",
    ]


def test_every_page_is_for_all(open_page: Callable[..., Page], files: Path) -> None:
    cast = published()
    keep_due_versions()
    page = open_page(reduced_motion="reduce")
    found = []
    for address in addresses(cast):
        page.goto(address)
        found += faults(page)
    assert not found


def test_a_phone_reads_every_figure_without_going_sideways(open_page: Callable[..., Page]) -> None:
    cast = published()
    page = open_page(viewport={"width": 390, "height": 844})
    plan, kpi = "/public/422029/dx/", cast.indicators["立案数"].pk
    for address in (plan, f"{plan}projects/", f"{plan}indicators/", f"{plan}indicators/{kpi}/"):
        page.goto(address)
        assert not page.evaluate(
            """[...document.querySelectorAll("main *")]
            .filter(e => getComputedStyle(e).overflowX === "auto")
            .filter(e => e.scrollWidth > e.clientWidth + 2)
            .map(e => e.outerHTML.slice(0, 80))"""
        ), address


def test_forced_colours_keep_the_words(open_page: Callable[..., Page]) -> None:
    cast = published()
    page = open_page(forced_colors="active")
    page.goto(f"/public/422029/dx/measures/{cast.measures['観光1'].pk}/")
    expect(page.get_by_text("予定どおり").first).to_be_visible()
    assert not [line for line in findings(page) if "color-contrast" not in line]


def test_keys_reach_everything_on_every_page(open_page: Callable[..., Page]) -> None:
    cast = published()
    page = open_page()
    found = []
    for address in addresses(cast):
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        found += keyboard_faults(page)
    assert not found
    # And what is wrong is seen: a link without a ring, and a trap before the last ones.
    page.goto("/public/accessibility/")
    page.evaluate(
        """() => { const [first, , ...rest] = document.querySelectorAll('a[href]');
        first.style.outline = 'none';
        rest.at(-2).addEventListener('keydown', event => event.preventDefault()); }"""
    )
    told = [line.split(" ", 1)[1] for line in keyboard_faults(page)]
    assert [line.split(":")[0] for line in told] == ["not reached", "no ring"]


def test_the_static_site_opens_from_a_folder(browser: Browser, db: None, tmp_path: Path) -> None:
    published()
    write_site(tmp_path / "site")
    context = new_context(browser, offline=True)
    page, wrong = context.new_page(), []
    # A download is no page, so Chromium calls its navigation aborted.

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            wrong.append(request.url)

    page.on("requestfailed", failed)
    page.on("console", lambda message: wrong.append(message.text))
    page.goto((tmp_path / "site/index.html").as_uri())
    page.wait_for_url("**/public/index.html")
    for name in ("DX戦略実行計画", "指標の一覧を見る", "データを活用した事業立案数"):
        follow(page, page.get_by_role("link", name=name))
    expect(page.locator("svg.chart:visible")).to_have_count(1)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"BIZ UDPGothic')
    assert "0px" not in page.evaluate(
        "getComputedStyle(document.querySelector('.container')).paddingLeft"
    )
    follow(page, page.get_by_role("link", name="データ", exact=True))
    with page.expect_download() as download:
        page.locator("#values ~ * a, section:has(#values) a").first.click()
    assert Path(download.value.path()).read_bytes().startswith(b"\xef\xbb\xbf")
    context.close()
    assert not wrong
