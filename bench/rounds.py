"""Rounds of many clients who do the same at once: what one is, and how one is played.

A kind of round prepares what its clients send, and judges what they were answered. Kinds know
what they are about; this file knows only how to let all of them go at one instant.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from bench.api import Answer, Books

Press = Callable[[], Answer]


class Round(Protocol):
    """One round: what each client sends, and what is wrong with what they were answered."""

    @property
    def kind(self) -> str:
        """What its answers are counted under."""

    @property
    def presses(self) -> Sequence[Press]:
        """What each client does, all at once."""

    def faults(self, answers: Sequence[Answer]) -> list[str]:
        """Say what no shop should have been answered."""

    def has_ended(self) -> bool:
        """Tell whether nothing of it is under way any more."""

    def faults_at_the_end(self, books: Books) -> list[str]:
        """Say where BPS, the PSP's books and what is answered now do not agree."""


@dataclass(frozen=True)
class Played:
    """A round, and its answers in the order of its presses."""

    round: Round
    answers: Sequence[Answer]

    @property
    def faults(self) -> list[str]:
        """What was wrong with its answers."""
        return [f"{self.round.kind}: {fault}" for fault in self.round.faults(self.answers)]


def play(rounds: Iterable[Round], clients: ThreadPoolExecutor, number: int) -> list[Played]:
    """Play rounds of `number` presses one after another; all presses of one go off together."""
    return [Played(one, _play(one, clients, number)) for one in rounds]


def _play(one: Round, clients: ThreadPoolExecutor, number: int) -> list[Answer]:
    ready = threading.Barrier(number)

    def press_with_all(press: Press) -> Answer:
        ready.wait()
        return press()

    return list(clients.map(press_with_all, one.presses))
