"""What members of staff did that is about no one session: keys, secrets, rights, settings."""

from __future__ import annotations

from typing import Final

from django.urls import reverse

from dashboard.event_words import title_of
from dashboard.lists import cells, fields
from dashboard.lists.cells import NOTHING, Cell
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.models import StaffEvent


def _shop(event: StaffEvent) -> Cell:
    """Return the cell that leads to the shop, if it is about one."""
    if event.shop is None:
        return cells.words("")
    return cells.link(event.shop.name, reverse("mid-office:shop", args=[event.shop.pk]))


def _said(event: StaffEvent) -> str:
    """Return why, or what was changed: each as it was, and as it is."""
    before, after = event.data.get("before", {}), event.data.get("after", {})
    changes = [
        f"{key}: {before.get(key, NOTHING)} → {after.get(key, NOTHING)}" for key in before | after
    ]
    why = event.data.get("reason") or event.data.get("why", "")
    return "; ".join([*changes, *([str(why)] if why else [])])


STAFF_EVENTS: Final = List(
    name="staff-events",
    title="Staff events",
    nothing="Nobody did anything that fits.",
    rows=selectors.staff_events,
    columns=(
        Column("Who", lambda event: cells.words(event.actor)),
        Column("Age", lambda event: cells.age(event.created_at)),
        Column("What", lambda event: cells.words(title_of(event))),
        Column("To what", lambda event: cells.words(event.subject or event.data.get("act", ""))),
        Column("Shop", _shop),
        Column("Why, or before and after", lambda event: cells.words(_said(event))),
        Column("When (UTC)", lambda event: cells.instant(event.created_at)),
    ),
    exported={
        "Who": lambda event: event.actor,
        "What": lambda event: event.name,
        "To what": lambda event: event.subject,
        "Shop": lambda event: event.shop.name if event.shop else "",
        "Evidence": lambda event: event.data or "",
        "Approval": lambda event: event.cause_id,
        "Event": lambda event: event.pk,
        "When (UTC)": lambda event: event.created_at,
    },
    tabs={"": Tab("All")},
    filters={
        "who": fields.exactly("Who", "actor", longest=150),
        "what": fields.exactly("What", "name", size=20, longest=40),
        "shop": fields.exactly("Shop", "shop__name"),
    },
    beside="audit",
)
