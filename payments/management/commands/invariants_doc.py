"""Writes docs/invariants.md from the catalogue, so that the page cannot drift from the checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from payments.invariants.catalogue import INVARIANTS, Invariant


class Command(BaseCommand):
    """manage.py invariants_doc."""

    help = "Print docs/invariants.md, made from payments/invariants/catalogue.py."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        self.stdout.write("\n".join(page()))


def page() -> Iterator[str]:
    """Yield the page's lines."""
    yield "# Invariants"
    yield ""
    yield "Made by `manage.py invariants_doc` from `payments/invariants/catalogue.py`; a test"
    yield "compares. `manage.py check_invariants` looks for what breaks them, and so does the clock"
    yield "every ten minutes; the guards named must be there, valid and switched on."
    yield ""
    yield "| | must hold | looked for, or proved elsewhere | guards in the database |"
    yield "|---|---|---|---|"
    yield from map(_line, INVARIANTS)


def _line(invariant: Invariant) -> str:
    how = invariant.how
    if invariant.proved_in:
        how += f" Proved in {_code(invariant.proved_in)}."
    return f"| {invariant.id} | {invariant.sentence} | {how} | {_code(invariant.guards)} |"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
