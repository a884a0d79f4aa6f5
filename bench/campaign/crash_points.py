"""Every named crash point, so many times, each under load: what the oracle says of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.campaign.plan import CRASH_POINTS
from bench.campaign.run import Outcome, run
from bench.campaign.setup import Setup

SECONDS_PER_CRASH: Final = 20.0
RATE: Final = 6.0


def crash_everywhere(
    seed: int, times: int, folder: Path, say: Callable[[str], None]
) -> dict[str, Outcome]:
    """Run a campaign per crash point, in which processes die at it `times` times."""
    outcomes = {}
    for point in CRASH_POINTS:
        say(f"crash point {point}")
        setup = Setup(
            seed=seed,
            seconds=SECONDS_PER_CRASH * (times + 1),
            rate=RATE,
            faults={f"crash:{point}": times},
        )
        outcomes[point] = run(setup, folder, say)
    return outcomes
