"""One registration of a checkout at a PSP."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast

from payments.domain.lifecycle import SESSION_GRAPH, SessionStatus
from payments.domain.money import CANONICAL_AMOUNT
from payments.models.record import (
    DueWork,
    Record,
    due_index,
    known,
    never_deleted,
    newest_first,
    unchangeable,
)
from payments.models.shop import Shop
from psp_clients.contract import Money


def new_public_token() -> str:
    """Return 128 random bits for the shopper's URL, which must not be guessed from ids."""
    return secrets.token_urlsafe(16)


class Capture(models.TextChoices):
    """When the money of an authorised purchase is taken."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class PaymentSession(Record, DueWork):
    """A checkout registered at one PSP. Its row is the lock of everything about the checkout."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="sessions")
    checkout_id = models.CharField(max_length=64)
    order_reference = models.CharField(max_length=64, blank=True)
    psp = models.CharField(max_length=20)
    psp_token = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - unique once known
    purchase_url = models.URLField(max_length=2000, blank=True)
    amount = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    amount_value = models.GeneratedField(
        expression=Cast("amount", models.DecimalField(max_digits=16, decimal_places=4)),
        output_field=models.DecimalField(max_digits=16, decimal_places=4),
        db_persist=True,
    )
    status = models.CharField(
        max_length=12,
        default=SessionStatus.CREATED.value,
        choices=[(s.value, s.value) for s in SessionStatus],
    )
    capture = models.CharField(max_length=10, choices=Capture.choices, default=Capture.AUTOMATIC)
    return_url = models.URLField(max_length=2000)
    buy_now_url = models.URLField(max_length=2000)
    locale = models.CharField(max_length=5, default="en")
    metadata = models.JSONField(default=dict, blank=True)
    public_token = models.CharField(max_length=32, unique=True, default=new_public_token)
    expires_at = models.DateTimeField()
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    returned_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the PSP was last asked because the shopper came back from its page.",
    )
    may_be_paid = models.BooleanField(
        default=False,
        help_text="The shopper came back from a page that charges; what happened is not known.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shop", "checkout_id"], name="one_session_per_checkout"
            ),
            models.UniqueConstraint(fields=["psp", "psp_token"], name="one_session_per_psp_token"),
            models.CheckConstraint(
                condition=Q(amount__regex=CANONICAL_AMOUNT), name="session_amount_is_canonical"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="session_currency_is_a_code"
            ),
            known("status", SessionStatus, "session_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status="registered") | Q(psp_token__isnull=False),
                name="registered_session_has_a_token",
            ),
        ]
        indexes: ClassVar = [
            due_index("session_due"),
            models.Index(fields=["shop", "order_reference"], name="session_by_order"),
            newest_first("session_newest_first"),
            newest_first("session_by_status", "status"),
        ]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "money_and_ids_stay",
                "shop",
                "checkout_id",
                "order_reference",
                "amount",
                "currency",
                "capture",
                "public_token",
            ),
            pgtrigger.Protect(
                name="token_stays_once_set",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__psp_token__isnull=False)
                & (
                    pgtrigger.Q(old__psp_token__df=pgtrigger.F("new__psp_token"))
                    | pgtrigger.Q(old__psp__df=pgtrigger.F("new__psp"))
                ),
            ),
            pgtrigger.FSM(
                name="legal_session_status",
                field="status",
                transitions=[
                    (str(a), str(b))
                    for a, following in SESSION_GRAPH.items()
                    for b in sorted(following)
                ],
            ),
        ]
        permissions: ClassVar = [
            ("download_support_bundle", "Can download support bundles"),
            ("cancel_session", "Can cancel sessions that nobody bought on"),
        ]
        ordering = (F("created_at").desc(), F("id").desc())

    def __str__(self) -> str:
        return self.checkout_id

    @property
    def money(self) -> Money:
        """The sum that the checkout is for."""
        return Money(self.amount, self.currency)

    @property
    def open_until(self) -> datetime:
        """Until when it may be bought on: its expiry, or when its end was asked for."""
        return min(self.expires_at, self.cancel_requested_at or self.expires_at)

    @property
    def reference(self) -> str:
        """How the PSP knows this session from our side."""
        return self.id.hex
