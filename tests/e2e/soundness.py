"""What every page must be, by axe's rules for WCAG 2.0 to 2.2, levels A and AA, and by ours.

Each is looked at twice: light and from right to left; dark and 390 pixels wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.hostile_words import UNSEEN

LEVELS: Final = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
}
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


@dataclass(frozen=True)
class Look:
    """How a page is looked at: its direction, a language of that direction, the browser."""

    direction: str
    language: str
    profile: dict[str, Any]


LIGHT: Final = Look("rtl", "ar", {})
DARK: Final = Look(
    "ltr",
    "de",
    {"viewport": {"width": 390, "height": 844}, "has_touch": True, "color_scheme": "dark"},
)
each_look = pytest.mark.parametrize(
    "look",
    [pytest.param(LIGHT, id="light, right to left"), pytest.param(DARK, id="dark, 390 pixels")],
)


def assert_sound(page: Page, look: Look) -> None:
    """Expect that everybody can use a page, that it fits, and that nothing hides in its text."""
    assert page.evaluate(SIDEWAYS, look.direction) == [], f"{page.url} scrolls sideways"
    results = Axe().run(page, options=LEVELS)
    assert results.response["violations"] == [], f"{page.url}: {results.generate_report()}"
    # What is read; a button that copies an id holds it as it is.
    words = page.evaluate("document.title + document.body.innerText")
    assert not UNSEEN & set(words), f"{page.url} hides something"


def assert_pages_sound(page: Page, addresses: list[str], look: Look) -> None:
    """Open each page; expect that it is shown, leads nowhere else, and is sound."""
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert (answer.status, answer.request.redirected_from) == (200, None), address
        assert_sound(page, look)
