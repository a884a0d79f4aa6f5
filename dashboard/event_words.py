"""Names of events as people read them."""

from __future__ import annotations

from payments.models import Event, StaffEvent


def title_of(event: Event | StaffEvent) -> str:
    """Return "api key made" for "api_key.made"."""
    return event.name.replace(".", " ").replace("_", " ")
