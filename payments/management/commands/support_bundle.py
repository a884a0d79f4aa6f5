"""Prints everything about one session, masked, for the support of its PSP."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from payments.search import sessions_by_any_id
from payments.support_bundle.document import as_text, support_bundle

NAMED_AT_MOST = 20


class Command(BaseCommand):
    """manage.py support_bundle."""

    help = "Print everything about one session as JSON, without secrets and personal data."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take any id that names the session."""
        parser.add_argument("id", help="checkout, order, token, PSP's reference, or an id of ours")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the bundle of the one session that bears the id."""
        words = options["id"]
        found = list(sessions_by_any_id(words)[:NAMED_AT_MOST]) if words.strip() else []
        if not found:
            raise CommandError("No session has this id. Ids must be whole and exact.")
        if len(found) > 1:
            named = ", ".join(str(session.pk) for session in found)
            raise CommandError(f"Several sessions have this id. Name one of them: {named}")
        self.stdout.write(as_text(support_bundle(found[0], now=timezone.now())))
