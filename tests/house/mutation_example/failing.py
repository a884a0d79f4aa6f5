"""A test that fails, which pytest does not look for by this name of its file."""

from __future__ import annotations

from .discount import Discount


def test_is_generous() -> None:
    assert Discount(5).of(1999) == 1999
