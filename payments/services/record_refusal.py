"""Leaves in the timeline that somebody was refused an act. Nothing else changes."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from payments.models import CauseKind
from payments.services.purchase_lock import lock_session
from payments.services.staff_rules import record_act
from payments.services.timeline import Cause

log = structlog.get_logger()


def record_refusal(*, by: User, act: str, session_id: UUID | None, why: str) -> None:
    """Record a refused act; one that is about no session in particular goes to the log."""
    log.warning("act_refused", act=act, why=why)
    if session_id is None:
        return
    cause = Cause(CauseKind.STAFF, actor=by.get_username())
    with transaction.atomic(durable=True):
        record_act(lock_session(session_id), "act.refused", cause, act=act, why=why)
