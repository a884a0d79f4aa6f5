"""What shops are shown of a session, a purchase, a refund, a capture and a void."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from payments.domain.money import with_digits_of
from payments.models import Instruction, PaymentSession, Purchase, Refund


def session_as_shown(session: PaymentSession, purchase: Purchase | None) -> dict[str, Any]:
    """Return a session as shops see it in answers and notifications."""
    return {
        "checkout_id": session.checkout_id,
        "order_reference": session.order_reference or None,
        "psp": session.psp,
        "psp_token": session.psp_token,
        "purchase_url": session.purchase_url or None,
        "amount": session.amount,
        "currency": session.currency,
        "capture": session.capture,
        "status": str(session.status),
        "return_url": session.return_url,
        "result_url": result_url(session),
        "metadata": session.metadata,
        "created_at": session.created_at.isoformat(),
        "expires_at": session.expires_at.isoformat(),
        "purchase": purchase_as_shown(purchase) if purchase else None,
    }


def purchase_as_shown(purchase: Purchase) -> dict[str, Any]:
    """Return a purchase as shops see it. Sums are strings in major units."""
    code = str(purchase.reason_code)
    return {
        "id": purchase.public_id,
        "status": str(purchase.status),
        "phase": str(purchase.phase),
        "reason": {"code": code, "text": purchase.reason_text} if code else None,
        "amount": purchase.amount,
        "currency": purchase.currency,
        "captured_amount": with_digits_of(purchase.amount, purchase.captured_amount),
        "refunded_amount": with_digits_of(purchase.amount, purchase.refunded_amount),
        "surplus": purchase.surplus,
        "next_action": (
            {"type": "redirect", "url": purchase.session.purchase_url}
            if purchase.awaits_shopper and purchase.session.cancel_requested_at is None
            else None
        ),
        "next_check_at": purchase.next_check_at.isoformat() if purchase.next_check_at else None,
        "finished_at": purchase.finished_at.isoformat() if purchase.finished_at else None,
    }


def refund_as_shown(refund: Refund) -> dict[str, Any]:
    """Return a refund as shops see it."""
    return {
        "id": refund.public_id,
        "state": str(refund.state),
        "amount": refund.amount,
        "currency": refund.currency,
        "reason": refund.reason,
        "created_at": refund.created_at.isoformat(),
        "finished_at": refund.finished_at.isoformat() if refund.finished_at else None,
    }


def instruction_as_shown(instruction: Instruction) -> dict[str, Any]:
    """Return a capture or a void as shops see it."""
    return {
        "id": instruction.public_id,
        "state": str(instruction.state),
        "amount": instruction.amount,
        "currency": instruction.currency,
        "reason": instruction.reason,
        "why_failed": instruction.why or None,
        "created_at": instruction.created_at.isoformat(),
        "finished_at": instruction.finished_at.isoformat() if instruction.finished_at else None,
    }


def result_url(session: PaymentSession) -> str:
    """Return the page on which a shopper sees what became of it."""
    return settings.BPS_PUBLIC_URL + reverse("result", args=[session.public_token])
