"""Finds what a webhook is about, by whichever of its names the PSP tells. Writes nothing."""

from __future__ import annotations

from uuid import UUID

from payments.models import PaymentSession, Purchase, Refund, WebhookReceipt


def session_named(receipt: WebhookReceipt) -> PaymentSession | None:
    """Return the session that a webhook is about, with its shop.

    By our reference, the token, the payment's reference, or a refund of it: whichever is known.
    Each look is into an index of its own.
    """
    sessions = PaymentSession.objects.select_related("shop").filter(psp=receipt.psp)
    key = _uuid(receipt.reference)
    found = sessions.filter(pk=key).first() if key else None
    if found is None and receipt.psp_token:
        found = sessions.filter(psp_token=receipt.psp_token).first()
    if found is None and receipt.payment_reference:
        bought = Purchase.objects.filter(payment_reference=receipt.payment_reference)
        found = sessions.filter(pk__in=bought.values("session")).first()
    if found is None and (refund := refund_named(receipt)):
        found = sessions.filter(pk=refund.session_id).first()
    return found


def refund_named(receipt: WebhookReceipt) -> Refund | None:
    """Return the refund that a webhook is about: by our reference, else by the PSP's."""
    about = receipt.news.get("refund") or {}
    refunds = Refund.objects.filter(session__psp=receipt.psp)
    key = _uuid(about.get("reference", "").removeprefix("ref_"))
    found = refunds.filter(pk=key).first() if key else None
    if found is None and about.get("refund_reference"):
        found = refunds.filter(refund_reference=about["refund_reference"]).first()
    return found


def _uuid(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None
