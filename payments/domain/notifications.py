"""What shops are told of, in the words that they see."""

from __future__ import annotations

from enum import StrEnum


class NotificationType(StrEnum):
    """What a notification is about. A capture or a void that succeeds is told by its purchase."""

    PURCHASE_SUCCESSFUL = "purchase.successful"
    PURCHASE_FAILED = "purchase.failed"
    PURCHASE_AUTHORIZED = "purchase.authorized"  # reserved: the shop is to capture, or to void
    PURCHASE_ACTION_REQUIRED = "purchase.action_required"  # declined for now: the shopper chooses
    REFUND_SUCCESSFUL = "refund.successful"
    REFUND_FAILED = "refund.failed"
    CAPTURE_FAILED = "capture.failed"
    VOID_FAILED = "void.failed"
