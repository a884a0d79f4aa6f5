"""Announces what happened to the merchant: stores the event, and when it is to be delivered.

It sends nothing: `delivery` does, after the commit. How a scenario disturbs its webhooks is
decided here alone.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sandbox.clocks import Now
from sandbox.psp.ids import new_event_id
from sandbox.psp.models import Delivery, Event, Refund, Session
from sandbox.psp.money import decimal_string, digits_of
from sandbox.psp.scenarios import APPROVE, BY_NAME, Webhooks
from sandbox.psp.wire import instant, refund_json, session_json

LATE = timedelta(seconds=20)
# `session.paid` follows 2 s after `session.processing`, which is held back for longer than that.
HELD_BACK = timedelta(seconds=4)


def announce(session: Session, now: Now) -> Event:
    """Store the event of the session's new status, and its deliveries."""
    return _store(session, f"session.{session.status}", {"session": session_json(session)}, now)


def announce_refund(refund: Refund, now: Now) -> Event:
    """Store the event of a refund's end, and its deliveries."""
    session = refund.session
    data = {"session": session_json(session), "refund": refund_json(refund)}
    return _store(session, f"refund.{refund.status}", data, now)


def send_again(session: Session, now: Now) -> Event | None:
    """Have the session's latest event delivered once more, also one that was to be lost."""
    event = session.events.order_by("-id").first()
    if event:
        _deliver(event, now)
    return event


def _store(session: Session, event_type: str, data: dict[str, Any], now: Now) -> Event:
    style = _style(session)
    if style is Webhooks.WRONG_AMOUNT:
        data["session"] |= _wrong_amounts(session)
    event_id = new_event_id()
    body = {"id": event_id, "type": event_type, "created_at": instant(now.psp), "data": data}
    event = Event.objects.create(
        event_id=event_id,
        session=session,
        type=event_type,
        url=session.webhook_url,
        body=json.dumps(body),
        created_at=now.psp,
    )
    _plan(event, style, now)
    return event


def _plan(event: Event, style: Webhooks, now: Now) -> None:
    match style:
        case Webhooks.LOST:
            pass
        case Webhooks.TWICE:
            _deliver(event, now)
            _deliver(event, now)
        case Webhooks.LATE:
            _deliver(event, now, after=LATE)
        case Webhooks.UNSIGNED_FIRST:
            _deliver(event, now, signed_from_try=1)
        case Webhooks.OUT_OF_ORDER if event.type == "session.processing":
            _deliver(event, now, after=HELD_BACK)
        case _:
            _deliver(event, now)


def _deliver(
    event: Event,
    now: Now,
    *,
    after: timedelta = timedelta(0),
    signed_from_try: int = 0,
) -> None:
    parts = urlsplit(event.url)
    Delivery.objects.create(
        event=event,
        receiver=f"{parts.scheme}://{parts.netloc}",
        signed_from_try=signed_from_try,
        created_wall_at=now.wall,
        due_wall_at=now.wall + after,
    )


def _style(session: Session) -> Webhooks:
    return BY_NAME.get(session.scenario, APPROVE).webhooks


def _wrong_amounts(session: Session) -> dict[str, str]:
    currency = session.currency
    claimed = session.amount_minor + 10 ** digits_of(currency)
    amounts = {"amount": decimal_string(claimed, currency)}
    if session.status == Session.Status.PAID:
        amounts["captured_amount"] = amounts["amount"]
    return amounts
