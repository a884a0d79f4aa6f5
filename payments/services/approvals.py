"""Decides what a second person was asked for: agrees and has it done, or refuses it."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from payments.domain import roles
from payments.domain.approvals import (
    CARRIED_OUT_BY_WHO_ASKED,
    ApprovalState,
    ApprovedAct,
    arguments_hash,
    is_cut_off,
)
from payments.models import Approval, CauseKind
from payments.selectors import shop_of_approval
from payments.services.purchase_lock import lock_session
from payments.services.refusals import (
    ApprovalDecided,
    ApprovalExpired,
    ArgumentsChanged,
    OwnRequest,
    Refusal,
)
from payments.services.request_refund import request_refund
from payments.services.shop_setup import change_refund_limits, revoke_api_key
from payments.services.staff_cases import resolve_case
from payments.services.staff_messages import replay_many
from payments.services.staff_rules import allowed, record_act
from payments.services.timeline import Cause
from psp_clients.contract import PspError


def approve(*, by: User, approval_id: UUID, seen_hash: str, note: str, now: datetime) -> Approval:
    """Agree to exactly what was seen, and have it done, or leave it to be done by whoever asked.

    `seen_hash` is that of the arguments that were shown. Should this process die after the
    agreement, approving again only carries it out: it is done once. What makes a value that only
    whoever asked may see stays granted, for them to carry out (staff_shops.carry_out).
    Raises NotAllowed, ReasonRefused, OwnRequest, ApprovalExpired, ApprovalDecided and
    ArgumentsChanged, each of which changes nothing; and what the act itself raises, which closes
    the request: what cannot be done any more is asked for anew.
    """
    cause = allowed(by, roles.APPROVE, note)
    with transaction.atomic(durable=True):
        approval = _lock(approval_id)
        _refuse_unless_decidable(approval, by, now)
        bound_to = arguments_hash(approval.act, approval.arguments)
        if not bound_to == approval.arguments_hash == seen_hash:
            raise ArgumentsChanged
        if approval.state == ApprovalState.WAITING:
            _decide(approval, ApprovalState.GRANTED, by=by, note=note, cause=cause, now=now)
    if approval.act in CARRIED_OUT_BY_WHO_ASKED:
        return approval
    asked = Cause(CauseKind.STAFF, str(approval.pk), approval.requested_by.get_username())
    try:
        _perform(approval, asked, now)
    except (Refusal, PspError):
        _close(approval, ApprovalState.FAILED, now)
        raise
    _close(approval, ApprovalState.DONE, now)
    return approval


def _close(approval: Approval, state: ApprovalState, now: datetime) -> None:
    Approval.objects.filter(pk=approval.pk, state=ApprovalState.GRANTED).update(
        state=state, updated_at=now
    )


def reject(*, by: User, approval_id: UUID, note: str, now: datetime) -> Approval:
    """Refuse it for good. Raises as `approve` does, but for changed arguments."""
    cause = allowed(by, roles.APPROVE, note)
    with transaction.atomic(durable=True):
        approval = _lock(approval_id)
        _refuse_unless_decidable(approval, by, now)
        if approval.state != ApprovalState.WAITING:
            raise ApprovalDecided
        _decide(approval, ApprovalState.REJECTED, by=by, note=note, cause=cause, now=now)
    return approval


def _lock(approval_id: UUID) -> Approval:
    """Lock an approval, its session first, as everybody does."""
    found = Approval.objects.get(pk=approval_id)
    session = lock_session(found.session_id) if found.session_id else None
    locked = Approval.objects.select_for_update(no_key=True).get(pk=approval_id)
    locked.session = session
    return locked


def _refuse_unless_decidable(approval: Approval, by: User, now: datetime) -> None:
    if approval.requested_by_id == by.pk:
        raise OwnRequest
    if approval.state == ApprovalState.WAITING:
        if approval.expires_at <= now:
            raise ApprovalExpired
    elif not is_cut_off(approval.state, approval.act):
        raise ApprovalDecided


def _decide(
    approval: Approval,
    state: ApprovalState,
    *,
    by: User,
    note: str,
    cause: Cause,
    now: datetime,
) -> None:
    approval.state, approval.decided_by = state, by
    approval.decided_at, approval.note = now, note
    approval.save(update_fields=["state", "decided_by", "decided_at", "note", "updated_at"])
    named = {"approval": str(approval.pk), "act": str(approval.act), "reason": note}
    about = shop_of_approval(approval)
    record_act(approval.session, f"approval.{state}", cause, about=about, **named)


def _perform(approval: Approval, cause: Cause, now: datetime) -> None:
    """Do it, for whoever asked. Each act is repeatable under the approval's own key."""
    arguments: dict[str, str] = approval.arguments
    match ApprovedAct(approval.act):
        case ApprovedAct.REFUND:
            request_refund(
                purchase_id=UUID(arguments["purchase"]),
                amount=Decimal(arguments["amount"]),
                reason=approval.reason,
                cause=cause,
                now=now,
                request_key=approval.request_key,
            )
        case ApprovedAct.RESOLVE_CASE:
            resolve_case(
                case_id=UUID(arguments["case"]),
                resolution=arguments["resolution"],
                cause=cause,
                now=now,
            )
        case ApprovedAct.REPLAY_MANY:
            replay_many(
                psp=arguments["psp"],
                since=datetime.fromisoformat(arguments["since"]),
                until=datetime.fromisoformat(arguments["until"]),
                reason=approval.reason,
                cause=cause,
                now=now,
            )
        case ApprovedAct.REVOKE_API_KEY:
            revoke_api_key(
                shop_id=UUID(arguments["shop"]),
                prefix=arguments["prefix"],
                reason=approval.reason,
                cause=cause,
            )
        case ApprovedAct.CHANGE_LIMITS:
            change_refund_limits(
                shop_id=UUID(arguments["shop"]),
                before=json.loads(arguments["before"]),
                after=json.loads(arguments["after"]),
                reason=approval.reason,
                cause=cause,
                now=now,
            )
        case ApprovedAct.MAKE_API_KEY | ApprovedAct.ROTATE_SECRET:
            raise AssertionError("whoever asked carries it out themselves")
