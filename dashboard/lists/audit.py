"""What members of staff did to sessions: the events that they caused, from all timelines."""

from __future__ import annotations

from typing import Final

from dashboard.event_words import title_of
from dashboard.lists import cells, fields
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.models import Event


def _move(event: Event) -> str:
    """Return what it did to the purchase's phase, if anything."""
    if not event.phase_after or event.phase_after == event.phase_before:
        return ""
    return f"{event.phase_before or 'none'} to {event.phase_after}".replace("_", " ")


AUDIT: Final = List(
    name="audit",
    title="Audit",
    nothing="Nobody did anything that fits.",
    rows=selectors.events_of_staff,
    columns=(
        Column("Who", lambda event: cells.words(event.actor)),
        Column("Age", lambda event: cells.age(event.created_at)),
        Column("What", lambda event: cells.words(title_of(event))),
        Column("Phase", lambda event: cells.words(_move(event))),
        Column("Checkout", lambda event: fields.checkout(event.session, at=str(event.pk))),
        Column("Shop", lambda event: cells.words(event.session.shop.name)),
        Column("When (UTC)", lambda event: cells.instant(event.created_at)),
    ),
    exported={
        "Who": lambda event: event.actor,
        "What": lambda event: event.name,
        "Phase before": lambda event: event.phase_before,
        "Phase after": lambda event: event.phase_after,
        "Evidence": lambda event: event.data or "",
        "Checkout": lambda event: event.session.checkout_id,
        "Position in the timeline": lambda event: event.position,
        "Event": lambda event: event.pk,
        "When (UTC)": lambda event: event.created_at,
    },
    tabs={"": Tab("All")},
    filters={
        "who": fields.exactly("Who", "actor", longest=150),
        "what": fields.exactly("What", "name", size=20, longest=40),
    },
    beside="staff-events",
)
