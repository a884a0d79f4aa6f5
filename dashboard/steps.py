"""The walk of one session through its lifecycle: where it was and how long, where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dashboard.ages import in_two_words, in_words
from payments.domain.lifecycle import (
    PHASE_GRAPH,
    SESSION_GRAPH,
    STARTED_PHASES,
    Phase,
    SessionStatus,
)
from payments.models import Event, PaymentSession, Purchase

# A session's "failed" is not a purchase's: nobody could buy on it.
_WORDS: Final = {SessionStatus.FAILED.value: "not registered"}


def word_of(state: str) -> str:
    """Return how staff read a session's status or a purchase's phase."""
    return _WORDS.get(state, state.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Stay:
    """One state: since when, until when (None: it stands there), and the event that led there."""

    state: str
    since: datetime
    until: datetime | None = None
    event: Event | None = None

    @property
    def word(self) -> str:
        """The state as staff read it."""
        return word_of(self.state)

    @property
    def line(self) -> str:
        """The id of the timeline's line that tells of it; "" where none does."""
        return str(self.event.pk) if self.event else ""


@dataclass(frozen=True, slots=True)
class Walk:
    """All stays in order, of which the last is the present, and what may come next."""

    stays: list[Stay]
    possible: frozenset[str]
    has_ended: bool  # and only a success that the PSP proves late could follow
    now: datetime

    def lasted(self, stay: Stay) -> str:
        """Return how long a stay took, or how far into it we are."""
        if stay.until is not None:
            return in_two_words(stay.until - stay.since)
        so_far = in_words(self.now - stay.since)
        return f"{so_far} ago" if self.has_ended else f"now, for {so_far}"

    @property
    def rows(self) -> list[tuple[Stay, str]]:
        """Each stay with how long it took."""
        return [(stay, self.lasted(stay)) for stay in self.stays]

    @property
    def sentence(self) -> str:
        """The whole walk as one sentence, for whoever does not see it drawn."""
        return ", ".join(f"{stay.word} ({lasted})" for stay, lasted in self.rows)


def walk(
    session: PaymentSession, purchase: Purchase | None, moves: Iterable[Event], *, now: datetime
) -> Walk:
    """Return the walk that the moves tell of; where it stands now, the rows say.

    No state is entered twice: the graphs have no way back.
    """
    entered: dict[str, tuple[datetime, Event | None]] = {
        SessionStatus.CREATED.value: (session.created_at, None)
    }
    for move in moves:
        state = move.phase_after or move.name.removeprefix("session.")
        since, _ = entered.get(state, (move.created_at, None))
        entered[state] = since, move
    if purchase is None:
        entered.setdefault(session.status, (session.updated_at, None))
    else:
        entered.setdefault(purchase.phase, (purchase.phase_since, None))
    ends = [since for since, _ in entered.values()][1:]
    stays = [
        Stay(state, since, until, move)
        for (state, (since, move)), until in zip(entered.items(), [*ends, None], strict=True)
    ]
    return Walk(stays, _possible(session, purchase), _has_ended(session, purchase), now)


def _has_ended(session: PaymentSession, purchase: Purchase | None) -> bool:
    if purchase is None:
        return not SESSION_GRAPH[SessionStatus(session.status)]
    return purchase.phase not in STARTED_PHASES


def _possible(session: PaymentSession, purchase: Purchase | None) -> frozenset[str]:
    if purchase is not None:
        return frozenset(str(phase) for phase in PHASE_GRAPH[Phase(purchase.phase)])
    after = {str(status) for status in SESSION_GRAPH[SessionStatus(session.status)]}
    if SessionStatus.COMPLETED in after:  # which a purchase's end makes it
        after = after - {SessionStatus.COMPLETED} | {str(phase) for phase in Phase}
    return frozenset(after)
