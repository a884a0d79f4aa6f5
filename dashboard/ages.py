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
