"""A discount, tested well but for one thing: nothing asks for its least value by default."""

from __future__ import annotations

import dataclasses

import pytest

from .discount import Discount


def test_is_shown_with_its_unit() -> None:
    assert Discount(5).words == "5 %"


def test_is_a_share_in_whole_cents_and_all_from_the_highest_on() -> None:
    assert Discount(5).of(1999) == 99
    assert Discount(90).of(1999) == 1999


def test_is_never_less_than_was_promised() -> None:
    assert Discount(5).of(1999, at_least=200) == 200


def test_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Discount(5).percent = 6  # type: ignore[misc]  # that it is refused is the point
