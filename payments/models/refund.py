"""Refunds: objects of their own, never together above what was captured."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models

from payments.domain.money import CANONICAL_AMOUNT
from payments.models.purchase import Purchase
from payments.models.record import DueWork, Record, due_index, known, never_deleted, unchangeable
from payments.models.session import PaymentSession
from psp_clients.contract import RefundState

# However many refunds are asked for at once, each waits for the purchase's row, then counts.
WITHIN_CAPTURED = """
    PERFORM 1 FROM payments_purchase WHERE id = NEW.purchase_id FOR UPDATE;
    IF (SELECT COALESCE(sum(amount::numeric), 0) FROM payments_refund
         WHERE purchase_id = NEW.purchase_id AND state <> 'failed' AND id <> NEW.id)
       + NEW.amount::numeric
       > (SELECT captured_amount FROM payments_purchase WHERE id = NEW.purchase_id) THEN
        RAISE EXCEPTION 'refunds exceed what was captured' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'refunds_within_captured';
    END IF;
    RETURN NEW;
"""


class Refund(Record, DueWork):
    """Money on its way back to the shopper."""

    session = models.ForeignKey(PaymentSession, on_delete=models.PROTECT, related_name="refunds")
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="refunds")
    amount = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in RefundState],
        default=RefundState.PENDING.value,
    )
    refund_reference = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            known("state", RefundState, "refund_state_is_known"),
            models.CheckConstraint(
                condition=models.Q(amount__regex=CANONICAL_AMOUNT),
                name="refund_amount_is_canonical",
            ),
        ]
        indexes: ClassVar = [due_index("refund_due")]
        triggers: ClassVar = [
            never_deleted,
            unchangeable("money_and_ids_stay", "session", "purchase", "amount", "currency"),
            pgtrigger.Trigger(
                name="refunds_within_captured",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(new__state__in=["pending", "successful"]),
                func=WITHIN_CAPTURED,
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that shops see."""
        return f"ref_{self.id.hex}"
