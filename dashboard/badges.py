"""The one word, icon and tone by which a session's status is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from payments.domain.lifecycle import PurchaseStatus, SessionStatus
from payments.models import PaymentSession, Purchase


@dataclass(frozen=True, slots=True)
class Badge:
    """A status as people read it. `tone` names a CSS class, `icon` a template."""

    word: str
    tone: str
    icon: str


_BADGES: Final[dict[str, Badge]] = {
    SessionStatus.CREATED: Badge("being registered", "open", "arrow"),
    SessionStatus.REGISTERED: Badge("waiting for Buy Now", "open", "arrow"),
    SessionStatus.COMPLETED: Badge("completed", "open", "check"),
    SessionStatus.EXPIRED: Badge("expired", "expired", "hourglass"),
    SessionStatus.CANCELLED: Badge("cancelled", "cancelled", "minus"),
    SessionStatus.FAILED: Badge("not registered", "failed", "cross"),
}
_PURCHASE_BADGES: Final[dict[str, Badge]] = {
    PurchaseStatus.STARTED: Badge("started", "started", "clock"),
    PurchaseStatus.SUCCESSFUL: Badge("successful", "successful", "check"),
    PurchaseStatus.FAILED: Badge("failed", "failed", "cross"),
}


def badge_of(session: PaymentSession, purchase: Purchase | None) -> Badge:
    """Return the purchase's status where there is one, else the session's."""
    if purchase is not None:
        return _PURCHASE_BADGES[purchase.status]
    return _BADGES[session.status]
