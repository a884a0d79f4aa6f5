"""What shops are told, and whether they heard."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from dashboard.badges import Badge
from dashboard.lists import cells, fields
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.models import NotificationState, ShopNotification

_BADGES: Final[dict[str, Badge]] = {
    NotificationState.WAITING: Badge("waiting", "started", "clock"),
    NotificationState.DELIVERED: Badge("delivered", "successful", "check"),
    NotificationState.GIVEN_UP: Badge("given up", "failed", "cross"),
}


def _last_answer(notification: ShopNotification) -> str:
    """Return what the shop last answered. The tries were read together with the page."""
    tries = list(notification.tries.all())
    if not tries:
        return ""
    last = tries[-1]
    return last.error or f"HTTP {last.http_status}"


NOTIFICATIONS: Final = List(
    name="notifications",
    title="Notifications",
    nothing="No notification fits.",
    rows=selectors.all_notifications,
    columns=(
        Column("Status", lambda told: cells.status(_BADGES[told.state])),
        Column("Age", lambda told: cells.age(told.created_at)),
        Column("Type", lambda told: cells.words(told.type)),
        Column("Checkout", lambda told: fields.checkout(told.session)),
        Column("Shop", lambda told: cells.words(told.session.shop.name)),
        Column("Tries", lambda told: cells.number(len(told.tries.all()))),
        Column("Last answer", lambda told: cells.words(_last_answer(told))),
        Column("Next try (UTC)", lambda told: cells.instant(told.due_at)),
        Column("Made (UTC)", lambda told: cells.instant(told.created_at)),
    ),
    exported={
        "Status": lambda told: told.state,
        "Type": lambda told: told.type,
        "Checkout": lambda told: told.session.checkout_id,
        "Order": lambda told: told.session.order_reference,
        "Shop": lambda told: told.session.shop.name,
        "Message id": lambda told: told.public_id,
        "Tries": lambda told: len(told.tries.all()),
        "Last answer": _last_answer,
        "Made (UTC)": lambda told: told.created_at,
        "Delivered (UTC)": lambda told: told.delivered_at,
        "Next try (UTC)": lambda told: told.due_at,
    },
    tabs={
        "": Tab("All"),
        "waiting": Tab("Waiting", within=Q(state="waiting")),
        "delivered": Tab("Delivered", also=Q(state="delivered")),
        "given_up": Tab("Given up", within=Q(state="given_up")),
    },
    filters={
        "type": fields.exactly("Type", "type", size=20),
        "shop": fields.exactly("Shop", "session__shop__name"),
    },
)
