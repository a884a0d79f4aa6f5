"""What every page must be, by axe's rules for WCAG 2.0 to 2.2, levels A and AA, and by ours.

Each is looked at twice as it lies there: light and from right to left; dark and 390 pixels wide. To
measure contrast takes longer than all else together, so it is done once for each kind of part that
pages consist of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from axe_playwright_python.base import (  # type: ignore[import-untyped]
    AXE_SCRIPT as AXE,
)
from axe_playwright_python.base import AxeResults
from playwright.sync_api import Page, ViewportSize

from tests.hostile_words import UNSEEN

CONTRAST: Final = "color-contrast"
WHOLE: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
    "rules": {CONTRAST: {"enabled": False}},
}
OF_SMALL_SCREENS: Final = {"runOnly": ["target-size"]}
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
# Names the kind of every part: what a stylesheet can tell apart on the way to it.
PARTS: Final = """() => {
  const told = ["class", "aria-current", "role", "type"];
  const name = (each) => each.tagName + told.map((one) => each.getAttribute(one) ?? "").join();
  const kind = (each) => (each ? kind(each.parentElement) + " " + name(each) : "");
  const every = [...document.querySelectorAll("body *")];
  window.parts = new Map(every.map((each) => [kind(each), each]));
  return [...parts.keys()];
}"""
# All else that axe has to say is several times the work of saying it.
VIOLATIONS: Final = "options => axe.run(options).then((said) => said.violations)"
PALE: Final = f"""kinds => axe.run(
  {{include: kinds.map((kind) => parts.get(kind))}},
  {{runOnly: ["{CONTRAST}"], resultTypes: ["violations"]}},
).then((said) => said.violations)"""


@dataclass(frozen=True)
class Look:
    """How a page is looked at: direction, a language of that direction, colours, size, rules.

    `measured` are the kinds of parts whose contrast was measured already.
    """

    direction: str
    language: str
    colours: Literal["light", "dark"]
    size: ViewportSize
    rules: dict[str, Any]
    measured: set[str] = field(default_factory=set)


LIGHT: Final = Look("rtl", "ar", "light", {"width": 1280, "height": 720}, WHOLE)
DARK: Final = Look("ltr", "de", "dark", {"width": 390, "height": 844}, OF_SMALL_SCREENS)
LOOKS: Final = (LIGHT, DARK)


def assert_sound(page: Page, *looks: Look) -> None:
    """Expect that everybody can use a page, that it fits, and that nothing hides in its text.

    Without `looks`: in both.
    """
    page.evaluate(AXE)
    parts = set(page.evaluate(PARTS))
    for look in looks or LOOKS:
        page.emulate_media(color_scheme=look.colours)
        page.set_viewport_size(look.size)
        assert page.evaluate(SIDEWAYS, look.direction) == [], f"{page.url} scrolls sideways"
        rules = {"resultTypes": ["violations"], **look.rules}
        assert_none(page, page.evaluate(VIOLATIONS, rules))
        if new := sorted(parts - look.measured):
            assert_none(page, page.evaluate(PALE, new))
            look.measured.update(new)
    # What is read; a button that copies an id holds it as it is.
    words = page.evaluate("document.title + document.body.innerText")
    assert not UNSEEN & set(words), f"{page.url} hides something"


def assert_none(page: Page, violations: list[Any]) -> None:
    """Expect that axe found nothing."""
    said = AxeResults({"violations": violations}).generate_report()
    assert violations == [], f"{page.url}: {said}"


def assert_pages_sound(page: Page, addresses: list[str], *looks: Look) -> None:
    """Open each page; expect that it is shown, leads nowhere else, and is sound."""
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert (answer.status, answer.request.redirected_from) == (200, None), address
        assert_sound(page, *looks)
