"""Acts of staff on shops, each with a second person: API keys, signing secrets, refund limits.

A new key or secret is made when whoever asked for it carries out what was agreed to, and is
returned to them alone: there is no moment at which it waits somewhere to be seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from payments.domain import roles
from payments.domain.approvals import ApprovalState, ApprovedAct, arguments_hash
from payments.models import Approval, CauseKind, Shop
from payments.selectors import may_be_carried_out
from payments.services.refusals import ArgumentsChanged, NotAllowed, NothingToCarryOut
from payments.services.shop_setup import make_api_key, rotate_secret
from payments.services.staff_rules import allowed
from payments.services.stage_approval import stage_approval
from payments.services.timeline import Cause


def ask_for_api_key(
    *,
    by: User,
    shop: Shop,
    label: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    reason: str,
    form_key: str,
    now: datetime,
) -> Approval:
    """Ask for a second person who agrees to a new key. Raises NotAllowed, ReasonRefused."""
    arguments = {
        "label": label,
        "scopes": " ".join(sorted(scopes)),
        "valid until": expires_at.isoformat() if expires_at else "",
    }
    return _ask(
        ApprovedAct.MAKE_API_KEY, shop, arguments, by=by, reason=reason, form_key=form_key, now=now
    )


def ask_to_revoke_api_key(
    *, by: User, shop: Shop, prefix: str, reason: str, form_key: str, now: datetime
) -> Approval:
    """Ask for a second person who agrees to revoke a key. Raises NotAllowed, ReasonRefused."""
    arguments = {"prefix": prefix, "label": shop.api_keys.get(prefix=prefix).name}
    return _ask(
        ApprovedAct.REVOKE_API_KEY,
        shop,
        arguments,
        by=by,
        reason=reason,
        form_key=form_key,
        now=now,
    )


def ask_to_rotate_secret(
    *, by: User, shop: Shop, overlap: timedelta, reason: str, form_key: str, now: datetime
) -> Approval:
    """Ask for a second person who agrees to a new secret. Raises NotAllowed, ReasonRefused."""
    arguments = {"overlap in hours": str(overlap // timedelta(hours=1))}
    return _ask(
        ApprovedAct.ROTATE_SECRET, shop, arguments, by=by, reason=reason, form_key=form_key, now=now
    )


def ask_to_change_limits(
    *, by: User, shop: Shop, limits: Mapping[str, str], reason: str, form_key: str, now: datetime
) -> Approval:
    """Ask for a second person who agrees to other limits. Raises NotAllowed, ReasonRefused."""
    arguments = {"before": _canonical(shop.refund_limits), "after": _canonical(limits)}
    return _ask(
        ApprovedAct.CHANGE_LIMITS, shop, arguments, by=by, reason=reason, form_key=form_key, now=now
    )


def _canonical(limits: Mapping[str, str]) -> str:
    return json.dumps(limits, sort_keys=True)


def _ask(
    act: ApprovedAct,
    shop: Shop,
    arguments: Mapping[str, str],
    *,
    by: User,
    reason: str,
    form_key: str,
    now: datetime,
) -> Approval:
    cause = allowed(by, roles.SET_UP_SHOP, reason)
    with transaction.atomic(durable=True):
        return stage_approval(
            act,
            {"shop": str(shop.pk), "shop name": shop.name, **arguments},
            session=None,
            by=by,
            reason=reason,
            request_key=form_key,
            cause=cause,
            now=now,
        )


def carry_out(*, by: User, approval_id: UUID, now: datetime) -> str:
    """Carry out what somebody else agreed to within a day, and return the new key or secret.

    The value and the end of the approval are one transaction: it is made once, and returned once.
    An answer that is lost on its way is lost for good: what was made is then revoked or rotated.
    Raises NotAllowed for whoever did not ask or may not any more, and NothingToCarryOut and
    ArgumentsChanged; each changes nothing.
    """
    with transaction.atomic(durable=True):
        approval = Approval.objects.select_for_update(no_key=True).get(pk=approval_id)
        if approval.requested_by_id != by.pk:
            raise NotAllowed(roles.SET_UP_SHOP)
        allowed(by, roles.SET_UP_SHOP, approval.reason)
        if not may_be_carried_out(approval, now):
            raise NothingToCarryOut
        if arguments_hash(approval.act, approval.arguments) != approval.arguments_hash:
            raise ArgumentsChanged
        cause = Cause(CauseKind.STAFF, str(approval.pk), by.get_username())
        value = _make(approval, cause, now)
        approval.state = ApprovalState.DONE
        approval.save(update_fields=["state", "updated_at"])
    return value


def _make(approval: Approval, cause: Cause, now: datetime) -> str:
    arguments: dict[str, str] = approval.arguments
    shop_id = UUID(arguments["shop"])
    if approval.act == ApprovedAct.MAKE_API_KEY:
        until = arguments["valid until"]
        return make_api_key(
            shop_id=shop_id,
            label=arguments["label"],
            scopes=arguments["scopes"].split(),
            expires_at=datetime.fromisoformat(until) if until else None,
            reason=approval.reason,
            cause=cause,
        )
    return rotate_secret(
        shop_id=shop_id,
        overlap=timedelta(hours=int(arguments["overlap in hours"])),
        reason=approval.reason,
        cause=cause,
        now=now,
    )
