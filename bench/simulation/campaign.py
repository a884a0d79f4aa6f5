"""Many orders: played, judged and counted in blocks, over several processes."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import starmap
from typing import Final

from bench.simulation.judging import Violation
from bench.simulation.oracle import judge
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
    """Return how many orders it takes for at least so many checkouts to begin."""
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


def run(seed: int, checkouts: int, processes: int) -> tuple[Tally, float]:
    """Play a seed's orders until that many checkouts were stored, or a few more.

    Returns what was seen, and the seconds it took. What was seen is the same for any number of
    processes: some checkouts are refused (their order is paid), so what is missing is played in
    a further turn.
    """
    started = time.monotonic()
    tally = Tally()
    with _players(processes) as played:
        while tally.checkouts < checkouts:
            first = tally.orders
            beyond = first + orders_for(checkouts - tally.checkouts)
            edges = range(first, beyond, BLOCK)
            for seen in played([(seed, edge, min(edge + BLOCK, beyond)) for edge in edges]):
                tally.add(seen)
    return tally, time.monotonic() - started


Players = Callable[[list[tuple[int, int, int]]], Iterable[Tally]]


@contextmanager
def _players(processes: int) -> Iterator[Players]:
    if processes == 1:
        yield lambda blocks: starmap(play_block, blocks)
        return
    with multiprocessing.Pool(processes) as pool:
        yield lambda blocks: pool.imap_unordered(_play, blocks)


def _play(block: tuple[int, int, int]) -> Tally:
    return play_block(*block)
