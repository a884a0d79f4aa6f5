"""The timeline of a session: append-only, and hash-chained by the database."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

import pgtrigger
from django.db import models

from payments.domain.lifecycle import Phase
from payments.models.purchase import Purchase
from payments.models.record import Record, newest_first
from payments.models.session import PaymentSession

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# The events by which a purchase comes to what the PSP says is its end.
OUTCOME_EVENTS: Final = tuple(
    f"purchase.{phase}"
    for phase in (Phase.CAPTURED, Phase.DECLINED, Phase.CANCELLED, Phase.EXPIRED)
)

# Those, and what we proved ourselves: that nothing happened.
ENDING_EVENTS: Final = (*OUTCOME_EVENTS, f"purchase.{Phase.ERRORED}")

# Every event carries the hash of the one before it, so that editing history shows
# (manage.py verify_events). The database links the chain: a writer can neither forget nor forge
# it. Writers hold the session's row lock; the unique (session, position) catches one that does not.
LINK_THE_CHAIN = """
    SELECT position, hash INTO NEW.position, NEW.previous_hash
      FROM payments_event WHERE session_id = NEW.session_id ORDER BY position DESC LIMIT 1;
    NEW.position := COALESCE(NEW.position, 0) + 1;
    NEW.previous_hash := COALESCE(NEW.previous_hash, '');
    NEW.hash := encode(sha256(convert_to(concat_ws(E'\\n',
        NEW.previous_hash, NEW.session_id, COALESCE(NEW.purchase_id::text, ''), NEW.position,
        (extract(epoch FROM NEW.created_at) * 1000000)::bigint, NEW.name, NEW.cause_kind,
        NEW.cause_id, NEW.actor, NEW.phase_before, NEW.phase_after, NEW.data), 'UTF8')), 'hex');
    RETURN NEW;
"""


class CauseKind(models.TextChoices):
    """What made something happen."""

    API_REQUEST = "api_request", "the shop's request"
    PSP_CALL = "psp_call", "the PSP's answer"
    RECEIPT = "receipt", "a webhook"
    POLL = "poll", "a look-up at the PSP"
    RETURN = "return", "the shopper's return"
    STAFF = "staff", "a member of staff"
    CLOCK = "clock", "the clock"
    RECONCILIATION = "reconciliation", "a reconciliation"


class Event(Record):
    """One thing that happened to a session, and what caused it."""

    session = models.ForeignKey(PaymentSession, on_delete=models.PROTECT, related_name="events")
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    position = models.PositiveIntegerField(default=0, editable=False)
    name = models.CharField(max_length=40)
    cause_kind = models.CharField(max_length=16, choices=CauseKind.choices)
    cause_id = models.CharField(max_length=64, blank=True)
    actor = models.CharField(max_length=150, blank=True)
    phase_before = models.CharField(max_length=12, blank=True)
    phase_after = models.CharField(max_length=12, blank=True)
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, editable=False, default="")
    hash = models.CharField(max_length=64, editable=False, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "position"], name="one_event_per_position"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                include=["session", "cause_kind", "name"],
                condition=models.Q(name__in=ENDING_EVENTS),
                name="outcome_by_time",
            ),
            newest_first("event_of_staff", condition=models.Q(cause_kind=CauseKind.STAFF.value)),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="link_the_chain",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=LINK_THE_CHAIN,
            ),
        ]
        ordering = ("session", "position")

    def __str__(self) -> str:
        return f"{self.name} #{self.position}"


def chained_hash(previous_hash: str, event: Event, data_text: str) -> str:
    """Return the hash that an event must bear, computed apart from the database.

    `data_text` is the data as PostgreSQL writes it (data::text), the form that was hashed.
    """
    parts = (
        previous_hash,
        str(event.session_id),
        str(event.purchase_id or ""),
        str(event.position),
        str((event.created_at - EPOCH) // timedelta(microseconds=1)),
        event.name,
        event.cause_kind,
        event.cause_id,
        event.actor,
        event.phase_before,
        event.phase_after,
        data_text,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
