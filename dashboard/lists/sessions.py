"""Sessions, each with its purchase."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db.models import Q

from dashboard.badges import badge_of
from dashboard.lists import cells, fields
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.domain.lifecycle import Phase, PurchaseStatus, SessionStatus
from payments.domain.money import with_digits_of
from payments.models import Case, PaymentSession
from payments.selectors import purchase_of


def _status(session: PaymentSession) -> cells.Cell:
    purchase = purchase_of(session)
    is_plain = purchase is None or purchase.phase == purchase.status
    note = "" if is_plain or purchase is None else purchase.get_phase_display()
    return cells.status(badge_of(session, purchase), note)


def _of_purchase(column: str) -> Callable[[PaymentSession], object]:
    return lambda session: getattr(purchase_of(session), column, "")


def _sum(column: str) -> Callable[[PaymentSession], object]:
    def value(session: PaymentSession) -> str:
        purchase = purchase_of(session)
        return with_digits_of(session.amount, getattr(purchase, column)) if purchase else ""

    return value


SESSIONS: Final = List(
    name="sessions",
    title="Sessions",
    nothing="No session fits.",
    rows=selectors.all_sessions,
    columns=(
        Column("Status", _status),
        Column("Age", lambda session: cells.age(session.created_at)),
        Column("Amount", lambda session: cells.money(session.amount, session.currency)),
        Column("Checkout", fields.checkout),
        Column("Order", lambda session: cells.words(session.order_reference)),
        Column("PSP", lambda session: cells.words(session.psp)),
        Column("Shop", lambda session: cells.words(session.shop.name)),
        Column("Made (UTC)", lambda session: cells.instant(session.created_at)),
    ),
    exported={
        "Status": lambda session: badge_of(session, purchase_of(session)).word,
        "Phase": _of_purchase("phase"),
        "Reason": _of_purchase("reason_code"),
        "Amount": lambda session: session.amount,
        "Captured": _sum("captured_amount"),
        "Refunded": _sum("refunded_amount"),
        "Currency": lambda session: session.currency,
        "Checkout": lambda session: session.checkout_id,
        "Order": lambda session: session.order_reference,
        "PSP": lambda session: session.psp,
        "PSP token": lambda session: session.psp_token,
        "PSP payment reference": _of_purchase("payment_reference"),
        "Purchase": _of_purchase("public_id"),
        "Session": lambda session: session.pk,
        "Shop": lambda session: session.shop.name,
        "Made (UTC)": lambda session: session.created_at,
        "Bought (UTC)": _of_purchase("created_at"),
        "Ended (UTC)": _of_purchase("finished_at"),
    },
    # Each session is in exactly one of them, beside "All" and "Needs a person".
    tabs={
        "": Tab("All"),
        "open": Tab(
            "Waiting for Buy Now",
            within=Q(status__in=[SessionStatus.CREATED, SessionStatus.REGISTERED]),
            also=Q(purchase=None),
        ),
        # A session is completed by the end of its purchase, so that these are among few.
        "started": Tab(
            "Started",
            within=Q(status=SessionStatus.REGISTERED),
            also=Q(purchase__status=PurchaseStatus.STARTED),
        ),
        "successful": Tab("Successful", also=Q(purchase__status=PurchaseStatus.SUCCESSFUL)),
        "failed": Tab("Failed", also=Q(purchase__status=PurchaseStatus.FAILED)),
        "unregistered": Tab("Not registered", within=Q(status=SessionStatus.FAILED)),
        "expired": Tab("Expired", within=Q(status=SessionStatus.EXPIRED), also=Q(purchase=None)),
        "cancelled": Tab(
            "Cancelled", within=Q(status=SessionStatus.CANCELLED), also=Q(purchase=None)
        ),
        "case": Tab(
            "Needs a person",
            within=Q(pk__in=Case.objects.filter(resolved_at=None).order_by().values("session")),
        ),
    },
    filters={
        "psp": fields.psp(),
        "phase": fields.choice(
            "Phase", [(phase, phase.replace("_", " ")) for phase in Phase], "purchase__phase"
        ),
        "currency": fields.currency(),
        "amount_from": fields.sum_limit("At least", lambda least: Q(amount_value__gte=least)),
        "amount_to": fields.sum_limit("At most", lambda most: Q(amount_value__lte=most)),
    },
)
