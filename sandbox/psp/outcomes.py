"""What becomes of a session: the only code that writes its status, or a charge.

Everything here runs inside the caller's transaction, on a session that the caller has locked,
so that status, charge and event are one. It calls nobody.
"""

from sandbox.clocks import Now
from sandbox.issuer import bank
from sandbox.psp import events
from sandbox.psp.models import Charge, Session
from sandbox.psp.money import fee_minor
from sandbox.psp.scenarios import BY_NAME

Status = Session.Status


def bring_up_to_date(session: Session, now: Now) -> None:
    """Carry out what time has done to the session: expiry, and the issuer's answer."""
    if session.status == Status.OPEN and session.ends_at <= now.psp:
        expire(session, now)
    gives_up_at = session.gives_up_wall_at
    if session.status == Status.PROCESSING and gives_up_at and gives_up_at <= now.wall:
        _give_up(session, now)
    if session.inquiry:
        take_answer(session, now)


def take_answer(session: Session, now: Now) -> None:
    """Do what the issuer answered, if it has."""
    answer = bank.collect(reference=session.inquiry, now=now)
    if answer is None or session.attempt is None:
        return
    if not answer.approves and BY_NAME[session.scenario].may_choose_again:
        decline_for_now(session, answer.decline_code, now)
    elif not answer.approves:
        decline(session, answer.decline_code, now)
    elif _waits_for_capture(session):
        _become(session, Status.AUTHORIZED, now)
    else:
        pay(session, amount_minor=session.amount_minor, attempt=session.attempt, now=now)


def process(session: Session, now: Now) -> None:
    """Wait for the issuer."""
    _become(session, Status.PROCESSING, now)


def pay(session: Session, *, amount_minor: int, attempt: int, now: Now) -> None:
    """Take the money, on account of the request `attempt`."""
    Charge.objects.create(
        session=session,
        attempt=attempt,
        amount_minor=amount_minor,
        fee_minor=fee_minor(amount_minor),
        booked_at=now.psp,
    )
    _become(session, Status.PAID, now)


def decline(session: Session, code: str, now: Now) -> None:
    """Refuse the purchase for good."""
    session.decline_code = code
    _become(session, Status.DECLINED, now)


def decline_for_now(session: Session, code: str, now: Now) -> None:
    """Refuse this try, and let the shopper choose again on the page: nothing has begun."""
    session.decline_code = code
    session.scenario, session.attempt, session.inquiry = "", None, ""
    _become(session, Status.OPEN, now)


def cancel(session: Session, now: Now) -> None:
    """End the session before a charge; the issuer's answer will never be taken."""
    if session.inquiry:
        bank.withdraw(reference=session.inquiry, now=now)
    _become(session, Status.CANCELLED, now)


def expire(session: Session, now: Now) -> None:
    """End the session by time."""
    _become(session, Status.EXPIRED, now)


def _give_up(session: Session, now: Now) -> None:
    """End the session without the issuer, whose answer may still come."""
    if BY_NAME[session.scenario].gives_up_declining:
        decline(session, "issuer_unavailable", now)
    else:
        expire(session, now)


def _become(session: Session, status: Session.Status, now: Now) -> None:
    session.status = status
    session.updated_at = now.psp
    session.save()
    events.announce(session, now)


def _waits_for_capture(session: Session) -> bool:
    return session.capture == Session.Capture.MANUAL or BY_NAME[session.scenario].authorizes
