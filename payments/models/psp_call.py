"""Calls to PSPs: the intent, stored before anything is sent, and what came of it."""

from __future__ import annotations

from typing import ClassVar, Final
from uuid import uuid4

from django.db import models

from payments.domain.answers import CallOutcome
from payments.models.instruction import Instruction
from payments.models.purchase import Purchase
from payments.models.record import Record, known, never_deleted, unchangeable
from payments.models.refund import Refund
from payments.models.session import PaymentSession
from psp_clients.contract import Operation, PreparedCall

OUTCOME_WORDS: Final[dict[CallOutcome, str]] = {
    CallOutcome.OPEN: "not answered yet",
    CallOutcome.ANSWERED: "answered",
    CallOutcome.NOT_SENT: "not sent",
    CallOutcome.RETRYABLE: "refused for now",
    CallOutcome.IN_DOUBT: "in doubt",
    CallOutcome.DECLINED: "declined",
    CallOutcome.DECLINED_FOR_NOW: "declined for now",
    CallOutcome.STATE_CONFLICT: "state conflict",
    CallOutcome.INVALID_REQUEST: "refused as invalid",
    CallOutcome.AUTH_FAILED: "refused our credentials",
    CallOutcome.UNSUPPORTED: "not supported",
}


def new_idempotency_key() -> str:
    """Return a key that nobody can guess, 36 characters: the shortest limit among PSPs is 64."""
    return str(uuid4())


class PspCall(Record):
    """One call. Its key and bytes never change, however often it is sent."""

    session = models.ForeignKey(PaymentSession, on_delete=models.PROTECT, related_name="psp_calls")
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, null=True, blank=True, related_name="psp_calls"
    )
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="psp_calls"
    )
    instruction = models.ForeignKey(
        Instruction, on_delete=models.PROTECT, null=True, blank=True, related_name="psp_calls"
    )
    psp = models.CharField(max_length=20)
    operation = models.CharField(max_length=16, choices=[(o.value, o.value) for o in Operation])
    idempotency_key = models.CharField(max_length=64, unique=True, default=new_idempotency_key)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    sends = models.PositiveIntegerField(default=0)
    first_sent_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it may first have reached the PSP; empty while proved that it never did.",
    )
    last_sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    outcome = models.CharField(
        max_length=16,
        choices=[(outcome.value, word) for outcome, word in OUTCOME_WORDS.items()],
        default=CallOutcome.OPEN.value,
    )
    answer = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "PSP call"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["purchase"],
                # A try that was declined for now is over, and another may follow it.
                condition=models.Q(operation="confirm")
                & ~models.Q(outcome=CallOutcome.DECLINED_FOR_NOW.value),
                name="one_confirm_call_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["refund"],
                condition=models.Q(operation="refund"),
                name="one_refund_call_per_refund",
            ),
            models.UniqueConstraint(fields=["instruction"], name="one_call_per_instruction"),
            known("operation", Operation, "psp_call_operation_is_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["session", "created_at"], name="call_by_session"),
            models.Index(
                fields=["psp", "answered_at"],
                include=["outcome", "duration_ms"],
                condition=models.Q(answered_at__isnull=False),
                name="call_by_psp_and_time",
            ),
        ]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "same_key_same_bytes",
                "session",
                "purchase",
                "refund",
                "instruction",
                "psp",
                "operation",
                "idempotency_key",
                "method",
                "path",
                "headers",
                "body",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} at {self.psp}"

    @property
    def prepared(self) -> PreparedCall:
        """The call as it was stored, to be sent as it was stored."""
        return PreparedCall(
            operation=Operation(self.operation),
            method=self.method,
            path=self.path,
            headers=self.headers,
            body=bytes(self.body),
            key=self.idempotency_key,
        )
