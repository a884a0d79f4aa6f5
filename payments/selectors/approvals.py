"""What waits for a second person, or for whoever asked: every read about approvals."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from payments.domain.approvals import (
    CARRIED_OUT_BY_WHO_ASKED,
    CARRIED_OUT_WITHIN,
    ApprovalState,
    ApprovedAct,
    is_cut_off,
)
from payments.models import Approval, Case, PaymentSession, Shop

# However many there were, a page shows the latest.
MOST_SHOWN: Final = 100


def all_approvals() -> QuerySet[Approval]:
    """Return every approval with its session and people."""
    return Approval.objects.select_related("session", "requested_by", "decided_by")


def approvals_waiting(now: datetime) -> QuerySet[Approval]:
    """Return what waits for a second person and has not expired, the oldest first."""
    waiting = all_approvals().filter(state=ApprovalState.WAITING, expires_at__gt=now)
    return waiting.order_by("pk")[:MOST_SHOWN]


def approvals_decided(now: datetime) -> QuerySet[Approval]:
    """Return what was decided, is being carried out, or has expired, the newest first."""
    is_over = ~Q(state=ApprovalState.WAITING) | Q(expires_at__lte=now)
    return all_approvals().filter(is_over).order_by("-pk")[:MOST_SHOWN]


def approvals_of_session(session: PaymentSession) -> QuerySet[Approval]:
    """Return what somebody asked a second person for about a session, and nobody has decided."""
    undecided = (ApprovalState.WAITING, ApprovalState.GRANTED)
    return all_approvals().filter(session=session, state__in=undecided).order_by("pk")


def approvals_of_case(case: Case) -> QuerySet[Approval]:
    """Return what somebody asked a second person for about a case."""
    return all_approvals().filter(
        session=case.session_id, act=ApprovedAct.RESOLVE_CASE, arguments__case=str(case.pk)
    )


def may_be_decided(approval: Approval, user_id: int, now: datetime) -> bool:
    """Tell whether a person may decide: somebody else's, in time, or one that was cut off."""
    is_waiting = approval.state == ApprovalState.WAITING and approval.expires_at > now
    undone = is_waiting or is_cut_off(approval.state, approval.act)
    return undone and approval.requested_by_id != user_id


def may_be_carried_out(approval: Approval, now: datetime) -> bool:
    """Tell whether it was agreed to, waits for whoever asked, and is not stale."""
    return (
        approval.act in CARRIED_OUT_BY_WHO_ASKED
        and approval.state == ApprovalState.GRANTED
        and approval.decided_at is not None
        and now < approval.decided_at + CARRIED_OUT_WITHIN
    )


def approvals_to_carry_out(user_id: int, now: datetime) -> QuerySet[Approval]:
    """Return what somebody asked for, was agreed to, and waits for them, the oldest first."""
    own = all_approvals().filter(
        requested_by=user_id,
        act__in=CARRIED_OUT_BY_WHO_ASKED,
        state=ApprovalState.GRANTED,
        decided_at__gt=now - CARRIED_OUT_WITHIN,
    )
    return own.order_by("pk")[:MOST_SHOWN]


def approvals_of_shop(shop: Shop) -> QuerySet[Approval]:
    """Return what somebody asked a second person for about a shop, and has not been done."""
    undone = (ApprovalState.WAITING, ApprovalState.GRANTED)
    return all_approvals().filter(arguments__shop=str(shop.pk), state__in=undone).order_by("pk")


def shop_of_approval(approval: Approval) -> Shop | None:
    """Return the shop that it would be done to, if it is about one and about no session."""
    named = approval.arguments.get("shop")
    return Shop.objects.get(pk=named) if named else None
