"""What waits for a second person, what was decided, and who may decide."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from payments.domain.approvals import ApprovalState, ApprovedAct
from payments.models import Approval, Case, PaymentSession

# However many there were, the page shows the latest.
MOST_APPROVALS: Final = 100


def all_approvals() -> QuerySet[Approval]:
    """Return every approval with its session and people."""
    return Approval.objects.select_related("session", "requested_by", "decided_by")


def approvals_waiting(now: datetime) -> QuerySet[Approval]:
    """Return what waits for a second person and has not expired, the oldest first."""
    waiting = all_approvals().filter(state=ApprovalState.WAITING, expires_at__gt=now)
    return waiting.order_by("pk")[:MOST_APPROVALS]


def approvals_decided(now: datetime) -> QuerySet[Approval]:
    """Return what was decided, is being carried out, or has expired, the newest first."""
    is_over = ~Q(state=ApprovalState.WAITING) | Q(expires_at__lte=now)
    return all_approvals().filter(is_over).order_by("-pk")[:MOST_APPROVALS]


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
    undone = is_waiting or approval.state == ApprovalState.GRANTED
    return undone and approval.requested_by_id != user_id
