"""Instructions: what a shop or its staff ask of an authorised purchase, one at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Final

import pgtrigger
from django.db import models
from django.db.models import Q

from payments.domain.instructions import INSTRUCTION_GRAPH, InstructionKind, InstructionState
from payments.domain.money import CANONICAL_AMOUNT
from payments.models.purchase import Purchase
from payments.models.record import (
    DueWork,
    Record,
    due_index,
    forgotten_index,
    known,
    never_deleted,
    unchangeable,
    words,
)
from payments.models.session import PaymentSession
from psp_clients.contract import Money

PUBLIC_PREFIX: Final = {InstructionKind.CAPTURE: "cap_", InstructionKind.VOID: "void_"}

WITHIN_AUTHORISED: Final = """
    IF NOT EXISTS (SELECT FROM payments_purchase AS purchase
                    WHERE purchase.id = NEW.purchase_id
                      AND purchase.session_id = NEW.session_id
                      AND purchase.currency = NEW.currency
                      AND purchase.amount::numeric >= NEW.amount::numeric) THEN
        RAISE EXCEPTION 'an instruction is for no more than what was authorised'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'instructed_within_authorised';
    END IF;
    RETURN NEW;
"""


class Instruction(Record, DueWork):
    """A capture or a void. Its state is written by payments.services.settle_instruction alone."""

    session = models.ForeignKey(
        PaymentSession, on_delete=models.PROTECT, related_name="instructions"
    )
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="instructions")
    kind = models.CharField(max_length=8, choices=words(InstructionKind))
    # Of a void: what is let go, which is all of it.
    amount = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    state = models.CharField(
        max_length=10, choices=words(InstructionState), default=InstructionState.PENDING.value
    )
    polls = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    why = models.CharField(max_length=500, blank=True, help_text="Why it failed.")
    # Whose repeat finds this row: the shop's Idempotency-Key, or a form's own key.
    request_key = models.CharField(max_length=255, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            known("kind", InstructionKind, "instruction_kind_is_known"),
            known("state", InstructionState, "instruction_state_is_known"),
            models.CheckConstraint(
                condition=Q(amount__regex=CANONICAL_AMOUNT),
                name="instruction_amount_is_canonical",
            ),
            models.UniqueConstraint(
                fields=["purchase"],
                condition=Q(state=InstructionState.PENDING.value),
                name="one_pending_instruction_per_purchase",
            ),
            models.UniqueConstraint(
                fields=["purchase", "request_key"],
                condition=~Q(request_key=""),
                name="one_instruction_per_request_key",
            ),
        ]
        indexes: ClassVar = [
            due_index("instruction_due"),
            forgotten_index("instruction_forgotten", "state", InstructionState.PENDING.value),
        ]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "what_was_asked_stays",
                "session",
                "purchase",
                "kind",
                "amount",
                "currency",
                "reason",
                "request_key",
            ),
            pgtrigger.Trigger(
                name="instructed_within_authorised",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=WITHIN_AUTHORISED,
            ),
            pgtrigger.FSM(
                name="legal_instruction_state",
                field="state",
                transitions=[
                    (str(a), str(b))
                    for a, following in INSTRUCTION_GRAPH.items()
                    for b in sorted(following)
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that shops see."""
        return f"{PUBLIC_PREFIX[InstructionKind(self.kind)]}{self.id.hex}"

    @property
    def money(self) -> Money:
        """The sum to take, or to let go."""
        return Money(self.amount, self.currency)

    @property
    def asked_amount(self) -> Decimal:
        """The same as a number."""
        return Decimal(self.amount)

    @property
    def is_pending(self) -> bool:
        """Tell whether BPS has yet to learn what became of it."""
        return self.state == InstructionState.PENDING
