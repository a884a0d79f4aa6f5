"""Checks that no event of any session was changed, removed, inserted or reordered."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import F, TextField
from django.db.models.functions import Cast

from payments.models import Event, chained_hash


class Command(BaseCommand):
    """manage.py verify_events."""

    help = "Recompute the hash chain of every session's events and name the first broken link."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let one session be checked alone."""
        parser.add_argument("--checkout-id", help="check only sessions with this checkout id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stream all events in order, holding one at a time."""
        events = Event.objects.annotate(data_text=Cast(F("data"), TextField())).order_by(
            "session_id", "position"
        )
        if options["checkout_id"]:
            events = events.filter(session__checkout_id=options["checkout_id"])
        session_id, position, previous, checked = None, 0, "", 0
        for event in events.iterator(chunk_size=2000):
            if event.session_id != session_id:
                session_id, position, previous = event.session_id, 0, ""
            position += 1
            if (
                event.position != position
                or event.previous_hash != previous
                or event.hash != chained_hash(previous, event, event.data_text)
            ):
                raise CommandError(
                    f"The chain of session {session_id} is broken at position {position}."
                )
            previous = event.hash
            checked += 1
        self.stdout.write(f"{checked} events checked, every chain is whole.")
