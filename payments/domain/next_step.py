"""What to do next for a purchase that has not ended: the rule that keeps a charge single.

A key protects only while the PSP remembers it, so a stored call is sent again within half of
that window and never after; from then on the PSP is only asked, and what it still has not acted
upon is closed with a fence: cancelled at the PSP first, recorded here only once confirmed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Final

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import UNANSWERED_PHASES, Phase
from psp_clients.contract import ReportedState


class Step(StrEnum):
    """What a worker does next."""

    SEND = auto()  # send the stored call, same key, same bytes
    LOOK_UP = auto()  # ask the PSP what is true
    FENCE = auto()  # cancel at the PSP, so that nothing can be charged any more
    WAIT = auto()  # nothing now; the next look is scheduled


# Nobody waits this long at a shop's page; a charge would come as a surprise.
SUBMIT_WITHIN: Final = timedelta(hours=4)


def may_send(*, first_sent_at: datetime | None, now: datetime, key_window: timedelta) -> bool:
    """Tell whether the PSP surely still remembers the key of what may have been sent before."""
    return first_sent_at is None or now - first_sent_at < key_window / 2


def may_charge(
    *,
    accepted_at: datetime,
    first_sent_at: datetime | None,
    now: datetime,
    key_window: timedelta,
) -> bool:
    """Tell whether a purchase may be sent: its key is remembered, and the shopper expects it."""
    remembered = may_send(first_sent_at=first_sent_at, now=now, key_window=key_window)
    return remembered and now - accepted_at < SUBMIT_WITHIN


def first_step(*, phase: Phase, chargeable: bool) -> Step:
    """Decide what a due purchase needs first. `chargeable` is what `may_charge` says.

    A submission that was cut off before any answer is simply sent again: the key makes it the
    same purchase. In doubt, looking comes first, since the answer may be known already.
    """
    return Step.SEND if phase is Phase.SUBMITTING and chargeable else Step.LOOK_UP


def phase_of_try(
    phase: Phase, *, is_first: bool, outcome: CallOutcome, may_have_arrived: bool
) -> Phase:
    """Return the phase in which a purchase would be, were the try that is under way its first.

    Once a try was declined for now the purchase stays pending, so that its phase does not tell how
    far another has come. The new call does; and the rules for a first try are then those for it.
    """
    if is_first or phase is not Phase.PENDING:
        return phase
    if outcome is CallOutcome.OPEN or not may_have_arrived:
        return Phase.SUBMITTING
    return Phase.PENDING if outcome is CallOutcome.ANSWERED else Phase.IN_DOUBT


def step_without_try(*, seen: ReportedState, is_over: bool) -> Step:
    """Decide what follows a look-up where each try was declined for now.

    The shopper may buy again until the session's time is over. After it nothing may be left that
    could charge.
    """
    return Step.FENCE if seen is ReportedState.OPEN and is_over else Step.WAIT


def step_at_page(*, seen: ReportedState, is_over: bool, can_cancel: bool) -> Step:
    """Decide what follows a look-up where the PSP's own page charges, and nothing was ever sent.

    Until the session's time is over the shopper may yet act there. After it, what is still open is
    ended with a fence, where the PSP offers one; where it does not, its own time limit ends it.
    """
    if seen is ReportedState.OPEN and is_over and can_cancel:
        return Step.FENCE
    return Step.WAIT


def step_after_look_up(*, phase: Phase, seen: ReportedState, chargeable: bool) -> Step:
    """Decide what follows a look-up that was answered.

    Only "open" (the PSP has not acted on the purchase) calls for more: everything else was a
    report, and the gate took it.
    """
    if seen is not ReportedState.OPEN or phase not in UNANSWERED_PHASES:
        return Step.WAIT
    return Step.SEND if chargeable else Step.FENCE
