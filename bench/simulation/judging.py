"""What a judge of histories is, and what is judged. It imports no rule of BPS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

INVARIANTS: Final = {
    "I1": "the books hold one unrefunded charge per checkout and per order",
    "I2": "successful here is a charge there, of the same sum",
    "I3": "what was charged or given back there is so here",
    "I4": "success is undone by nothing but refunds",
    "I5": "every accepted Buy Now, and every session, ends",
    "I7": "one fact has one effect",
    "I9": "one key always carries the same request",
    "I10": "nothing is sent again after half of the key window",
    "I11": "a token belongs to one checkout",
    "I12": "refunds asked for and done stay within what was captured",
    "I13": "a surplus charge is given back, never the only one",
    "I18": "nothing is shown as ended while a charge is possible",
    "R1": "what is reserved is taken once, on request, and never more than that",
    "R2": "what is reserved is asked for, one request at a time and never more than that",
    "R3": "a capture or a void ends, and as the books have it",
    "DB": "the rules hold by themselves: no constraint of the database has to step in",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold, and the fact that broke it."""

    invariant: str
    at: datetime
    why: str


class Judge:
    """Judges one order. `checked` counts how often each invariant was judged."""

    # What is done about each fact, by its word; facts that no word stands for are passed over.
    words: ClassVar[Mapping[str, Callable[..., None]]] = {}

    def __init__(self, checked: Counter[str]) -> None:
        self.checked = checked
        self.violations: list[Violation] = []
        self.now = datetime.min  # noqa: DTZ901 - before the first fact

    def judge(self, facts: Iterable[tuple[Any, ...]]) -> list[Violation]:
        """Return the violations of a history, in the order of their happening."""
        words = self.words
        for now, word, *rest in facts:
            judge = words.get(word)
            if judge is not None:
                self.now = now
                judge(self, *rest)
        return self.violations

    def holds(self, invariant: str, condition: object, why: str) -> None:
        """Count a judgement, and keep it if the invariant does not hold."""
        self.checked[invariant] += 1
        if not condition:
            self.violations.append(Violation(invariant, self.now, why))
