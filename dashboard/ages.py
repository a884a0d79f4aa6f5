"""Spans of time in few words."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_UNITS: Final = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
)


def in_words(span: timedelta) -> str:
    """Return a span by its largest unit, rounded down: "3 min", "2 h", "5 d"."""
    for unit, word in _UNITS:
        if span >= unit:
            return f"{span // unit} {word}"
    return f"{max(span, timedelta()) // timedelta(seconds=1)} s"


def in_two_words(span: timedelta) -> str:
    """Return a span by its two largest units, rounded down: "3 h 5 min", "2.4 s", "120 ms"."""
    if span < timedelta(seconds=1):
        return f"{max(span, timedelta()) // timedelta(milliseconds=1)} ms"
    if span < timedelta(seconds=10):
        return f"{span // timedelta(milliseconds=100) / 10} s"
    largest = in_words(span)
    unit = next((unit for unit, _ in _UNITS if span >= unit), timedelta(seconds=1))
    rest = span % unit
    return f"{largest} {in_words(rest)}" if rest >= timedelta(seconds=1) else largest
