"""Leaves on record that somebody was refused an act. Nothing else changes."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from payments.models import CauseKind, Shop
from payments.services.purchase_lock import lock_session
from payments.services.staff_rules import record_act
from payments.services.timeline import Cause

log = structlog.get_logger()


def record_refusal(
    *, by: User, act: str, session_id: UUID | None, why: str, about: Shop | None = None
) -> None:
    """Record a refused act in the session's timeline; among the staff events if it has none."""
    log.warning("act_refused", act=act, why=why)
    cause = Cause(CauseKind.STAFF, actor=by.get_username())
    with transaction.atomic(durable=True):
        session = lock_session(session_id) if session_id else None
        record_act(session, "act.refused", cause, about=about, act=act, why=why)
