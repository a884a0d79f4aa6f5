"""Refunds: objects of their own, never together above what was captured."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Case, Q, Value, When

from payments.domain.money import CANONICAL_AMOUNT
from payments.domain.refunds import (
    REFUND_GRAPH,
    REFUND_STATE_OF,
    UNFINISHED_REFUND_PHASES,
    RefundPhase,
)
from payments.models.purchase import Purchase
from payments.models.record import (
    DueWork,
    Record,
    due_index,
    forgotten_index,
    known,
    never_deleted,
    newest_first,
    unchangeable,
    words,
)
from payments.models.session import PaymentSession
from psp_clients.contract import Money, RefundReference, RefundState

# However many refunds are asked for at once, each waits for the purchase's row, then counts.
WITHIN_CAPTURED = """
    PERFORM 1 FROM payments_purchase WHERE id = NEW.purchase_id FOR UPDATE;
    IF (SELECT COALESCE(sum(amount::numeric), 0) FROM payments_refund
         WHERE purchase_id = NEW.purchase_id AND phase <> 'failed' AND id <> NEW.id)
       + NEW.amount::numeric
       > (SELECT captured_amount FROM payments_purchase WHERE id = NEW.purchase_id) THEN
        RAISE EXCEPTION 'refunds exceed what was captured' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'refunds_within_captured';
    END IF;
    RETURN NEW;
"""


class RefundOrigin(models.TextChoices):
    """Why a refund was made."""

    REQUESTED = "requested", "asked for"
    SURPLUS = "surplus", "a second charge for a paid order"
    LATE_SUCCESS = "late_success", "charged after the purchase had failed"


class Refund(Record, DueWork):
    """Money on its way back to the shopper. Its phase is written by settle_refund alone."""

    session = models.ForeignKey(PaymentSession, on_delete=models.PROTECT, related_name="refunds")
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="refunds")
    amount = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    origin = models.CharField(
        max_length=12, choices=RefundOrigin.choices, default=RefundOrigin.REQUESTED
    )
    phase = models.CharField(
        max_length=12, choices=words(RefundPhase), default=RefundPhase.SUBMITTING.value
    )
    state = models.GeneratedField(
        expression=Case(
            *(
                When(phase=phase.value, then=Value(str(state)))
                for phase, state in REFUND_STATE_OF.items()
            )
        ),
        output_field=models.CharField(max_length=10, choices=words(RefundState)),
        db_persist=True,
    )
    phase_since = models.DateTimeField()
    polls = models.PositiveIntegerField(default=0)
    refund_reference = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # The shop's Idempotency-Key: should its answer be lost, the repeat finds the refund by it.
    request_key = models.CharField(max_length=255, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            known("phase", RefundPhase, "refund_phase_is_known"),
            models.CheckConstraint(
                condition=Q(amount__regex=CANONICAL_AMOUNT),
                name="refund_amount_is_canonical",
            ),
            models.UniqueConstraint(
                fields=["purchase"],
                condition=~Q(origin=RefundOrigin.REQUESTED.value),
                name="one_automatic_refund_per_purchase",
            ),
            models.UniqueConstraint(
                fields=["purchase", "request_key"],
                condition=~Q(request_key=""),
                name="one_refund_per_request_key",
            ),
        ]
        indexes: ClassVar = [
            due_index("refund_due"),
            newest_first("refund_newest_first"),
            newest_first("refund_by_state", "state"),
            forgotten_index("refund_forgotten", "state", RefundState.PENDING.value),
            models.Index(
                fields=["refund_reference"],
                condition=~Q(refund_reference=""),
                name="refund_by_psp_reference",
            ),
        ]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "money_and_ids_stay",
                "session",
                "purchase",
                "amount",
                "currency",
                "origin",
                "request_key",
            ),
            pgtrigger.Trigger(
                name="refunds_within_captured",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("phase"),  # type: ignore[no-untyped-call]
                condition=~pgtrigger.Q(new__phase="failed"),
                func=WITHIN_CAPTURED,
            ),
            pgtrigger.FSM(
                name="legal_refund_phase",
                field="phase",
                transitions=[
                    (str(a), str(b))
                    for a, following in REFUND_GRAPH.items()
                    for b in sorted(following)
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that shops see, and the PSP as our reference."""
        return f"ref_{self.id.hex}"

    @property
    def money(self) -> Money:
        """The sum to give back."""
        return Money(self.amount, self.currency)

    @property
    def psp_reference(self) -> RefundReference:
        """Everything that may name it at the PSP."""
        return RefundReference(self.public_id, self.refund_reference)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether BPS has yet to learn what became of it."""
        return self.phase in UNFINISHED_REFUND_PHASES
