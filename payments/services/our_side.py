"""Our side of a reconciliation: sessions, purchases and refunds as plain values. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from uuid import UUID

from django.db.models import QuerySet

from payments.domain.lifecycle import PurchaseStatus
from payments.domain.matching import CHARGE, REFUND, PaymentHere, RefundHere, our_reference
from payments.domain.money import with_digits_of
from payments.models import PaymentSession, Purchase, Refund
from payments.selectors import purchase_of
from psp_clients.contract import Money, RefundState, Transaction


def payments_of(session_ids: Iterable[UUID]) -> list[PaymentHere]:
    """Return sessions with what was bought on them and given back."""
    return _payments(PaymentSession.objects.filter(pk__in=list(session_ids)))


def payments_named_in(psp: str, lines: Sequence[Transaction]) -> list[PaymentHere]:
    """Return every payment at a PSP that one of the lines may be about.

    Our reference decides where it is known; only the lines that bear none, or one that is not
    ours, are looked up by the PSP's names.
    """
    sessions = PaymentSession.objects.filter(psp=psp)
    found = _payments(sessions.filter(pk__in=_uuids(map(our_reference, lines))))
    known = {here.reference for here in found}
    unknown = [line for line in lines if our_reference(line) not in known]
    if not unknown:
        return found
    tokens = {line.psp_token for line in unknown} - {""}
    charges = {line.psp_reference for line in unknown if line.kind == CHARGE}
    refunds = {line.psp_reference for line in unknown if line.kind == REFUND}
    keys = {
        *sessions.filter(psp_token__in=tokens).values_list("pk", flat=True),
        *Purchase.objects.filter(session__psp=psp, payment_reference__in=charges)
        .exclude(payment_reference="")  # as the index has it
        .values_list("session", flat=True),
        *Refund.objects.filter(session__psp=psp, refund_reference__in=refunds).values_list(
            "session", flat=True
        ),
    }
    return found + payments_of(key for key in keys if key.hex not in known)


def _uuids(texts: Iterable[str]) -> list[UUID]:
    keys = []
    for text in texts:
        with suppress(ValueError):
            keys.append(UUID(text))
    return keys


def _payments(sessions: QuerySet[PaymentSession]) -> list[PaymentHere]:
    rows = (
        sessions.order_by()
        .select_related("purchase")
        .defer("metadata", "purchase__purchase_info")
        .prefetch_related("refunds")
    )
    return [_payment(row, purchase_of(row)) for row in rows]


def _payment(session: PaymentSession, purchase: Purchase | None) -> PaymentHere:
    status = PurchaseStatus(purchase.status) if purchase else None
    money = session.money
    if purchase and status is PurchaseStatus.SUCCESSFUL:
        money = Money(with_digits_of(purchase.amount, purchase.captured_amount), purchase.currency)
    return PaymentHere(
        reference=session.reference,
        psp_token=session.psp_token or "",
        payment_reference=purchase.payment_reference if purchase else "",
        money=money,
        status=status,
        begun_at=purchase.created_at if purchase else session.created_at,
        finished_at=purchase.finished_at if purchase else None,
        refunds=tuple(_refund(refund) for refund in session.refunds.all()),
    )


def _refund(refund: Refund) -> RefundHere:
    return RefundHere(
        id=refund.pk.hex,
        refund_reference=refund.refund_reference,
        money=Money(refund.amount, refund.currency),
        state=RefundState(refund.state),
        asked_at=refund.created_at,
        finished_at=refund.finished_at,
    )
