"""Charts, drawn as SVG by the server: where everything stands is worked out here.

A chart is never alone: its figures stand in a table beside it, or it stands in their table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 160
# Room for the numbers of the scale, and for the words below.
LEFT, BOTTOM, TOP = 56, 18, 8
# How wide a character of a word below is at most, and what parts two words.
CHARACTER, GAP = 8, 8

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Column:
    """One span: its word and texts, and where its column and the mark of the one before are."""

    word: str
    text: str
    text_before: str
    x: float
    width: float
    y: float
    height: float
    mark_y: float
    is_named: bool  # whether its word fits below
    is_named_on_phones: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """A line of the scale, and what it stands for."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns over time, with marks for the period before."""

    title: str
    columns: list[Column]
    scale: list[Scale]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in a table: its share of the longest, and where the mark of the one before is.

    Both in percent. There is no mark where there was nothing before.
    """

    share: float
    mark: float | None


def columns(
    title: str, words: Sequence[str], now: Sequence[Number], before: Sequence[Number]
) -> Columns:
    """Return a column for each word, on a scale from nothing to a round number."""
    top = _round_up(max([*now, *before], default=0))
    room, ground = (WIDTH - LEFT) / max(len(words), 1), HEIGHT - BOTTOM
    every = ceil(len(words) / _words_that_fit(words))

    def y(value: Number) -> float:
        return round(ground - float(value) / top * (ground - TOP), 1)

    drawn = [
        Column(
            word=word,
            text=f"{value:,}",
            text_before=f"{was:,}",
            x=round(LEFT + place * room + room * 0.12, 1),
            width=round(room * 0.76, 1),
            y=y(value),
            height=round(ground - y(value), 1),
            mark_y=y(was),
            is_named=place % every == 0,
            is_named_on_phones=place % (3 * every) == 0,
        )
        for place, (word, value, was) in enumerate(zip(words, now, before, strict=True))
    ]
    return Columns(title, drawn, [Scale(y(part), _short(part)) for part in _parts(top)])


def bars(
    values: Sequence[tuple[float, float | None]], *, longest: float | None = None
) -> list[Bar]:
    """Return a bar for each value and the one before it; the longest fills its place."""
    most = longest or max((max(now, was or 0) for now, was in values), default=0) or 1
    return [
        Bar(round(100 * now / most, 1), None if was is None else round(100 * was / most, 1))
        for now, was in values
    ]


def change(now: Number, before: Number) -> str:
    """Return how a value changed, in words: "+12 %", "-3 %"; nothing where nothing was before."""
    if not before:
        return ""
    percent = round(100 * (float(now) / float(before) - 1))
    return f"{percent:+,} %".replace("-", "\N{MINUS SIGN}")


def _words_that_fit(words: Sequence[str]) -> int:
    longest = max(map(len, words), default=0)
    return min(10, (WIDTH - LEFT) // (GAP + longest * CHARACTER))


def _round_up(value: Number) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50 …: numbers whose halves are easily read."""
    if value <= 0:
        return 1
    power: float = 10.0 ** floor(log10(float(value)))
    return next(part * power for part in (1, 2, 5, 10) if part * power >= value)


def _parts(top: float) -> list[float]:
    return [0, top / 2, top] if top > 1 else [0, top]


def _short(value: float) -> str:
    """Return a number of the scale in few characters: "500", "20k", "1.5M"."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
