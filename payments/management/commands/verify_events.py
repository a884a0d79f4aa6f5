"""Checks that no event of any session was changed, removed, inserted or reordered."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import F, OuterRef, QuerySet, Subquery

from payments.invariants.histories import in_chain_order, is_linked
from payments.models import Event, Purchase


class Command(BaseCommand):
    """manage.py verify_events."""

    help = "Recompute the hash chain of every session's events and name the first broken link."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let one session be checked alone."""
        parser.add_argument("--checkout-id", help="check only sessions with this checkout id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check every link, then that each purchase stands where its last event says."""
        events, purchases = Event.objects.all(), Purchase.objects.all()
        if options["checkout_id"]:
            events = events.filter(session__checkout_id=options["checkout_id"])
            purchases = purchases.filter(session__checkout_id=options["checkout_id"])
        checked = check_chains(events)
        check_ends(purchases)
        self.stdout.write(f"{checked} events checked, every chain is whole.")


def check_chains(events: QuerySet[Event]) -> int:
    """Return how many events were checked; raise at the first broken link."""
    checked, session_id, position, previous = 0, None, 0, ""
    for event in in_chain_order(events).iterator(chunk_size=2000):
        if event.session_id != session_id:
            session_id, position, previous = event.session_id, 0, ""
        position += 1
        if not is_linked(event, position=position, previous_hash=previous):
            raise CommandError(
                f"The chain of session {session_id} is broken at position {position}."
            )
        previous = event.hash
        checked += 1
    return checked


def check_ends(purchases: QuerySet[Purchase]) -> None:
    """Raise if a purchase is not in the phase that its last event led to: the end was cut off."""
    moves = Event.objects.filter(session=OuterRef("session")).exclude(phase_after="")
    last = Subquery(moves.order_by("-position").values("phase_after")[:1])
    differing = purchases.annotate(told=last).exclude(phase=F("told")).first()
    if differing is not None:
        raise CommandError(
            f"The events of session {differing.session_id} do not end where its purchase stands: "
            f"{differing.phase}."
        )
