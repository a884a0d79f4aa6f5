"""The books: what was really charged and refunded. Rows are added, never deleted.

The database refuses changes to them (migration 0002), but for a pending refund's end.
"""

from django.db import models

from sandbox.psp.ids import new_charge_id, new_refund_id
from sandbox.psp.models.session import Session


class Charge(models.Model):
    """Money taken. One request can take it once; nothing here keeps a second request from it."""

    charge_id = models.CharField(max_length=40, unique=True, default=new_charge_id)
    session = models.ForeignKey(Session, models.PROTECT, related_name="charges")
    attempt = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    booked_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["session", "attempt"], name="one_charge_per_request"),
            models.CheckConstraint(
                name="charge_is_positive", condition=models.Q(amount_minor__gt=0)
            ),
        )

    def __str__(self) -> str:
        return self.charge_id


class Refund(models.Model):
    """Money given back, or on its way back while pending."""

    class Status(models.TextChoices):
        """What became of it."""

        PENDING = "pending"
        SUCCESSFUL = "successful"
        FAILED = "failed"

    refund_id = models.CharField(max_length=40, unique=True, default=new_refund_id)
    session = models.ForeignKey(Session, models.PROTECT, related_name="refunds")
    attempt = models.BigIntegerField(unique=True)
    reference = models.CharField(max_length=255)
    reason = models.TextField(blank=True)
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status)
    ends_as = models.CharField(max_length=10, choices=Status)
    ends_wall_at = models.DateTimeField()
    booked_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="refund_is_positive", condition=models.Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="refund_status_is_known",
                condition=models.Q(status__in=["pending", "successful", "failed"]),
            ),
        )
        indexes = (
            models.Index(
                fields=["ends_wall_at"],
                name="refunds_pending",
                condition=models.Q(status="pending"),
            ),
        )

    def __str__(self) -> str:
        return self.refund_id
