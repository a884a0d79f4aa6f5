"""What came of asking a PSP, and what may be concluded from it.

Only an answer that proves something concludes something. A proof about a repeat says nothing
about the first send: that one may still be on its way.
"""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Final


class CallOutcome(StrEnum):
    """What came of a call. Errors bear the names of psp_clients.contract."""

    OPEN = "open"
    ANSWERED = "answered"
    NOT_SENT = "not_sent"
    RETRYABLE = "retryable"
    IN_DOUBT = "in_doubt"
    DECLINED = "declined"
    DECLINED_FOR_NOW = "declined_for_now"
    STATE_CONFLICT = "state_conflict"
    INVALID_REQUEST = "invalid_request"
    AUTH_FAILED = "auth_failed"
    UNSUPPORTED = "unsupported"


# What speaks against the PSP's health. A decline is a healthy answer.
UNHEALTHY: Final = (CallOutcome.NOT_SENT, CallOutcome.IN_DOUBT, CallOutcome.RETRYABLE)
# Proved not to have happened, and worth asking again with the same key.
NOTHING_HAPPENED: Final = (CallOutcome.NOT_SENT, CallOutcome.RETRYABLE)
# Proved not to have happened, and asking again would not help.
REFUSED: Final = (CallOutcome.INVALID_REQUEST, CallOutcome.UNSUPPORTED)


class Conclusion(StrEnum):
    """What to do with what came of a send that moves money."""

    APPLY = auto()  # the PSP said what is true: take it to the gate
    SEND_LATER = auto()  # nothing happened this time: send the same call again
    ASK_SHOPPER = auto()  # this try is over, nothing was taken: the shopper may choose again
    NEVER_HAPPENED = auto()  # proved, and it never will
    IN_DOUBT = auto()  # the PSP may have acted: ask it, and let nobody start over


def never_arrived(outcome: CallOutcome, *, first_and_only: bool) -> bool:
    """Tell whether it is proved that no send of a call ever had an effect."""
    return outcome in NOTHING_HAPPENED and first_and_only


def conclude_purchase(outcome: CallOutcome, *, first_and_only: bool) -> Conclusion:
    """Conclude from what came of sending a purchase.

    `first_and_only` tells that no other send of the same call can have reached the PSP.
    """
    if outcome in (CallOutcome.ANSWERED, CallOutcome.DECLINED):
        return Conclusion.APPLY
    if outcome is CallOutcome.DECLINED_FOR_NOW:
        return Conclusion.ASK_SHOPPER
    # Refused credentials are ours to mend; the call is then sent as it stands.
    if outcome in NOTHING_HAPPENED or outcome is CallOutcome.AUTH_FAILED:
        return Conclusion.SEND_LATER
    if outcome in REFUSED and first_and_only:
        return Conclusion.NEVER_HAPPENED
    return Conclusion.IN_DOUBT


def conclude_refund(outcome: CallOutcome, *, first_and_only: bool) -> Conclusion:
    """Conclude from what came of sending a refund.

    A refund that the payment's state does not allow was not made: nothing else can be meant by
    "no more is left to give back" about the first send of it.
    """
    refused = outcome in (CallOutcome.STATE_CONFLICT, CallOutcome.DECLINED)
    if refused:
        return Conclusion.NEVER_HAPPENED if first_and_only else Conclusion.IN_DOUBT
    return conclude_purchase(outcome, first_and_only=first_and_only)
