"""API requests that may be repeated: their keys, and the answers they got."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from payments.models.record import Record
from payments.models.shop import Shop


class IdempotencyRecord(Record):
    """One key of one shop, what it was used for, and the answer once there is one.

    Kept for seven days (payments.services.prune).
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    body_hash = models.CharField(max_length=64)
    locked_until = models.DateTimeField()
    answer_status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer_body = models.JSONField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop", "key"], name="one_record_per_key"),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return self.key
