"""Gives money back, never more than was taken, and finds refunds again."""

from datetime import timedelta

from django.db.models import QuerySet, Sum

from sandbox.clocks import Now
from sandbox.psp import events
from sandbox.psp.answers import Answer
from sandbox.psp.errors import invalid_request, not_found, state_conflict
from sandbox.psp.fields import Fields
from sandbox.psp.models import Charge, Refund, Session
from sandbox.psp.money import decimal_string
from sandbox.psp.sessions import locked, visible
from sandbox.psp.wire import refund_json

Status = Refund.Status
PENDING_FOR = timedelta(seconds=3)
# By the last two digits of the refund's own amount.
PENDING_THEN_SUCCESSFUL = 91
PENDING_THEN_FAILED = 92
MADE_THEN_DROPPED = 93


def refund(token: str, fields: Fields, *, attempt: int, now: Now) -> Answer:
    """Give back part or all of what was captured; pending refunds count as given back."""
    session = locked(token, now)
    amount_minor, currency = fields.money()
    if currency != session.currency:
        raise invalid_request(f"The session is in {session.currency}.", field="currency")
    _refuse_too_much(session, amount_minor)
    digits = amount_minor % 100
    made = Refund.objects.create(
        session=session,
        attempt=attempt,
        reference=fields.text("reference"),
        reason=fields.text("reason", default="", longest=2000),
        amount_minor=amount_minor,
        status=Status.PENDING,
        ends_as=Status.FAILED if digits == PENDING_THEN_FAILED else Status.SUCCESSFUL,
        ends_wall_at=now.wall + _pending_for(digits),
        booked_at=now.psp,
    )
    end_if_due(made, now)
    return Answer(201, refund_json(made), dropped=digits == MADE_THEN_DROPPED)


def find(refund_id: str) -> Refund:
    """Return the refund, or refuse."""
    found = Refund.objects.select_related("session").filter(refund_id=refund_id).first()
    if found is None:
        raise not_found("refund")
    return found


def of_session(token: str, now: Now) -> QuerySet[Refund]:
    """Return a session's refunds, oldest first, or refuse an unknown token."""
    return visible(token, now).refunds.order_by("pk")


def end_if_due(made: Refund, now: Now) -> None:
    """Let a pending refund succeed or fail when its time has come. Its session is locked."""
    if made.status == Status.PENDING and made.ends_wall_at <= now.wall:
        made.status = made.ends_as
        made.save(update_fields=["status"])
        events.announce_refund(made, now)


def pending_due(now: Now) -> QuerySet[Refund]:
    """Return the refunds whose end has come."""
    return Refund.objects.filter(status=Status.PENDING, ends_wall_at__lte=now.wall)


def _pending_for(digits: int) -> timedelta:
    waits = digits in {PENDING_THEN_SUCCESSFUL, PENDING_THEN_FAILED}
    return PENDING_FOR if waits else timedelta(0)


def _refuse_too_much(session: Session, amount_minor: int) -> None:
    given = session.refunds.exclude(status=Status.FAILED)
    left = _total(session.charges.all()) - _total(given)
    if amount_minor > left:
        left_string = decimal_string(left, session.currency)
        raise state_conflict(f"Only {left_string} was captured and is not yet refunded.")


def _total(rows: QuerySet[Charge] | QuerySet[Refund]) -> int:
    total: int | None = rows.aggregate(total=Sum("amount_minor"))["total"]
    return total or 0
