"""Incoming webhooks: the inbox. Stored as bytes before anything is believed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from payments.models.record import DueWork, Record, due_index, forgotten_index, newest_first
from payments.models.session import PaymentSession


class ReceiptState(models.TextChoices):
    """How far a webhook has come."""

    WAITING = "waiting", "waiting to be worked on"
    PROCESSED = "processed", "worked on"
    UNMATCHED = "unmatched", "for no session of ours"
    REJECTED = "rejected", "not proved to come from the PSP"


class WebhookReceipt(Record, DueWork):
    """One webhook as it came. A verified event is stored once for ever; a repeat is counted.

    A PSP that does not sign names no events. One row then stands for all that is sent about a
    payment, and waits again with each: however much is sent, the table does not grow.
    """

    psp = models.CharField(max_length=20)
    # Empty where unverified: a forged id must not take the real one's place.
    event_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    event_type = models.CharField(max_length=100, blank=True)
    psp_token = models.CharField(max_length=255, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    payment_reference = models.CharField(max_length=255, blank=True)
    news = models.JSONField(
        default=dict, help_text="What else it says, where the PSP cannot be asked about it."
    )
    session = models.ForeignKey(
        PaymentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="receipts"
    )
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    state = models.CharField(max_length=10, choices=ReceiptState.choices)
    note = models.CharField(max_length=300, blank=True)
    deliveries = models.PositiveIntegerField(default=1)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["psp", "event_id"], name="one_receipt_per_event"),
            models.CheckConstraint(
                condition=models.Q(state=ReceiptState.REJECTED)
                | models.Q(event_id__isnull=False)
                | ~models.Q(psp_token=""),
                name="receipt_names_an_event_or_a_payment",
            ),
            models.UniqueConstraint(
                fields=["psp", "psp_token"],
                condition=models.Q(event_id__isnull=True) & ~models.Q(psp_token=""),
                name="one_receipt_per_unsigned_payment",
            ),
        ]
        indexes: ClassVar = [
            due_index("receipt_due"),
            newest_first("receipt_newest_first"),
            newest_first(
                "receipt_unusual",
                "state",
                condition=models.Q(
                    state__in=[
                        ReceiptState.WAITING.value,
                        ReceiptState.UNMATCHED.value,
                        ReceiptState.REJECTED.value,
                    ]
                ),
            ),
            forgotten_index("receipt_forgotten", "state", ReceiptState.WAITING),
            models.Index(fields=["session"], name="receipt_by_session"),
        ]
        permissions: ClassVar = [("replay_receipt", "Can have webhooks worked on again")]

    def __str__(self) -> str:
        return f"{self.psp} {self.event_type or 'webhook'}"
