"""Reads the books: what was really charged and refunded, session by session. It writes nothing."""

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from sandbox.psp.models import Charge, Refund, Session
from sandbox.psp.money import decimal_string
from sandbox.psp.wire import instant, status_word

PAGE = 100


@transaction.atomic(durable=True)
def page(*, checkout_id: str | None = None, behind: int = 0) -> dict[str, Any]:
    """Return the books of a checkout, or of all, oldest session first, as of one instant."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    sessions = list(_sessions(checkout_id).filter(pk__gt=behind)[: PAGE + 1])
    shown = sessions[:PAGE]
    return {
        "data": [_entry(session) for session in shown],
        "next_cursor": str(shown[-1].pk) if len(sessions) > PAGE else None,
    }


def latest(count: int) -> list[dict[str, Any]]:
    """Return the books of the latest sessions, newest first, for a person to read."""
    return [_entry(session) for session in _sessions(None).order_by("-pk")[:count]]


def checkout_of(token: str) -> str | None:
    """Return the checkout that a session's token is of, if there is such a session."""
    return Session.objects.filter(token=token).values_list("checkout_id", flat=True).first()


def _sessions(checkout_id: str | None) -> QuerySet[Session]:
    sessions = Session.objects.prefetch_related("charges", "refunds", "purchase_requests")
    chosen = sessions.filter(checkout_id=checkout_id) if checkout_id else sessions.all()
    return chosen.order_by("pk")


def _entry(session: Session) -> dict[str, Any]:
    charges = sorted(session.charges.all(), key=lambda charge: charge.pk)
    refunds = sorted(session.refunds.all(), key=lambda refund: refund.pk)
    refunded = [refund for refund in refunds if refund.status == Refund.Status.SUCCESSFUL]
    return {
        "checkout_id": session.checkout_id,
        "reference": session.reference,
        "token": session.token,
        "currency": session.currency,
        "charges": [_charge(charge, session.currency) for charge in charges],
        "refunds": [_refund(refund, session.currency) for refund in refunds],
        "charged": _sum(charges, session.currency),
        "refunded": _sum(refunded, session.currency),
        "status": status_word(session),
        "purchase_requests": len(session.purchase_requests.all()),
    }


def _charge(charge: Charge, currency: str) -> dict[str, str]:
    return {
        "id": charge.charge_id,
        "amount": decimal_string(charge.amount_minor, currency),
        "at": instant(charge.booked_at),
    }


def _refund(refund: Refund, currency: str) -> dict[str, str]:
    return {
        "id": refund.refund_id,
        "reference": refund.reference,
        "amount": decimal_string(refund.amount_minor, currency),
        "status": str(refund.status),
        "at": instant(refund.booked_at),
    }


def _sum(rows: list[Charge] | list[Refund], currency: str) -> str:
    return decimal_string(sum(row.amount_minor for row in rows), currency)
