"""What every act of staff begins with: the permission, and a reason that says why."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User

from payments.models import CauseKind, PaymentSession
from payments.services.inserts import insert_together
from payments.services.refusals import NotAllowed, ReasonRefused
from payments.services.timeline import Cause, event
from psp_clients.evidence import holds_card_number

MOST_CHARACTERS: Final = 500
# How many rows one act may touch; more are done by asking again.
MOST_AT_ONCE: Final = 500


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


def record_act(session: PaymentSession, name: str, cause: Cause, **data: str) -> None:
    """Leave an act in the timeline. The caller holds the session's row."""
    told = event(session, name, cause)
    told.data = data
    insert_together(told)
