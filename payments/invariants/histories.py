"""Sessions' histories: is the chain of events whole, and does replaying it give the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast

from payments import selectors
from payments.domain.lifecycle import STARTED_PHASES, Phase, SessionStatus
from payments.invariants.findings import Finding
from payments.invariants.reading import Reader
from payments.models import Event, PaymentSession, Purchase, chained_hash

ENDED_WITHOUT_PURCHASE = {
    "session.failed": SessionStatus.FAILED,
    "session.expired": SessionStatus.EXPIRED,
    "session.cancelled": SessionStatus.CANCELLED,
}


@dataclass
class Replayed:
    """Where a session and its purchase stand, as far as its events tell."""

    status: str = ""
    psp: str = ""
    last_phase: str = ""
    captured: Decimal = Decimal(0)
    presses: int = 0
    gap: str = ""  # where a move begins elsewhere than the one before it ended


def in_chain_order(events: QuerySet[Event]) -> QuerySet[Any]:
    """Return events in the order of their chains, each with the text of its data as hashed."""
    with_text = events.annotate(data_text=Cast(F("data"), TextField()))
    return with_text.order_by("session_id", "position")


def is_linked(event: Any, *, position: int, previous_hash: str) -> bool:
    """Tell whether an event of `in_chain_order` is the next link of its chain, unchanged."""
    return (event.position, event.previous_hash) == (position, previous_hash) and (
        event.hash == chained_hash(previous_hash, event, event.data_text)
    )


def first_broken_link(events: Iterable[Any]) -> Any | None:
    """Return the first event of one session's chain that was changed, moved or left unlinked."""
    previous_hash = ""
    for position, event in enumerate(events, start=1):
        if not is_linked(event, position=position, previous_hash=previous_hash):
            return event
        previous_hash = event.hash
    return None


def replay(events: Iterable[Event]) -> Replayed:
    """Return where one session's events lead, read in order."""
    told = Replayed()
    for event in events:
        _session(told, event)
        _purchase(told, event)
    return told


def _session(told: Replayed, event: Event) -> None:
    if event.name == "session.created":
        told.status = SessionStatus.CREATED
    elif event.name == "session.registered":
        told.status = SessionStatus.REGISTERED
    elif event.name in ENDED_WITHOUT_PURCHASE:
        told.status = ENDED_WITHOUT_PURCHASE[event.name]
    if event.name in ("session.created", "session.registered", "session.rerouted"):
        told.psp = event.data.get("psp", "")


def _purchase(told: Replayed, event: Event) -> None:
    if event.name in ("purchase.started", "buy_now.pressed_again"):
        told.presses += 1
    if event.phase_after in ("", event.phase_before):
        return
    if event.phase_before != told.last_phase:
        told.gap = told.gap or f"event {event.position} begins at {event.phase_before or 'nothing'}"
    told.last_phase = event.phase_after
    told.captured = Decimal(event.data.get("captured_amount") or told.captured)
    if told.last_phase not in STARTED_PHASES and told.status == SessionStatus.REGISTERED:
        told.status = SessionStatus.COMPLETED


def broken_histories(reader: Reader, sessions: Sequence[UUID]) -> list[Finding]:
    """Return the broken chains, and the rows that differ from what their events tell."""
    with reader.timed():
        events = in_chain_order(Event.objects.filter(session__in=sessions))
        told = {pk: list(rows) for pk, rows in groupby(events, key=lambda row: row.session_id)}
        rows = list(PaymentSession.objects.select_related("purchase").filter(pk__in=sessions))
    faults = (_fault(row, told.get(row.pk, [])) for row in rows)
    return [fault for fault in faults if fault is not None]


def _fault(session: PaymentSession, events: list[Any]) -> Finding | None:
    broken = first_broken_link(events)
    if broken is not None:
        why = f"the chain is broken at position {broken.position}"
        return Finding.about(session.pk, "event", broken.pk, why)
    purchase = selectors.purchase_of(session)
    why = "; ".join(_differences(session, purchase, replay(events)))
    kind, row = ("purchase", purchase) if purchase else ("session", session)
    return Finding.about(session.pk, kind, row.pk, why) if why else None


def _differences(
    session: PaymentSession, purchase: Purchase | None, told: Replayed
) -> Iterator[str]:
    """Say how the rows differ from what their events tell."""
    if told.gap:
        yield f"the history has a gap: {told.gap}"
    compared: list[tuple[str, object, object]] = [
        ("status", str(session.status), str(told.status)),
        ("PSP", session.psp, told.psp),
        ("phase", str(Phase(purchase.phase)) if purchase else "", told.last_phase),
        ("captured", purchase.captured_amount if purchase else Decimal(0), told.captured),
        ("presses", purchase.presses if purchase else 0, told.presses),
    ]
    for name, row, events in compared:
        if row != events:
            yield f"{name}: the row has {row or 'nothing'}, its events {events or 'nothing'}"
