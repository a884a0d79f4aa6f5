"""The states of sessions and purchases, what may follow what, and how a report is judged.

The graphs are data. The database's triggers, docs/lifecycle.md and the tests are made from them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from psp_clients.contract import ReportedState


class SessionStatus(StrEnum):
    """Where a payment session stands."""

    CREATED = "created"  # stored; the PSP has not confirmed the registration
    REGISTERED = "registered"  # the PSP gave a token; the shopper may pay
    COMPLETED = "completed"  # its purchase came to an end, whichever
    EXPIRED = "expired"  # its time passed without a purchase
    CANCELLED = "cancelled"  # ended by the shop, by staff, or by a newer checkout of the order
    FAILED = "failed"  # no PSP would register it


SESSION_GRAPH: Final[dict[SessionStatus, frozenset[SessionStatus]]] = {
    SessionStatus.CREATED: frozenset({SessionStatus.REGISTERED, SessionStatus.FAILED}),
    SessionStatus.REGISTERED: frozenset(
        {SessionStatus.COMPLETED, SessionStatus.EXPIRED, SessionStatus.CANCELLED}
    ),
    SessionStatus.COMPLETED: frozenset(),
    SessionStatus.EXPIRED: frozenset(),
    SessionStatus.CANCELLED: frozenset(),
    SessionStatus.FAILED: frozenset(),
}


class PurchaseStatus(StrEnum):
    """The three words a shop and a shopper see. Derived from the phase, by the database."""

    STARTED = "started"
    SUCCESSFUL = "successful"
    FAILED = "failed"


class Phase(StrEnum):
    """Where a purchase stands, in the machine's words."""

    SUBMITTING = "submitting"  # accepted and stored; the PSP has not answered
    IN_DOUBT = "in_doubt"  # sent and unanswered: the PSP may have acted
    PENDING = "pending"  # the PSP has it; the issuer or the shopper has yet to answer
    AUTHORIZED = "authorized"  # reserved on the card, not taken
    CAPTURED = "captured"  # the money was taken
    DECLINED = "declined"  # refused by the issuer or the PSP
    CANCELLED = "cancelled"  # ended before any money was taken
    EXPIRED = "expired"  # ended by the PSP's time limit
    ERRORED = "errored"  # proved not to have happened


STARTED_PHASES: Final = (Phase.SUBMITTING, Phase.IN_DOUBT, Phase.PENDING, Phase.AUTHORIZED)
UNANSWERED_PHASES: Final = (Phase.SUBMITTING, Phase.IN_DOUBT)
FAILED_PHASES: Final = (Phase.DECLINED, Phase.CANCELLED, Phase.EXPIRED, Phase.ERRORED)

STATUS_OF: Final[dict[Phase, PurchaseStatus]] = {
    **dict.fromkeys(STARTED_PHASES, PurchaseStatus.STARTED),
    Phase.CAPTURED: PurchaseStatus.SUCCESSFUL,
    **dict.fromkeys(FAILED_PHASES, PurchaseStatus.FAILED),
}

# Every move that may be made at once. Forward moves may skip; each failed phase can still be
# overtaken by a success that the PSP proves later; nothing leaves captured.
PHASE_GRAPH: Final[dict[Phase, frozenset[Phase]]] = {
    **{
        phase: frozenset({*STARTED_PHASES[place + 1 :], Phase.CAPTURED, *FAILED_PHASES})
        for place, phase in enumerate(STARTED_PHASES)
    },
    **{phase: frozenset({Phase.CAPTURED}) for phase in FAILED_PHASES},
    Phase.CAPTURED: frozenset(),
}

# A report that the PSP has not acted says nothing about the phase: it is not proof of absence,
# because an earlier request may still be on its way.
PHASE_REPORTED: Final[dict[ReportedState, Phase | None]] = {
    ReportedState.OPEN: None,
    ReportedState.PENDING: Phase.PENDING,
    ReportedState.AUTHORIZED: Phase.AUTHORIZED,
    ReportedState.CAPTURED: Phase.CAPTURED,
    ReportedState.DECLINED: Phase.DECLINED,
    ReportedState.CANCELLED: Phase.CANCELLED,
    ReportedState.EXPIRED: Phase.EXPIRED,
}


class Verdict(StrEnum):
    """What a report means for the phase we hold."""

    ADVANCE = "advance"  # it lies ahead: take it
    STALE = "stale"  # it lies behind, or is where we are: old news
    CONFLICT = "conflict"  # neither: keep the phase, and have a person look


def judge(current: Phase, reported: Phase) -> Verdict:
    """Judge a reported phase against the one we hold.

    The graph holds every skip, so "ahead" is one look-up. That a late failure never undoes a
    success, and that a late success always counts, both follow from the graph alone.
    """
    if reported in PHASE_GRAPH[current]:
        return Verdict.ADVANCE
    if reported == current or current in PHASE_GRAPH[reported]:
        return Verdict.STALE
    return Verdict.CONFLICT
