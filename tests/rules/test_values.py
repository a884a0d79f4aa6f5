"""The values that the rules take and give: none changes under the eyes of who holds it."""

from __future__ import annotations

import dataclasses
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from payments import domain
from payments.domain.matching import Names

MODULES = [
    import_module(f"{domain.__name__}.{path.stem}")
    for path in sorted(Path(domain.__path__[0]).glob("[!_]*.py"))
]
VALUES = [
    found
    for module in MODULES
    for _, found in inspect.getmembers(module, inspect.isclass)
    if dataclasses.is_dataclass(found) and found.__module__ == module.__name__
]
# What collects, and so must change.
COLLECTING = {Names}


def test_are_found() -> None:
    assert {"Difference", "FeeLimit", "PaymentHere", "Terms"} < {one.__name__ for one in VALUES}


@pytest.mark.parametrize("value", VALUES)
def test_cannot_be_changed_unless_they_collect(value: Any) -> None:
    blank = object.__new__(value)
    [first, *_] = dataclasses.fields(value)

    if value in COLLECTING:
        setattr(blank, first.name, {})
        return
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(blank, first.name, None)


def test_hold_their_fields_and_nothing_else() -> None:
    assert [value for value in VALUES if hasattr(object.__new__(value), "__dict__")] == []
