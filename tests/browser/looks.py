"""What every page must pass at every width: axe finds nothing, and nothing scrolls sideways."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# A desk, a phone, and the narrowest that WCAG 2.2 asks for (1.4.10: 320 px).
WIDTHS = (1280, 390, 320)


def findings(page: Page) -> list[str]:
    """What axe finds on the page as it stands."""
    page.wait_for_load_state()
    return [
        f"{page.url} {violation['id']}: {node['html'][:200]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it stands, made as broad as each of WIDTHS.

    axe looks at the broadest and the narrowest: between the two only room changes.
    """
    page.wait_for_load_state()
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{page.url} scrolls sideways at {width}")
        if width in (max(WIDTHS), min(WIDTHS)):
            found += [f"at {width}: {line}" for line in findings(page)]
    return found
