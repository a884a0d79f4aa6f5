"""Forgets what need not be kept: old idempotency records, and webhooks that proved nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from payments.models import IdempotencyRecord, ReceiptState, WebhookReceipt

KEEP_IDEMPOTENCY: Final = timedelta(days=7)
KEEP_REJECTED: Final = timedelta(days=30)


def prune(*, now: datetime) -> None:
    """Delete records past their time. What concerns money is never among them."""
    IdempotencyRecord.objects.filter(created_at__lt=now - KEEP_IDEMPOTENCY).delete()
    WebhookReceipt.objects.filter(
        state=ReceiptState.REJECTED, created_at__lt=now - KEEP_REJECTED
    ).delete()
