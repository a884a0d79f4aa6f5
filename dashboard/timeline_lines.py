"""The merged timeline as lines to read: what happened, why, and the raw messages behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard.causes import Because, Causes
from dashboard.event_words import title_of
from dashboard.masking import readable, readable_words
from payments.history import TimelineEntry
from payments.models import CallOutcome, Event, NotificationTry, PspCall, WebhookReceipt
from psp_clients.contract import Operation


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as it was sent or received, to be opened on demand."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the timeline."""

    id: str
    at: datetime
    kind: str
    title: str
    tone: str = "unknown"
    because: Because = Because()  # noqa: RUF009 - it is frozen
    facts: list[tuple[str, str]] = field(default_factory=list)
    raws: list[Raw] = field(default_factory=list)


def lines(entries: Iterable[TimelineEntry]) -> list[Line]:
    """Return the lines of a timeline, in its order."""
    entries = list(entries)
    causes = Causes(entries)
    return [_line(entry, causes) for entry in entries]


def _line(entry: TimelineEntry, causes: Causes) -> Line:
    match entry.row:
        case Event():
            return _event(entry.row, entry.at, causes.of_event(entry.row))
        case PspCall():
            return _psp_call(entry.row, entry.at, causes.of_call(entry.row))
        case WebhookReceipt():
            return _receipt(entry.row, entry.at)
        case NotificationTry():
            return _notification_try(entry.row, entry.at, causes.of_try(entry.row))


def _event(event: Event, at: datetime, because: Because) -> Line:
    facts = [
        ("phase", _move(event)),
        ("by", event.actor),
        ("cause id", "" if because.url else event.cause_id),
    ]
    return Line(
        id=str(event.pk),
        at=at,
        kind="event",
        title=title_of(event),
        tone=_tone_of(event),
        because=because,
        facts=[*_said(facts), *_plain(event.data)],
        raws=_nested(event.data),
    )


def _move(event: Event) -> str:
    if event.phase_after in ("", event.phase_before):
        return ""
    return " → ".join(
        phase.replace("_", " ") for phase in (event.phase_before, event.phase_after) if phase
    )


def _tone_of(event: Event) -> str:
    tones = {"captured": "successful", "declined": "failed", "errored": "failed"}
    if event.name == "report.refused":
        return "failed"
    return tones.get(event.phase_after, "unknown")


def _psp_call(call: PspCall, at: datetime, because: Because) -> Line:
    duration = "" if call.duration_ms is None else f"{call.duration_ms} ms"
    facts = [
        ("duration", duration),
        ("sent", f"{call.sends} times" if call.sends != 1 else ""),
        ("error", call.error),
        # A look-up changes nothing, so its key names nothing at the PSP.
        ("idempotency key", "" if call.operation == Operation.FETCH else call.idempotency_key),
    ]
    raws = []
    if call.path:
        headers = readable(call.headers)
        request = f"{call.method} {call.path}\n{headers}\n\n{readable(bytes(call.body))}"
        raws.append(Raw("request", request))
    if call.answer:
        raws.append(Raw("answer", readable(call.answer)))
    return Line(
        id=str(call.pk),
        at=at,
        kind="PSP call",
        title=f"{call.operation} at {call.psp}: {call.get_outcome_display()}",
        tone="unknown" if call.outcome == CallOutcome.ANSWERED else "started",
        because=because,
        facts=_said(facts),
        raws=raws,
    )


def _receipt(receipt: WebhookReceipt, at: datetime) -> Line:
    facts = [
        ("event id", receipt.event_id or ""),
        ("delivered", f"{receipt.deliveries} times" if receipt.deliveries != 1 else ""),
        ("note", receipt.note),
    ]
    return Line(
        id=str(receipt.pk),
        at=at,
        kind="webhook",
        title=f"{receipt.event_type or 'webhook'} from {receipt.psp}: "
        f"{receipt.get_state_display()}",
        facts=_said(facts),
        raws=[
            Raw("headers", readable(receipt.headers)),
            Raw("body", readable(bytes(receipt.body))),
        ],
    )


def _notification_try(tried: NotificationTry, at: datetime, because: Because) -> Line:
    notification = tried.notification
    heard = "failed" if tried.error else "delivered"
    facts = [
        ("HTTP status", str(tried.http_status or "")),
        ("error", tried.error),
        ("duration", f"{tried.duration_ms} ms"),
        ("message id", notification.public_id),
    ]
    return Line(
        id=str(tried.pk),
        at=at,
        kind="notification",
        title=f"{notification.type} to the shop: {heard}",
        tone=heard,
        because=because,
        facts=_said(facts),
        raws=[Raw("body", readable(notification.body))],
    )


def _said(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(label, value) for label, value in facts if value]


def _plain(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the evidence that is one word or sentence each."""
    return _said(
        [
            (name.replace("_", " "), readable_words(str(value)))
            for name, value in data.items()
            if value is not None and not isinstance(value, dict | list)
        ]
    )


def _nested(data: Mapping[str, Any]) -> list[Raw]:
    return [
        Raw(name.replace("_", " "), readable(value))
        for name, value in data.items()
        if isinstance(value, dict | list) and value
    ]
