"""What to do next for a purchase that has not ended: the rule that keeps a charge single.

A key protects only while the PSP remembers it, so a stored call is sent again within half of
that window and never after; from then on the PSP is only asked, and what it still has not acted
upon is closed with a fence: cancelled at the PSP first, recorded here only once confirmed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from payments.domain.lifecycle import Phase
from psp_clients.contract import ReportedState


class Step(StrEnum):
    """What a worker does next."""

    SEND = "send"  # send the stored call, same key, same bytes
    LOOK_UP = "look_up"  # ask the PSP what is true
    FENCE = "fence"  # cancel at the PSP, so that nothing can be charged any more
    WAIT = "wait"  # nothing now; the next look is scheduled


def may_send(*, first_sent_at: datetime | None, now: datetime, key_window: timedelta) -> bool:
    """Tell whether the PSP surely still remembers the key of what may have been sent before."""
    return first_sent_at is None or now - first_sent_at < key_window / 2


def first_step(
    *, phase: Phase, first_sent_at: datetime | None, now: datetime, key_window: timedelta
) -> Step:
    """Decide what a due purchase needs first.

    A submission that was cut off before any answer is simply sent again: the key makes it the
    same purchase. In doubt, looking comes first, since the answer may be known already.
    """
    sendable = may_send(first_sent_at=first_sent_at, now=now, key_window=key_window)
    if phase is Phase.SUBMITTING and sendable:
        return Step.SEND
    return Step.LOOK_UP


def step_after_look_up(
    *,
    phase: Phase,
    seen: ReportedState,
    first_sent_at: datetime | None,
    now: datetime,
    key_window: timedelta,
) -> Step:
    """Decide what follows a look-up that was answered.

    Only "open" (the PSP has not acted on the purchase) calls for more: everything else was a
    report, and the gate took it.
    """
    if seen is not ReportedState.OPEN or phase not in (Phase.SUBMITTING, Phase.IN_DOUBT):
        return Step.WAIT
    if may_send(first_sent_at=first_sent_at, now=now, key_window=key_window):
        return Step.SEND
    return Step.FENCE
