"""Stages a request for a second person: nothing is done until somebody else agrees."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from payments.domain.approvals import EXPIRES_AFTER, ApprovedAct, arguments_hash
from payments.models import Approval, PaymentSession
from payments.selectors import shop_of_approval
from payments.services.refusals import ApprovalKeyReused
from payments.services.staff_rules import record_act
from payments.services.timeline import Cause


def stage_approval(
    act: ApprovedAct,
    arguments: dict[str, str],
    *,
    session: PaymentSession | None,
    by: User,
    reason: str,
    request_key: str,
    cause: Cause,
    now: datetime,
) -> Approval:
    """Store what is asked for, bound to its exact arguments, for a day.

    The caller holds the session's row, if it is about one. Asked again with the same
    `request_key` and arguments, returns the first; with others, raises ApprovalKeyReused.
    """
    bound_to = arguments_hash(act, arguments)
    approval, made = Approval.objects.get_or_create(
        request_key=request_key,
        defaults={
            "act": act,
            "session": session,
            "arguments": arguments,
            "arguments_hash": bound_to,
            "reason": reason,
            "requested_by": by,
            "expires_at": now + EXPIRES_AFTER,
        },
    )
    if approval.arguments_hash != bound_to:
        raise ApprovalKeyReused
    if made:
        named = {"approval": str(approval.pk), "act": str(act)}
        record_act(
            session,
            "approval.requested",
            cause,
            about=shop_of_approval(approval),
            **named,
            reason=reason,
            arguments=arguments,
        )
    return approval
