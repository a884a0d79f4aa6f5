"""How ends of purchases came to be known, by PSP, and the alarm of webhooks that do not come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from payments.figures import Figures
from payments.psp_health import OTHER, ROADS

ALL_ROADS: Final = (*ROADS.values(), OTHER)
# What told of an end after the PSP had not said it in its answer to Buy Now.
LATER: Final = ("webhooks", "returns", "polls")
# Few ends prove nothing; and where webhooks come, they are first more often than this.
ENDS_TO_JUDGE: Final = 5
SILENT_BELOW_PERCENT: Final = 10


@dataclass(frozen=True, slots=True)
class Roads:
    """One PSP's ends by what told of them, and the webhooks' share of those told later."""

    psp: str
    counts: list[int]
    share: int | None
    share_before: int | None
    is_silent: bool


def roads_of(now: Figures, before: Figures) -> list[Roads]:
    """Return how ends became known at each PSP that had any."""
    rows = []
    for psp, counted in sorted(now.roads.items()):
        share = _share(counted)
        later = sum(counted[road] for road in LATER)
        rows.append(
            Roads(
                psp,
                [counted[road] for road in ALL_ROADS],
                share,
                _share(before.roads.get(psp, Counter())),
                is_silent=share is not None
                and later >= ENDS_TO_JUDGE
                and share < SILENT_BELOW_PERCENT,
            )
        )
    return rows


def _share(counted: Counter[str]) -> int | None:
    later = sum(counted[road] for road in LATER)
    return round(100 * counted["webhooks"] / later) if later else None
