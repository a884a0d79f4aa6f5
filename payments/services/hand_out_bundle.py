"""Hands a support bundle to a member of staff, and leaves in the timeline who took it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from payments import selectors
from payments.models import CauseKind, PaymentSession
from payments.services.inserts import insert_together
from payments.services.timeline import Cause, event
from payments.support_bundle.document import support_bundle


def hand_out_bundle(session_id: UUID, *, actor: str, now: datetime) -> dict[str, Any] | None:
    """Record who takes a session's bundle, and return it; None if there is no such session."""
    with transaction.atomic(durable=True):
        locked = PaymentSession.objects.select_for_update(no_key=True).filter(pk=session_id).first()
        if locked is None:
            return None
        cause = Cause(CauseKind.STAFF, actor=actor)
        insert_together(event(locked, "support_bundle.handed_out", cause))
    session = selectors.session_by_id(session_id)
    return support_bundle(session, now=now) if session else None
