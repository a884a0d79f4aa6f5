"""Why a session is in its state, and what happens next, in plain words for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from payments.domain.lifecycle import Phase, PurchaseStatus, SessionStatus
from payments.models import Capture, PaymentSession, Purchase
from payments.psp import can_be_asked
from payments.selectors import pending_instruction
from payments.tries import how_far


@dataclass(frozen=True, slots=True)
class Explanation:
    """Two sentences, and when the second comes true, if that is known."""

    why: str
    what_next: str
    at: datetime | None = None


NOTHING: Final = "Nothing more: this is an end."
NO_LOOK: Final = "No further look is planned: a person must decide."

ONLY_NEWS: Final = (
    "Only a webhook can tell: this PSP cannot be asked. If none comes by then, a person is asked."
)

_WHY_PHASE: Final[dict[str, str]] = {
    Phase.SUBMITTING: "Buy Now was accepted and stored. The PSP has not answered yet.",
    Phase.IN_DOUBT: "The call was sent and not answered: the PSP may have charged. "
    "Until this is known, nothing starts that could charge again.",
    Phase.PENDING: "The PSP has the purchase. The issuer, or the shopper, has yet to answer.",
    Phase.AUTHORIZED: "The amount is reserved on the card and not taken.",
    Phase.CAPTURED: "The PSP took the money.",
    Phase.DECLINED: "The issuer or the PSP refused. Nothing was charged.",
    Phase.CANCELLED: "It was ended before any money was taken.",
    Phase.EXPIRED: "The PSP's time limit ended it. Nothing was charged.",
    Phase.ERRORED: "It is proved not to have happened. Nothing was charged.",
}
_NEXT_PHASE: Final[dict[str, str]] = {
    Phase.SUBMITTING: "BPS sends the same call again, with the same key.",
    Phase.IN_DOUBT: "BPS asks the PSP what became of it.",
    Phase.PENDING: "A webhook is expected. Should it be lost, BPS asks the PSP itself.",
    Phase.AUTHORIZED: "BPS asks the PSP whether it was captured.",
}
_WHY_DECLINED_FOR_NOW: Final = (
    "The PSP declined this way to pay, and took nothing. The shopper may choose another one on "
    "its page, and press Buy Now again."
)
_WHY_OTHER_TRY: Final[dict[str, str]] = {
    Phase.SUBMITTING: "Declined before, the shopper pressed Buy Now again. The new call is stored; "
    "the PSP has not answered it yet.",
    Phase.IN_DOUBT: "Declined before, the shopper pressed Buy Now again. The new call was sent and "
    "not answered: the PSP may have charged.",
}
_WHY_SESSION: Final[dict[str, str]] = {
    SessionStatus.CREATED: "The checkout is stored. No PSP has confirmed the registration yet.",
    SessionStatus.REGISTERED: "The PSP gave a token. Nobody has pressed Buy Now.",
    SessionStatus.COMPLETED: "Its purchase came to an end.",
    SessionStatus.EXPIRED: "Its time passed without a purchase. Nothing can be charged any more.",
    SessionStatus.CANCELLED: "It was cancelled before a purchase. Nothing can be charged any more.",
    SessionStatus.FAILED: "No PSP would register it. Nobody can have paid.",
}


def explain(session: PaymentSession, purchase: Purchase | None, *, now: datetime) -> Explanation:
    """Explain the state that a session and its purchase are in."""
    if purchase is None:
        return _session(session, now)
    reached = how_far(purchase)
    why = _why(purchase, reached)
    if purchase.reason_text or purchase.reason_code:
        why += f" Reason: {purchase.reason_text or purchase.reason_code}."
    if purchase.status != PurchaseStatus.STARTED:
        return Explanation(why, _after_the_end(purchase))
    if purchase.due_at is None:
        return Explanation(why, NO_LOOK)
    return Explanation(why, _next_of_started(session, purchase, reached), purchase.due_at)


def _why(purchase: Purchase, reached: Phase) -> str:
    if purchase.awaits_shopper:
        return _WHY_DECLINED_FOR_NOW
    return _WHY_PHASE[reached] if reached == purchase.phase else _WHY_OTHER_TRY[reached]


def _session(session: PaymentSession, now: datetime) -> Explanation:
    why = _WHY_SESSION[session.status]
    if session.status == SessionStatus.CREATED:
        return Explanation(why, "BPS asks the PSP again to register it.", session.due_at)
    if session.status != SessionStatus.REGISTERED:
        return Explanation(why, NOTHING)
    if session.cancel_requested_at is not None:
        why = f"Its end was asked for ({session.cancel_reason}). Buy Now is refused from now on."
    elif session.expires_at <= now:
        why = "Its time has passed. Buy Now is refused from now on."
    else:
        return Explanation(why, "It expires, unless somebody buys.", session.expires_at)
    return Explanation(why, "BPS records the end once the PSP has confirmed it.", session.due_at)


def _after_the_end(purchase: Purchase) -> str:
    if purchase.surplus:
        return "The order had been paid before: this charge is to be refunded. See the case."
    return NOTHING


def _next_of_started(session: PaymentSession, purchase: Purchase, reached: Phase) -> str:
    if purchase.awaits_shopper:
        return "If no other try has begun by then, BPS makes sure that none can, and ends it."
    if purchase.phase == Phase.AUTHORIZED and (asked := pending_instruction(purchase)):
        return f"A {asked.kind} was asked for: BPS sends it, and asks the PSP until it is done."
    if purchase.phase == Phase.AUTHORIZED and session.capture == Capture.MANUAL:
        return "The shop captures it when it ships. BPS asks the PSP meanwhile."
    if session.psp in settings.BPS_PSPS and not can_be_asked(session.psp):
        return ONLY_NEWS
    return _NEXT_PHASE[reached]
