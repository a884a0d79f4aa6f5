"""Many orders: played, judged and counted in blocks, over several processes."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bench.simulation.oracle import Violation, judge
from bench.simulation.people import CHECKOUTS_OF_ORDERS, play
from bench.simulation.story import digest

BLOCK: Final = 1000
KEPT_VIOLATIONS: Final = 20
DIGESTS: Final = 2**128


@dataclass
class Tally:
    """What was seen. Tallies of blocks add up, in whatever order."""

    orders: int = 0
    checkouts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    violated: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, Violation]] = field(default_factory=list)
    digest: int = 0
    cpu_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Add what another block saw; of the violations, keep those of the first orders."""
        self.orders += other.orders
        self.checkouts += other.checkouts
        self.faults.update(other.faults)
        self.outcomes.update(other.outcomes)
        self.checked.update(other.checked)
        self.violated.update(other.violated)
        self.violations = sorted(self.violations + other.violations, key=lambda pair: pair[0])
        del self.violations[KEPT_VIOLATIONS:]
        self.digest = (self.digest + other.digest) % DIGESTS
        self.cpu_seconds += other.cpu_seconds


def orders_for(checkouts: int) -> int:
    """Return how many orders it takes to have at least so many checkouts."""
    turns, left = divmod(checkouts, sum(CHECKOUTS_OF_ORDERS))
    orders = turns * len(CHECKOUTS_OF_ORDERS)
    for size in CHECKOUTS_OF_ORDERS:
        if left <= 0:
            break
        orders, left = orders + 1, left - size
    return orders


def play_block(seed: int, first: int, beyond: int) -> Tally:
    """Play and judge the orders from `first` on, up to but without `beyond`."""
    tally = Tally(orders=beyond - first)
    started = time.process_time()
    for order in range(first, beyond):
        world = play(seed, order)
        facts = world.facts
        tally.checkouts += len(world.sessions)
        tally.faults.update([fact[2] for fact in facts if fact[1] == "fault"])
        tally.outcomes.update(
            [
                str(session.purchase.phase)
                if session.purchase
                else f"never bought: {session.status}"
                for session in world.sessions
            ]
        )
        for violation in judge(facts, tally.checked):
            tally.violated[violation.invariant] += 1
            if len(tally.violations) < KEPT_VIOLATIONS:
                tally.violations.append((order, violation))
        # Chained to its place, so that two orders that change places are seen.
        tally.digest = (tally.digest + digest(facts) * (2 * order + 1)) % DIGESTS
    tally.cpu_seconds = time.process_time() - started
    return tally


def run(seed: int, orders: int, processes: int) -> tuple[Tally, float]:
    """Play a seed's orders; return what was seen, and the seconds it took.

    What was seen is the same for any number of processes.
    """
    started = time.monotonic()
    blocks = [(first, min(first + BLOCK, orders)) for first in range(0, orders, BLOCK)]
    tally = Tally()
    for seen in _played(seed, blocks, processes):
        tally.add(seen)
    return tally, time.monotonic() - started


def _played(seed: int, blocks: list[tuple[int, int]], processes: int) -> Iterator[Tally]:
    if processes == 1:
        yield from (play_block(seed, *block) for block in blocks)
        return
    with multiprocessing.Pool(processes) as pool:
        yield from pool.imap_unordered(partial(_play_pair, seed), blocks)


def _play_pair(seed: int, block: tuple[int, int]) -> Tally:
    return play_block(seed, *block)
