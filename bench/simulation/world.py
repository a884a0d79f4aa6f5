"""The world of one order: a virtual clock, a queue of what happens next, and the history.

A process is a generator. Between two of its steps it may die, or be paused past its lease; what
it asks of the PSP goes through the wire. Everything else that happens is a function and its
argument. The order's number and the seed decide all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Any, Final

from bench.simulation.faults import (
    COMMIT_IN_DOUBT_CHANCE,
    COMMIT_REFUSED_CHANCE,
    DEATH_CHANCE,
    HINT_LOST_CHANCE,
    PAUSE_CHANCE,
    Fault,
)
from bench.simulation.rows import Refused

if TYPE_CHECKING:
    from bench.simulation.psp import Psp
    from bench.simulation.rows import Answer, Request, Row, Session

# A step of a process yields None where it may die, a wait, or a request to the PSP.
Process = Generator["timedelta | Request | None", "Answer | None", None]
Fact = tuple[Any, ...]
Happening = tuple[datetime, int, Callable[..., object], tuple[Any, ...]]

BEGINNING: Final = datetime(2030, 1, 1, tzinfo=UTC)
LEASE: Final = timedelta(seconds=90)
MILLISECOND: Final = timedelta(milliseconds=1)
BETWEEN_STEPS: Final = tuple(MILLISECOND * n for n in (1, 1, 2, 2, 3, 5, 8, 40))
HINTED: Final = tuple(MILLISECOND * n for n in (5, 10, 20, 40, 80, 200))
SWEPT: Final = tuple(MILLISECOND * n for n in (50, 300, 700, 1100, 1500, 2000))
PAUSES: Final = tuple(timedelta(seconds=n) for n in (95, 100, 120, 180, 300, 600))
# A world that does not come to rest is a fault of its own.
MOST_HAPPENINGS: Final = 20_000
STEPS: Final[dict[str, Callable[..., Process]]] = {}


class World:
    """Everything there is about one order. `facts` is its history, in the order of happening."""

    __slots__ = (
        "_events",
        "_queue",
        "chance",
        "draw",
        "facts",
        "manual",
        "next_number",
        "now",
        "policy",
        "psp",
        "sessions",
    )

    psp: Psp

    def __init__(self, seed: int, order: int) -> None:
        self.draw = Random((seed << 64) | order)  # noqa: S311 - repeatable on purpose
        self.chance = self.draw.random
        self.now = BEGINNING
        self.facts: list[Fact] = []
        self.sessions: list[Session] = []
        self.policy = "accept"
        self.manual = False  # whether the shop captures by hand
        self.next_number = 0
        self._queue: list[Happening] = []
        self._events = 0

    def tell(self, *words: str) -> None:
        """Add a fact to the history."""
        self.facts.append((self.now, *words))

    def fault(self, kind: Fault) -> None:
        """Note that a fault happened."""
        self.facts.append((self.now, "fault", kind))

    def pick(self, choices: tuple[Any, ...]) -> Any:
        """Draw one of several."""
        return choices[int(self.chance() * len(choices))]

    def number(self) -> str:
        """Return a number that this world has not used."""
        self.next_number += 1
        return str(self.next_number)

    def at(self, when: datetime, happens: Callable[..., object], *arguments: Any) -> None:
        """Have something happen at an instant."""
        self._events += 1
        heappush(self._queue, (when, self._events, happens, arguments))

    def after(self, wait: timedelta, happens: Callable[..., object], *arguments: Any) -> None:
        """Have something happen after a wait."""
        self._events += 1
        heappush(self._queue, (self.now + wait, self._events, happens, arguments))

    def start(self, process: Process) -> None:
        """Let a process do its first step now."""
        self.resume(process, None)

    def resume(self, process: Process, answer: Answer | None) -> None:
        """Let a process do its next step, and see what it wants."""
        try:
            wish = process.send(answer)
        except StopIteration:
            return
        except Refused as refused:
            self.tell("refused", str(refused))
            return
        if wish is None:
            self._between_steps(process)
        elif isinstance(wish, timedelta):
            self.after(wish, self.resume, process, None)
        else:
            self.psp.wire.send(process, wish)

    def _between_steps(self, process: Process) -> None:
        """Kill or pause a process, or let it go on after some milliseconds.

        A transaction that is refused, or committed although the database said otherwise, ends
        the try like a death before it or after it: what it held is left to its lease.
        """
        drawn = self.chance()
        if drawn < DEATH_CHANCE:
            self.fault(Fault.DEATH)
        elif drawn < DEATH_CHANCE + COMMIT_IN_DOUBT_CHANCE:
            self.fault(Fault.COMMIT_IN_DOUBT)
        elif drawn < DEATH_CHANCE + COMMIT_IN_DOUBT_CHANCE + COMMIT_REFUSED_CHANCE:
            self.fault(Fault.COMMIT_REFUSED)
        elif drawn > 1 - PAUSE_CHANCE:
            self.fault(Fault.PAUSE)
            self.after(self.pick(PAUSES), self.resume, process, None)
        else:
            self.after(self.pick(BETWEEN_STEPS), self.resume, process, None)

    def answer(self, process: Process, answer: Answer) -> None:
        """Give a process the answer to what it asked, unless it dies just now."""
        drawn = self.chance()
        if drawn < DEATH_CHANCE:
            self.fault(Fault.DEATH)
        elif drawn > 1 - PAUSE_CHANCE:
            self.fault(Fault.PAUSE)
            self.after(self.pick(PAUSES), self.resume, process, answer)
        else:
            self.resume(process, answer)

    def run(self) -> None:
        """Let everything happen until nothing is left to happen, or too much has."""
        queue = self._queue
        for _ in range(MOST_HAPPENINGS):
            if not queue:
                self.tell("rest")
                return
            self.now, _, happens, arguments = heappop(queue)
            happens(*arguments)
        self.tell("stuck")

    # payments.services.due, in memory: rows that are due, claimed with a lease.

    def claim(self, row: Row) -> None:
        """Stands for due.claim_due and tasks.handle: claim a due row, and have it handled."""
        now = self.now
        if row.due_at is None or row.due_at > now:
            return
        if row.leased_until is not None and row.leased_until > now:
            sweep_at(self, row)
            return
        row.leased_until = now + LEASE
        row.attempts += 1
        # Should the handler die, the lease lapses, and a sweep finds the row again.
        sweep_at(self, row)
        self.start(STEPS[row.kind](self, row))

    def release(self, row: Row, due_at: datetime | None) -> None:
        """Stands for due.release: give a row back, due again at an instant, or done."""
        row.due_at, row.leased_until = due_at, None
        if due_at is not None:
            sweep_at(self, row)

    def hint(self, row: Row) -> None:
        """Stands for due.hint: tell a worker that something is due; may be lost."""
        if self.chance() < HINT_LOST_CHANCE:
            self.fault(Fault.HINT_LOST)
        else:
            self.after(self.pick(HINTED), self.claim, row)


def sweep_at(world: World, row: Row) -> None:
    """Stands for tasks.sweep: a row that is due and free is found within two seconds."""
    free = row.due_at
    if free is not None:
        if row.leased_until is not None and row.leased_until > free:
            free = row.leased_until
        world.at(max(free, world.now) + world.pick(SWEPT), world.claim, row)
