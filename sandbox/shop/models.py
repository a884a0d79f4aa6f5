"""What the shop remembers: its checkouts, and the notifications that BPS sent it."""

import secrets

from django.db import models

from sandbox.shop.products import BY_SLUG, Product


def new_checkout_id() -> str:
    """Name a checkout."""
    return f"c-{secrets.token_hex(6)}"


def new_order_reference() -> str:
    """Name an order."""
    return f"o-{secrets.token_hex(6)}"


class Checkout(models.Model):
    """One try to pay for one order.

    `status` is what BPS last said of its purchase, in BPS's words; empty until it said anything.
    `next_action_url` is where the shopper chooses another way to pay, while BPS waits for that.
    """

    checkout_id = models.CharField(max_length=40, unique=True, default=new_checkout_id)
    order_reference = models.CharField(max_length=40, default=new_order_reference, db_index=True)
    product = models.CharField(max_length=40)
    amount = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, blank=True)
    next_action_url = models.URLField(max_length=2000, blank=True)
    told_by = models.CharField(max_length=40, blank=True)
    told_at = models.DateTimeField(null=True)  # when the latest notification was written
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.checkout_id

    @property
    def bought(self) -> Product:
        """The product it is about."""
        return BY_SLUG[self.product]


class Notification(models.Model):
    """A notification of BPS, stored once however often it comes."""

    webhook_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=100)
    body = models.TextField()
    received_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.type} {self.webhook_id}"
