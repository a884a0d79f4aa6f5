"""Finds sessions, registers them, and ends or captures them when the merchant asks."""

from typing import Any

from sandbox.clocks import Now
from sandbox.psp import outcomes
from sandbox.psp.answers import Answer
from sandbox.psp.errors import invalid_request, not_found, state_conflict
from sandbox.psp.fields import Fields
from sandbox.psp.models import Conditions, Session
from sandbox.psp.money import decimal_string
from sandbox.psp.scenarios import BY_NAME
from sandbox.psp.wire import session_json

Status = Session.Status
TAKEN_THEN_DROPPED = 93


def register(fields: Fields, *, now: Now) -> Answer:
    """Open a session.

    The merchant names the end by its own clock, the wall's; the time that is left is then
    counted on the PSP's.
    """
    amount_minor, currency = fields.money()
    expires_at = fields.instant("expires_at")
    if expires_at <= now.wall:
        raise invalid_request("Must be in the future.", field="expires_at")
    session = Session(
        reference=fields.text("reference"),
        checkout_id=fields.text("checkout_id"),
        amount_minor=amount_minor,
        currency=currency,
        capture=fields.one_of("capture", Session.Capture.values, default="automatic"),
        locale=fields.text("locale", default="en", longest=35),
        metadata=fields.json_object("metadata"),
        return_url=fields.url("return_url"),
        webhook_url=fields.url("webhook_url"),
        expires_at=expires_at,
        ends_at=now.psp + (expires_at - now.wall),
        created_at=now.psp,
        updated_at=now.psp,
    )
    # Not check, then create: of two at once the unique reference lets one through.
    Session.objects.bulk_create([session], ignore_conflicts=True)
    stored = Session.objects.get(reference=session.reference)
    if stored.token != session.token:
        raise state_conflict("There is a session with this reference already.")
    return Answer(201, session_json(stored))


def locked(token: str, now: Now) -> Session:
    """Return the session as time has made it, for this transaction to change."""
    # Without the key: rows that only refer to the session need not wait.
    session = Session.objects.select_for_update(no_key=True).filter(token=token).first()
    if session is None:
        raise not_found("token")
    outcomes.bring_up_to_date(session, now)
    return session


def visible(token: str, now: Now) -> Session:
    """Return the session to a look-up, unless the replica does not know it yet."""
    session = Session.objects.filter(token=token).first()
    if session is None or is_hidden(session, now):
        raise not_found("token")
    return session


def is_hidden(session: Session, now: Now) -> bool:
    """Whether look-ups do not find the session at present."""
    return _is_misread(session, now) and not BY_NAME[session.scenario].denied


def looked_up(session: Session, now: Now) -> dict[str, Any]:
    """Return the session as look-ups show it, which may be wrong at present."""
    shown = session_json(session)
    if not _is_misread(session, now):
        return shown
    denied = {"status": str(Status.DECLINED), "decline_code": "card_declined"}
    return {**shown, **denied, "charge": None, "captured_amount": shown["refunded_amount"]}


def _is_misread(session: Session, now: Now) -> bool:
    until = session.hidden_until_wall_at
    return until is not None and now.wall < until


def cancel(token: str, *, now: Now) -> Answer:
    """End the session before a charge: afterwards nothing will ever be charged for it."""
    session = locked(token, now)
    if session.status in {Status.OPEN, Status.AUTHORIZED, Status.PROCESSING}:
        outcomes.cancel(session, now)
    elif session.status not in {Status.CANCELLED, Status.EXPIRED}:
        raise state_conflict(f"The session is {session.status}: it can't be cancelled.")
    return Answer(200, session_json(session))


def capture(
    token: str, fields: Fields, *, attempt: int, conditions: Conditions, now: Now
) -> Answer:
    """Take what was reserved, or less; once, or part by part where keys alone protect.

    The last two digits of a capture's own amount may choose that its answer is lost.
    """
    session = locked(token, now)
    amount_minor, currency = fields.money()
    another_part = session.capture == Session.Capture.MANUAL and not conditions.single_success
    if session.status != Status.AUTHORIZED and not (session.status == Status.PAID and another_part):
        raise state_conflict(f"The session is {session.status}: nothing waits for a capture.")
    if currency != session.currency:
        raise invalid_request(f"The session is in {session.currency}.", field="currency")
    left = session.amount_minor - sum(charge.amount_minor for charge in session.charges.all())
    if amount_minor > left:
        reserved = decimal_string(left, currency)
        raise invalid_request(f"Only {reserved} is reserved.", field="amount")
    outcomes.pay(session, amount_minor=amount_minor, attempt=attempt, now=now)
    return Answer(200, session_json(session), dropped=amount_minor % 100 == TAKEN_THEN_DROPPED)
