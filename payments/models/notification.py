"""Outgoing webhooks to shops: the outbox, and every try to deliver it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from payments.models.purchase import Purchase
from payments.models.record import (
    DueWork,
    Record,
    due_index,
    forgotten_index,
    never_deleted,
    newest_first,
    unchangeable,
)
from payments.models.session import PaymentSession


class NotificationState(models.TextChoices):
    """How far a notification has come."""

    WAITING = "waiting", "waiting to be delivered"
    DELIVERED = "delivered", "delivered"
    GIVEN_UP = "given_up", "given up after three days"


class ShopNotification(Record, DueWork):
    """One thing to tell a shop. Its bytes are the same in every try."""

    session = models.ForeignKey(
        PaymentSession, on_delete=models.PROTECT, related_name="notifications"
    )
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, null=True, blank=True, related_name="notifications"
    )
    type = models.CharField(max_length=40)
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=NotificationState.choices, default=NotificationState.WAITING
    )
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            due_index("notification_due"),
            newest_first("notification_newest_first"),
            newest_first(
                "notification_undelivered",
                "state",
                condition=models.Q(
                    state__in=[
                        NotificationState.WAITING.value,
                        NotificationState.GIVEN_UP.value,
                    ]
                ),
            ),
            forgotten_index("notification_forgotten", "state", NotificationState.WAITING),
            models.Index(fields=["session"], name="notification_by_session"),
        ]
        permissions: ClassVar = [("resend_notification", "Can tell shops again")]
        triggers: ClassVar = [never_deleted, unchangeable("same_bytes", "session", "type", "body")]

    def __str__(self) -> str:
        return self.type

    @property
    def public_id(self) -> str:
        """The webhook-id by which a shop recognises a repeat."""
        return f"msg_{self.id.hex}"


class NotificationTry(Record):
    """One try to deliver a notification."""

    notification = models.ForeignKey(
        ShopNotification, on_delete=models.PROTECT, related_name="tries"
    )
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField()

    class Meta:
        ordering = ("created_at",)
        verbose_name_plural = "notification tries"

    def __str__(self) -> str:
        return str(self.http_status or self.error)
