"""Forgets what need not be kept: old keys, boards, false webhooks, old lists of PSPs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from payments.models import (
    Discrepancy,
    IdempotencyRecord,
    InvariantCheck,
    ReceiptState,
    Resolution,
    StatementLine,
    WebhookReceipt,
)

KEEP_IDEMPOTENCY: Final = timedelta(days=7)
KEEP_REJECTED: Final = timedelta(days=30)
KEEP_BOARDS: Final = timedelta(days=30)
# What a PSP listed. Longer while a discrepancy is open that was found in it; discrepancies are
# kept for ever.
KEEP_STATEMENT_LINES: Final = timedelta(days=90)


def prune(*, now: datetime) -> None:
    """Delete records past their time. What concerns money is never among them."""
    IdempotencyRecord.objects.filter(created_at__lt=now - KEEP_IDEMPOTENCY).delete()
    InvariantCheck.objects.filter(created_at__lt=now - KEEP_BOARDS).delete()
    WebhookReceipt.objects.filter(
        state=ReceiptState.REJECTED, created_at__lt=now - KEEP_REJECTED
    ).delete()
    still_open = Discrepancy.objects.filter(resolution=Resolution.OPEN)
    StatementLine.objects.filter(run__finished_at__lt=now - KEEP_STATEMENT_LINES).exclude(
        run__in=still_open.values("last_run")
    ).delete()
