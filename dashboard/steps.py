"""The lifecycle of one session as a row of steps: where it was, where it is, where it may go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from payments.domain.lifecycle import PHASE_GRAPH, SESSION_GRAPH, Phase, SessionStatus
from payments.models import PaymentSession, Purchase


class Place(StrEnum):
    """Where a step lies, seen from the present."""

    PASSED = "passed"
    CURRENT = "current"
    POSSIBLE = "possible"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Step:
    """One state of the graph."""

    word: str
    place: Place


def steps(session: PaymentSession, purchase: Purchase | None, passed: Iterable[str]) -> list[Step]:
    """Return the steps of the purchase if there is one, else of the session.

    `passed` names the phases that the timeline tells of.
    """
    if purchase is None:
        status = SessionStatus(session.status)
        before = {state for state in SessionStatus if _leads_to(state, status)}
        return [_step(state, status, before, SESSION_GRAPH[status]) for state in SessionStatus]
    phase = Phase(purchase.phase)
    return [_step(state, phase, set(passed), PHASE_GRAPH[phase]) for state in Phase]


def _leads_to(state: SessionStatus, end: SessionStatus) -> bool:
    return any(after == end or _leads_to(after, end) for after in SESSION_GRAPH[state])


def _step(state: str, current: str, passed: Iterable[str], possible: Iterable[str]) -> Step:
    word = state.replace("_", " ")
    if state == current:
        return Step(word, Place.CURRENT)
    if state in passed:
        return Step(word, Place.PASSED)
    return Step(word, Place.POSSIBLE if state in possible else Place.CLOSED)
