"""Which of a few states a shopper is shown, and how often the page looks again.

Pure: rows and the time are passed in. It never claims more than is known: whatever may still
become a charge is not shown as failed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from payments.domain.lifecycle import Phase, PurchaseStatus, SessionStatus
from payments.models import Capture, PaymentSession, Purchase


class ShownState(StrEnum):
    """What a shopper can be told."""

    WAITING = "waiting"  # registered; nobody pressed Buy Now
    CLOSING = "closing"  # can no longer be bought; the PSP has not confirmed the end
    STARTED = "started"  # bought, or back from a page that charges; the outcome is not known
    CHOOSE_AGAIN = "choose_again"  # declined for now; the PSP's page offers other ways to pay
    RESERVED = "reserved"  # authorized, and the shop takes the money when it ships
    SUCCESSFUL = "successful"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


UNFINISHED: Final = (
    ShownState.WAITING,
    ShownState.CLOSING,
    ShownState.STARTED,
    ShownState.CHOOSE_AGAIN,
    ShownState.RESERVED,
)

_OF_SESSION: Final[dict[str, ShownState]] = {
    SessionStatus.CREATED: ShownState.WAITING,
    SessionStatus.COMPLETED: ShownState.STARTED,
    SessionStatus.EXPIRED: ShownState.EXPIRED,
    SessionStatus.CANCELLED: ShownState.CANCELLED,
    SessionStatus.FAILED: ShownState.FAILED,
}

# An issuer that has not answered within minutes may take hours: those who wait on look less and
# less often.
_PACES: Final = (
    (timedelta(minutes=2), timedelta(seconds=5)),
    (timedelta(minutes=15), timedelta(seconds=15)),
    (timedelta(hours=1), timedelta(minutes=1)),
)
_SLOWEST: Final = timedelta(minutes=5)

# Long enough for whoever just paid; a receipt that is opened later stays where it is.
_MOVES_ON_FOR: Final = timedelta(minutes=10)


def shown_state(session: PaymentSession, purchase: Purchase | None, *, now: datetime) -> ShownState:
    """Return what the shopper is told."""
    if purchase is None:
        return _without_purchase(session, now)
    if purchase.status == PurchaseStatus.SUCCESSFUL:
        return ShownState.SUCCESSFUL
    if purchase.status == PurchaseStatus.FAILED:
        return ShownState.FAILED
    if purchase.awaits_shopper:
        return ShownState.CHOOSE_AGAIN if purchase.may_be_tried_again(now) else ShownState.CLOSING
    if purchase.phase == Phase.AUTHORIZED and session.capture == Capture.MANUAL:
        return ShownState.RESERVED
    return ShownState.STARTED


def _without_purchase(session: PaymentSession, now: datetime) -> ShownState:
    if session.status != SessionStatus.REGISTERED:
        return _OF_SESSION[session.status]
    if session.may_be_paid:
        return ShownState.STARTED
    if session.cancel_requested_at is not None or session.expires_at <= now:
        return ShownState.CLOSING
    return ShownState.WAITING


def look_again_after(
    state: ShownState, session: PaymentSession, purchase: Purchase | None, *, now: datetime
) -> timedelta | None:
    """Return how long the page waits before it looks again; None where nothing more comes."""
    if state not in UNFINISHED:
        return None
    age = now - (purchase or session).created_at
    return next((pace for until, pace in _PACES if age < until), _SLOWEST)


def moves_on(state: ShownState, purchase: Purchase | None, *, now: datetime) -> bool:
    """Tell whether the page leads on to the shop by itself: soon after a success, not later."""
    return (
        state is ShownState.SUCCESSFUL
        and purchase is not None
        and purchase.finished_at is not None
        and now - purchase.finished_at < _MOVES_ON_FOR
    )
