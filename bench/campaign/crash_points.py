"""Every named crash point, so many deaths each, under load: what the oracle says of each.

The web process and both workers are started so that each child of theirs dies at its n-th passing
of the point. gunicorn and Celery start another child at once, which dies in its turn, until
enough have died; then everything goes on without, and the oracle judges.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from bench.campaign.nemesis import Done
from bench.campaign.plan import CRASH_POINTS, Fault
from bench.campaign.run import Outcome, run
from bench.campaign.setup import Setup
from bench.campaign.stand import Stand

RATE: Final = 8.0
# At which passing a child dies: not the same everywhere, so that its company differs.
PASSAGES: Final = {"web": 7, "worker-1": 3, "worker-2": 5}
# One that is passed too seldom to kill so often is given up.
LONGEST_SECONDS_PER_DEATH: Final = 8.0
LOOK_AGAIN_SECONDS: Final = 0.5


class Dying:
    """Has children die at a point again and again, from `start` until `wait` returns."""

    ends_the_load = True

    def __init__(self, stand: Stand, point: str, times: int) -> None:
        self.done: list[Done] = []
        self._stand = stand
        self._point = point
        self._times = times
        self._thread = threading.Thread(target=self._run, name="dying", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self) -> None:
        """Return once enough have died and nobody else will."""
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        for name, passage in PASSAGES.items():
            self._stand.restart(name, {"BPS_CRASH_AT": f"{self._point}:{passage}"})
        until = began + self._times * LONGEST_SECONDS_PER_DEATH
        while self._deaths() < self._times and time.monotonic() < until:
            time.sleep(LOOK_AGAIN_SECONDS)
        for name in PASSAGES:
            self._stand.restart(name, {})
        seconds = round(time.monotonic() - began, 2)
        fault = Fault(0.0, f"crash:{self._point}", seconds, 0.0)
        self.done.append(Done(fault, 0.0, seconds, f"{self._deaths()} children"))

    def _deaths(self) -> int:
        return sum(self._stand.children_killed(name) for name in PASSAGES)


def crash_everywhere(
    seed: int, times: int, folder: Path, say: Callable[[str], None], only: str = ""
) -> dict[str, Outcome]:
    """Run a campaign per crash point whose name contains `only`, with so many deaths at it."""
    outcomes = {}
    for point in CRASH_POINTS:
        if only not in point:
            continue
        say(f"crash point {point}")
        seconds = times * LONGEST_SECONDS_PER_DEATH
        setup = Setup(seed=seed, seconds=seconds, rate=RATE, faults={})
        outcomes[point] = run(setup, folder, say, partial(Dying, point=point, times=times))
    return outcomes
