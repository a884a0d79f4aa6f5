"""What every act of staff begins with: the permission, and a reason that says why."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User

from payments.models import CauseKind, PaymentSession, Shop, StaffEvent
from payments.services.inserts import insert_together
from payments.services.refusals import NotAllowed, ReasonRefused
from payments.services.timeline import Cause, event
from psp_clients.evidence import holds_card_number

MOST_CHARACTERS: Final = 500
# How many rows one act may touch; more are done by asking again.
MOST_AT_ONCE: Final = 500
SUBJECT_CHARACTERS: Final = 200


def allowed(by: User, permission: str, reason: str) -> Cause:
    """Return the cause of an act of somebody who may do it and says why.

    Raises NotAllowed, and ReasonRefused for no reason, one of more than 500 characters, or one
    with a card number in it.
    """
    if not by.has_perm(f"payments.{permission}"):
        raise NotAllowed(permission)
    if not reason.strip():
        raise ReasonRefused("must be given")
    if len(reason) > MOST_CHARACTERS:
        raise ReasonRefused(f"must have at most {MOST_CHARACTERS} characters")
    if holds_card_number(reason):
        raise ReasonRefused("looks like a card number, which BPS must never be given")
    return Cause(CauseKind.STAFF, actor=by.get_username())


def record_act(
    session: PaymentSession | None,
    name: str,
    cause: Cause,
    *,
    about: Shop | None = None,
    **data: Any,
) -> None:
    """Leave an act in the session's timeline; the caller holds the session's row.

    What is about no one session is left among the staff events, with the shop it is about if any.
    """
    if session is None:
        record_elsewhere(name, cause, about=about, **data)
        return
    told = event(session, name, cause)
    told.data = data
    insert_together(told)


def record_elsewhere(
    name: str, cause: Cause, *, about: Shop | None = None, subject: str = "", **data: Any
) -> None:
    """Leave what was done to something that is no session: to a shop's key, say, or a user."""
    told = StaffEvent(
        name=name,
        actor=cause.actor,
        shop=about,
        subject=subject[:SUBJECT_CHARACTERS],
        cause_id=cause.id,
        data=data,
    )
    insert_together(told)
