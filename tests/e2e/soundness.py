"""What every page must be, by axe's rules for WCAG 2.0 to 2.2, levels A and AA, and by ours.

Each is looked at twice as it lies there: light and from right to left; dark and 390 pixels wide. To
measure contrast takes longer than all else together, so it is done once for each kind of part that
has words of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from axe_playwright_python.base import (  # type: ignore[import-untyped]
    AXE_SCRIPT,
    AxeResults,
)
from playwright.sync_api import Page, ViewportSize

from tests.hostile_words import UNSEEN

# Axe, for the documents of a page. It measures the contrast of parts with this mark.
MARK: Final = "data-contrast"
AXE: Final = f"""{AXE_SCRIPT}
axe.configure({{rules: [{{id: "color-contrast", selector: "[{MARK}]"}}]}});"""
WHOLE: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
OF_SMALL_SCREENS: Final = ("target-size", "color-contrast")
# Unfolds everything, and returns the directions in which the page then scrolls sideways.
SIDEWAYS: Final = """wanted => {
  const root = document.documentElement;
  for (const each of document.querySelectorAll("details")) each.open = true;
  const wide = ["ltr", "rtl"].filter((direction) => {
    root.dir = direction;
    return root.scrollWidth > innerWidth;
  });
  root.dir = wanted;
  return wide;
}"""
# Names the kind of every part with words: what a stylesheet can tell apart on the way to it.
PARTS: Final = """() => {
  const told = ["class", "aria-current", "role", "type"];
  const name = (each) => each.tagName + told.map((one) => each.getAttribute(one) ?? "").join();
  const kind = (each) => (each ? kind(each.parentElement) + " " + name(each) : "");
  const words = (each) => each.nodeType === Node.TEXT_NODE && each.data.trim();
  const every = [...document.querySelectorAll("body *")].filter(
    (each) => [...each.childNodes].some(words) || each.matches("input, select, textarea"));
  window.parts = new Map(every.map((each) => [kind(each), each]));
  return [...parts.keys()];
}"""
# Marks parts, and returns what axe finds. All else that it has to say is several times the work.
VIOLATIONS: Final = f"""([kinds, rules]) => {{
  for (const part of parts.values()) part.removeAttribute("{MARK}");
  for (const kind of kinds) parts.get(kind).setAttribute("{MARK}", "");
  const options = {{runOnly: rules, resultTypes: ["violations"]}};
  return axe.run(options).then((said) => said.violations);
}}"""


@dataclass(frozen=True)
class Look:
    """How a page is looked at: direction, a language of that direction, colours, size, rules.

    `measured` are the kinds of parts whose contrast was measured already.
    """

    direction: str
    language: str
    colours: Literal["light", "dark"]
    size: ViewportSize
    rules: tuple[str, ...]
    measured: set[str] = field(default_factory=set)


LIGHT: Final = Look("rtl", "ar", "light", {"width": 1280, "height": 720}, WHOLE)
DARK: Final = Look("ltr", "de", "dark", {"width": 390, "height": 844}, OF_SMALL_SCREENS)
LOOKS: Final = (LIGHT, DARK)


def assert_sound(page: Page, *looks: Look) -> None:
    """Expect that everybody can use a page, that it fits, and that nothing hides in its text.

    It was opened with `AXE` as its script. Without `looks`: in both.
    """
    page.wait_for_load_state()  # without its stylesheets none is
    parts = set(page.evaluate(PARTS))
    for look in looks or LOOKS:
        page.emulate_media(color_scheme=look.colours)
        page.set_viewport_size(look.size)
        assert page.evaluate(SIDEWAYS, look.direction) == [], f"{page.url} scrolls sideways"
        found = page.evaluate(VIOLATIONS, [sorted(parts - look.measured), look.rules])
        assert found == [], f"{page.url}: {AxeResults({'violations': found}).generate_report()}"
        look.measured.update(parts)
    # What is read; a button that copies an id holds it as it is.
    words = page.evaluate("document.title + document.body.innerText")
    assert not UNSEEN & set(words), f"{page.url} hides something"


def assert_pages_sound(page: Page, addresses: list[str], *looks: Look) -> None:
    """Open each page; expect that it is shown, leads nowhere else, and is sound."""
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert (answer.status, answer.request.redirected_from) == (200, None), address
        assert_sound(page, *looks)
