"""How the PSP's things look on the wire, as API.md shows them. It changes nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from sandbox.psp.models import Charge, Refund, Session
from sandbox.psp.money import decimal_string
from sandbox.psp.scenarios import BY_NAME

DECLINE_MESSAGES = {
    "insufficient_funds": "There is not enough money on the card.",
    "card_declined": "The bank declined the card.",
    "expired_card": "The card has expired.",
    "suspected_fraud": "The bank suspects fraud.",
    "issuer_unavailable": "The bank could not be reached.",
}


def instant(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def session_json(session: Session) -> dict[str, Any]:
    """Return the session object. Amounts taken and given back are read from the books."""
    charges = list(session.charges.order_by("id"))
    refunds = session.refunds.filter(status=Refund.Status.SUCCESSFUL)
    return {
        "token": session.token,
        "reference": session.reference,
        "checkout_id": session.checkout_id,
        "status": status_word(session),
        "amount": decimal_string(session.amount_minor, session.currency),
        "currency": session.currency,
        "capture": session.capture,
        "purchase_url": f"{settings.PUBLIC_URL}/psp/purchase/{session.token}",
        "return_url": session.return_url,
        "expires_at": instant(session.expires_at),
        "charge": charges[0].charge_id if charges else None,
        "captured_amount": _sum(charges, session.currency),
        "refunded_amount": _sum(refunds, session.currency),
        "decline_code": session.decline_code or None,
        "decline_message": DECLINE_MESSAGES.get(session.decline_code),
        "metadata": session.metadata,
        "created_at": instant(session.created_at),
        "updated_at": instant(session.updated_at),
    }


def status_word(session: Session) -> str:
    """Return the status as the merchant reads it, which may be a word that no table lists."""
    if session.status == Session.Status.PROCESSING:
        return BY_NAME[session.scenario].waiting_word
    return str(session.status)


def refund_json(refund: Refund) -> dict[str, Any]:
    """Return the refund object."""
    session = refund.session
    return {
        "id": refund.refund_id,
        "token": session.token,
        "reference": refund.reference,
        "amount": decimal_string(refund.amount_minor, session.currency),
        "currency": session.currency,
        "status": str(refund.status),
        "created_at": instant(refund.booked_at),
    }


def _sum(rows: Iterable[Charge] | Iterable[Refund], currency: str) -> str:
    return decimal_string(sum(row.amount_minor for row in rows), currency)
