"""The lock of a purchase: with its session, in the order in which everybody takes the two."""

from __future__ import annotations

from uuid import UUID

from payments.models import Purchase


def lock_purchase(purchase_id: UUID) -> Purchase:
    """Lock and read afresh a purchase with its session and shop. Raises Purchase.DoesNotExist."""
    return (
        Purchase.objects.select_for_update(of=("session", "self"), no_key=True)
        .select_related("session", "shop")
        .get(pk=purchase_id)
    )
