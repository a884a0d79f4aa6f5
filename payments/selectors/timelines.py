"""Everything that happened to a session, from every table, as one timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from payments.models import Event, NotificationTry, PaymentSession, PspCall, WebhookReceipt


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the merged timeline. `row` is the record it tells of."""

    at: datetime
    kind: str  # event, psp_call, receipt, notification_try
    row: Event | PspCall | WebhookReceipt | NotificationTry


def timeline(session: PaymentSession, *, at_most: int) -> list[TimelineEntry]:
    """Return the latest things that happened to a session, from every table, in order of time."""
    tries = NotificationTry.objects.filter(notification__session=session)
    entries = [
        *(
            TimelineEntry(row.created_at, "event", row)
            for row in session.events.order_by("-position")[:at_most]
        ),
        *(
            TimelineEntry(max(row.created_at, row.last_sent_at or row.created_at), "psp_call", row)
            for row in session.psp_calls.order_by("-created_at")[:at_most]
        ),
        *(
            TimelineEntry(row.created_at, "receipt", row)
            for row in session.receipts.order_by("-created_at")[:at_most]
        ),
        *(
            TimelineEntry(row.created_at, "notification_try", row)
            for row in tries.select_related("notification").order_by("-created_at")[:at_most]
        ),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.row.pk))[-at_most:]
