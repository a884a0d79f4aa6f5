"""Lets time pass without waiting: rows become older, straight in the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection

from payments.models import PaymentSession

MOMENTS: Final = {
    "paymentsession": ("id", ("expires_at", "due_at", "created_at", "returned_at")),
    "purchase": ("session_id", ("due_at", "phase_since", "created_at")),
    "refund": ("session_id", ("due_at", "phase_since")),
    "webhookreceipt": ("session_id", ("due_at", "processed_at")),
}


def let_pass(session: PaymentSession, time: timedelta) -> None:
    """Make everything about a session older."""
    with connection.cursor() as cursor:
        for table, (key, columns) in MOMENTS.items():
            moved = ", ".join(
                f"{name} = {name} - make_interval(secs => %(by)s)" for name in columns
            )
            cursor.execute(
                f"UPDATE payments_{table} SET {moved} WHERE {key} = %(session)s",  # noqa: S608
                {"by": time.total_seconds(), "session": session.pk},
            )
