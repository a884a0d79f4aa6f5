"""What waits for a second person, the page on which she decides, and what then is carried out."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.access import staff_only
from dashboard.act_forms import ReasonForm
from dashboard.acts import refuse
from dashboard.fresh import step_up, typed_before
from dashboard.message_acts import acts_on_many
from dashboard.pages import page
from dashboard.refusal_words import in_words
from payments.domain import roles
from payments.domain.approvals import ApprovalState
from payments.models import Approval
from payments.selectors import (
    all_approvals,
    approvals_decided,
    approvals_to_carry_out,
    approvals_waiting,
    may_be_carried_out,
    may_be_decided,
    shop_of_approval,
)
from payments.services import staff_shops
from payments.services.approvals import approve, reject
from payments.services.refusals import NotAllowed, Refusal
from psp_clients.contract import PspError


@staff_only
@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """List what waits for a decision and what was decided, and lead to the acts on many rows."""
    now, by = timezone.now(), cast("User", request.user)
    context = {
        "agreed": approvals_to_carry_out(by.pk, now),
        "waiting": approvals_waiting(now),
        "decided": approvals_decided(now),
        "acts": acts_on_many(by),
        "now": now,
    }
    return page(request, "dashboard/approvals.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def approval(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Show exactly what was asked for; take a decision of somebody else than who asked."""
    found = get_object_or_404(all_approvals(), pk=approval_id)
    by = cast("User", request.user)
    may_decide = by.has_perm(f"payments.{roles.APPROVE}")
    form = ReasonForm(request.POST or None, initial=typed_before(request))
    if request.method == "POST":
        if not may_decide:
            refuse(by, "decide", found.session_id, shop_of_approval(found))
        if elsewhere := step_up(request, form, timezone.now()):
            return elsewhere
        if form.is_valid() and _decided(request, by, found, form):
            return redirect("mid-office:approvals")
    now = timezone.now()
    context = {
        "approval": found,
        "form": form,
        "is_expired": found.state == ApprovalState.WAITING and found.expires_at <= now,
        "is_own": found.requested_by_id == by.pk,
        "may_decide": may_decide and may_be_decided(found, by.pk, now),
        "may_carry_out": _waits_for(by, found, now),
        "now": now,
    }
    return page(request, "dashboard/approval.html", context)


def _decided(request: HttpRequest, by: User, found: Approval, form: ReasonForm) -> bool:
    note, now = form.cleaned_data["reason"], timezone.now()
    try:
        if "reject" in request.POST:
            reject(by=by, approval_id=found.pk, note=note, now=now)
            messages.success(request, "Rejected. Nothing was done.")
        else:
            seen = request.POST.get("arguments_hash", "")
            agreed = approve(by=by, approval_id=found.pk, seen_hash=seen, note=note, now=now)
            who = agreed.requested_by.get_username()
            is_left = may_be_carried_out(agreed, now)
            how = f"{who} may carry it out within a day" if is_left else "and carried out"
            messages.success(request, f"Agreed to, {how}.")
    except (Refusal, PspError) as refused:
        form.add_error(None, in_words(refused))
        return False
    return True


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def carry_out(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Make what somebody else agreed to, and show it once, to whoever asked for it.

    The value stands in this one answer and nowhere else.
    """
    found = get_object_or_404(all_approvals(), pk=approval_id)
    by, now = cast("User", request.user), timezone.now()
    if not by.has_perm(f"payments.{roles.SET_UP_SHOP}"):
        refuse(by, "carry-out", found.session_id, shop_of_approval(found))
    if elsewhere := step_up(request, Form(request.POST or None), now):
        return elsewhere
    value, refused = "", ""
    if request.method == "POST":
        try:
            value = staff_shops.carry_out(by=by, approval_id=found.pk, now=now)
        except NotAllowed:
            refuse(by, "carry-out", found.session_id, shop_of_approval(found))
        except Refusal as why:
            refused = in_words(why)
    context = {
        "approval": found,
        "value": value,
        "refused": refused,
        "may_carry_out": not value and _waits_for(by, found, now),
    }
    return page(request, "dashboard/carry_out.html", context)


def _waits_for(who: User, found: Approval, now: datetime) -> bool:
    return found.requested_by_id == who.pk and may_be_carried_out(found, now)
