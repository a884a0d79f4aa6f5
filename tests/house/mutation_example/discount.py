"""What a discount takes off: something of every kind that a mutant may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HIGHEST: Final = frozenset({90})


@dataclass(frozen=True)
class Discount:
    """A share in percent."""

    percent: int
    unit = "%"

    @property
    def words(self) -> str:
        """The share as it is shown."""
        return f"{self.percent} {self.unit}"

    def of(self, cents: int, *, at_least: int = 0) -> int:
        """Return what is taken off, in cents."""
        if self.percent in HIGHEST:
            return cents
        return max(cents * self.percent // 100, at_least)
