"""Everything that the PSP remembers, one subject a file.

Times are on the PSP's clock, but for those with `wall` in their name.
"""

from sandbox.psp.models.books import Charge, Refund
from sandbox.psp.models.conditions import Conditions
from sandbox.psp.models.idempotency import IdempotencyKey
from sandbox.psp.models.session import PurchaseRequest, Session
from sandbox.psp.models.webhook import Delivery, DeliveryTry, Event

__all__ = [
    "Charge",
    "Conditions",
    "Delivery",
    "DeliveryTry",
    "Event",
    "IdempotencyKey",
    "PurchaseRequest",
    "Refund",
    "Session",
]
