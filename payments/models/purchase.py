"""The Buy Now of a session, and what became of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast

from payments.domain.lifecycle import PHASE_GRAPH, STATUS_OF, Phase, PurchaseStatus
from payments.domain.money import CANONICAL_AMOUNT, with_digits_of
from payments.models.record import DueWork, Record, due_index, known, never_deleted, unchangeable
from payments.models.session import PaymentSession
from payments.models.shop import Shop
from psp_clients.contract import Money, PspReference

# The session follows its purchase inside the database, so that the two can never disagree and
# no writer can forget it.
SESSION_FOLLOWS = """
    UPDATE payments_paymentsession SET status = 'completed', due_at = NULL, updated_at = now()
     WHERE id = NEW.session_id AND status = 'registered';
    RETURN NEW;
"""

# A purchase repeats its session's money and ids, so that indexes can hold them; it never differs.
AS_REGISTERED = """
    IF NOT EXISTS (
        SELECT FROM payments_paymentsession AS session
         WHERE session.id = NEW.session_id AND session.shop_id = NEW.shop_id
           AND session.order_reference = NEW.order_reference
           AND session.amount = NEW.amount AND session.currency = NEW.currency
    ) THEN
        RAISE EXCEPTION 'a purchase must be for what its session registered'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bought_is_what_was_registered';
    END IF;
    RETURN NEW;
"""


class Purchase(Record, DueWork):
    """One per session. `phase` is written by payments.services.settle alone."""

    session = models.OneToOneField(
        PaymentSession, on_delete=models.PROTECT, related_name="purchase"
    )
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    order_reference = models.CharField(max_length=64, blank=True)
    purchase_info = models.JSONField(default=dict)
    amount = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    phase = models.CharField(
        max_length=12,
        default=Phase.SUBMITTING.value,
        choices=[(p.value, p.value.replace("_", " ")) for p in Phase],
    )
    status = models.GeneratedField(
        expression=Case(
            *(
                When(phase=phase.value, then=Value(str(status)))
                for phase, status in STATUS_OF.items()
            )
        ),
        output_field=models.CharField(
            max_length=12, choices=[(s.value, s.value) for s in PurchaseStatus]
        ),
        db_persist=True,
    )
    phase_since = models.DateTimeField()
    reason_code = models.CharField(max_length=64, blank=True)
    reason_text = models.CharField(max_length=500, blank=True)
    payment_reference = models.CharField(max_length=255, blank=True)
    captured_amount = models.DecimalField(max_digits=16, decimal_places=4, default=Decimal(0))
    refunded_amount = models.DecimalField(max_digits=16, decimal_places=4, default=Decimal(0))
    surplus = models.BooleanField(
        default=False, help_text="A second success for an order that was paid already."
    )
    on_page = models.BooleanField(
        default=False,
        help_text="The shopper acted on the PSP's own page before any Buy Now reached us.",
    )
    awaits_shopper = models.BooleanField(
        default=False,
        help_text="Declined for now: the shopper may choose again on the PSP's page, and buy.",
    )
    presses = models.PositiveIntegerField(default=1, help_text="How often Buy Now was pressed.")
    polls = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shop", "order_reference"],
                condition=Q(phase=Phase.CAPTURED.value, surplus=False) & ~Q(order_reference=""),
                name="one_successful_purchase_per_order",
            ),
            models.UniqueConstraint(
                fields=["shop", "order_reference"],
                condition=Q(phase__in=["submitting", "in_doubt", "pending", "authorized"])
                & ~Q(order_reference="")
                # What happened on a PSP's page is recorded, whatever else is started.
                & Q(on_page=False),
                name="one_started_purchase_per_order",
            ),
            known("phase", Phase, "purchase_phase_is_known"),
            models.CheckConstraint(
                condition=~Q(awaits_shopper=True) | Q(phase=Phase.PENDING.value),
                name="awaits_shopper_while_pending",
            ),
            models.CheckConstraint(
                condition=Q(amount__regex=CANONICAL_AMOUNT), name="purchase_amount_is_canonical"
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0) & Q(refunded_amount__lte=F("captured_amount")),
                name="refunded_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(captured_amount__gte=0)
                & Q(
                    captured_amount__lte=Cast(
                        "amount", models.DecimalField(max_digits=16, decimal_places=4)
                    )
                ),
                name="captured_within_amount",
            ),
            models.CheckConstraint(
                condition=~Q(phase=Phase.CAPTURED.value) | Q(captured_amount__gt=0),
                name="captured_purchase_has_money",
            ),
        ]
        indexes: ClassVar = [
            due_index("purchase_due"),
            models.Index(fields=["created_at"], name="purchase_by_time"),
            # What is at risk is counted and shown by its age.
            models.Index(
                fields=["created_at"],
                condition=Q(status=PurchaseStatus.STARTED.value),
                name="purchase_started",
            ),
            models.Index(
                KeyTransform("customer_reference", "purchase_info"),
                condition=Q(purchase_info__has_key="customer_reference"),
                name="purchase_by_customer",
            ),
            models.Index(
                fields=["finished_at", "id"],
                condition=Q(phase=Phase.CAPTURED.value),
                name="captured_by_time",
            ),
            models.Index(
                fields=["payment_reference"],
                condition=~Q(payment_reference=""),
                name="purchase_by_psp_reference",
            ),
        ]
        permissions: ClassVar = [
            ("refund_purchase", "Can give money back"),
            ("capture_purchase", "Can take what is reserved"),
            ("void_purchase", "Can let go what is reserved"),
        ]
        triggers: ClassVar = [
            never_deleted,
            unchangeable(
                "money_and_ids_stay",
                "session",
                "shop",
                "order_reference",
                "amount",
                "currency",
                "on_page",
            ),
            pgtrigger.Protect(
                name="purchase_info_stays_once_given",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.purchase_info IS DISTINCT FROM NEW.purchase_info"
                    " AND OLD.purchase_info <> '{}'::jsonb"
                ),
            ),
            pgtrigger.Trigger(
                name="bought_is_what_was_registered",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=AS_REGISTERED,
            ),
            pgtrigger.Protect(
                name="surplus_is_settled_with_the_phase",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__surplus__df=pgtrigger.F("new__surplus"))
                & pgtrigger.Q(old__phase=pgtrigger.F("new__phase")),
            ),
            pgtrigger.Protect(
                name="only_refunds_give_back",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__captured_amount__gt=pgtrigger.F("new__captured_amount")),
            ),
            pgtrigger.FSM(
                name="legal_phase",
                field="phase",
                transitions=[
                    (str(a), str(b))
                    for a, following in PHASE_GRAPH.items()
                    for b in sorted(following)
                ],
            ),
            pgtrigger.Trigger(
                name="session_follows",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("phase"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(
                    new__phase__in=["captured", "declined", "cancelled", "expired", "errored"]
                ),
                func=SESSION_FOLLOWS,
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that shops see."""
        return f"pur_{self.id.hex}"

    @property
    def money(self) -> Money:
        """The sum that was bought for."""
        return Money(self.amount, self.currency)

    @property
    def captured_money(self) -> Money:
        """The sum that was taken."""
        return Money(with_digits_of(self.amount, self.captured_amount), self.currency)

    def may_be_tried_again(self, now: datetime) -> bool:
        """Tell whether it was declined for now, and Buy Now would be another try of it."""
        return self.awaits_shopper and now < self.session.open_until

    @property
    def next_check_at(self) -> datetime | None:
        """When BPS next does something about it, while it has not ended."""
        return self.due_at

    @property
    def psp_reference(self) -> PspReference:
        """Everything that may name it at the PSP."""
        session = self.session
        if session.psp_token is None:
            raise ValueError(f"session {session} has no token")
        return PspReference(session.psp_token, session.reference, self.payment_reference)
