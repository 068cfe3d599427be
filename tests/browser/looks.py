"""What every page must pass: axe finds nothing, nothing scrolls sideways, keys reach everything."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# A desk, a phone, and the narrowest that WCAG 2.2 asks for (1.4.10: 320 px).
WIDTHS = (1280, 390, 320)


def findings(page: Page) -> list[str]:
    """What axe finds on the page as it stands."""
    page.wait_for_load_state()
    return [
        f"{page.url} {violation['id']}: {node['html'][:200]}"
        # All rules; only what is told of the nodes that pass is left out.
        for violation in Axe()
        .run(page, options={"resultTypes": ["violations"]})
        .response["violations"]
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


# Everything that a person can act on or scroll and that is in sight, each group of radios once.
_WATCH = """() => {
  const wanted = 'a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, '
    + 'textarea:enabled, summary, [tabindex="0"]';
  const groups = new Set();
  const stops = [...document.querySelectorAll(wanted)].filter(e => {
    if (!e.checkVisibility({visibilityProperty: true}) || e.tabIndex < 0) return false;
    if (e.type !== 'radio') return true;
    return groups.size !== groups.add(e.form?.action + e.name).size;
  });
  window.keyboard = {stops, reached: new Set(), bare: []};
  document.addEventListener('focusin', event => {
    const e = event.target, style = getComputedStyle(e);
    const same = stops.find(s => s === e || (e.type === 'radio' && s.name === e.name));
    if (same) window.keyboard.reached.add(same);
    if (same && (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2))
      window.keyboard.bare.push(e.outerHTML.slice(0, 120));
  });
  document.activeElement.blur();
  return stops.length;
}"""
_TOLD = """() => [
  ...window.keyboard.stops.filter(e => !window.keyboard.reached.has(e))
    .map(e => 'not reached: ' + e.outerHTML.slice(0, 120)),
  ...window.keyboard.bare.map(html => 'no ring: ' + html),
]"""
# Parts that the browser itself stops at: scrolled boxes without a name of their own, date fields.
_SPARE = 12


def keyboard_faults(page: Page) -> list[str]:
    """What the Tab key does not reach, or reaches without a ring to see; a trap leaves the rest."""
    page.wait_for_load_state()
    for _ in range(page.evaluate(_WATCH) + _SPARE):
        page.keyboard.press("Tab")
    return [f"{page.url} {line}" for line in page.evaluate(_TOLD)]
