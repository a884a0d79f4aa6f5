"""What one field of a row shows. Whatever others wrote is made visible and short here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dashboard.badges import Badge
from dashboard.visible import visible

# More does not fit a line, and ten thousand characters a row would fill the page.
SHOWN_CHARACTERS: Final = 120
NOTHING: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A field as it is shown. `looks` names a CSS class, `note` is said smaller behind it."""

    looks: str
    text: str = ""
    note: str = ""
    href: str = ""
    badge: Badge | None = None
    at: datetime | None = None


def words(text: str) -> Cell:
    """Return a cell of plain words; a dash stands for none."""
    return Cell("words", short(text) or NOTHING)


def link(text: str, href: str) -> Cell:
    """Return a cell that leads somewhere."""
    return Cell("link", short(text), href=href)


def money(amount: str, currency: str) -> Cell:
    """Return a cell with a sum."""
    return Cell("amount", amount, note=currency)


def number(value: int) -> Cell:
    """Return a cell with a count."""
    return Cell("amount", f"{value:,}")


def status(badge: Badge, note: str = "") -> Cell:
    """Return a cell with a badge, and more precise words behind it where there are some."""
    return Cell("status", note=note, badge=badge)


def age(at: datetime) -> Cell:
    """Return a cell that says how long ago it was."""
    return Cell("age", at=at)


def instant(at: datetime | None) -> Cell:
    """Return a cell that says when it was, to the second."""
    return Cell("instant", at=at) if at else words("")


def short(text: str) -> str:
    """Return a text that is safe to look at, and cut where it does not fit a line."""
    cut = len(text) > SHOWN_CHARACTERS
    return visible(text[:SHOWN_CHARACTERS]) + "…" * cut
