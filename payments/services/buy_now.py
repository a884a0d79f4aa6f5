"""Buy Now: accept it once, whatever it takes, however often it is pressed.

Accepting stores the purchase, its event and the exact call to the PSP in one statement, before
anything is sent. Where the PSP's own page charges there is no call: the shopper's click there was
or will be the purchase, and the PSP is only asked. payments.services.carry takes it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from payments.crash_points import CrashPoint, passing
from payments.domain.lifecycle import Phase, SessionStatus
from payments.domain.orders import Obstacle, obstacle
from payments.models import PaymentSession, PspCall, Purchase, Shop, new_idempotency_key
from payments.psp import psp_client
from payments.services import due, settle
from payments.services.calls import staged_call
from payments.services.inserts import insert_together
from payments.services.order_lock import lock_order
from payments.services.refusals import (
    CheckoutEnded,
    NotRegistered,
    OrderAlreadyPaid,
    OutcomeInDoubt,
    PurchaseInProgress,
    TokenMismatch,
)
from payments.services.timeline import Cause, event
from psp_clients.contract import ConfirmMode, ConfirmRequest


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A purchase, whether this press began a try of it, and the call to carry out if any."""

    purchase: Purchase
    call: PspCall | None = None
    begins: bool = False


def accept_buy_now(
    *,
    shop: Shop,
    checkout_id: str,
    psp_token: str,
    purchase_info: Mapping[str, Any],
    carried_by_caller: bool,
    cause: Cause,
    now: datetime,
) -> Acceptance:
    """Store the purchase of a checkout, or find the one that an earlier press stored.

    Where that one was declined for now, this press is another try of it, with a call and a key of
    its own. Of any number of presses one makes it: the others find it under way.

    With `carried_by_caller` the caller holds the lease and makes the PSP call itself; otherwise
    the purchase is due for a worker at once.

    Raises CheckoutUnknown, TokenMismatch, NotRegistered, CheckoutEnded, PurchaseInProgress,
    OutcomeInDoubt, OrderAlreadyPaid; each of them changes nothing.
    """
    with transaction.atomic(durable=True):
        session, purchases = lock_order(shop, checkout_id)
        if session.status == SessionStatus.CREATED:
            raise NotRegistered
        if session.psp_token is None:
            raise CheckoutEnded(session.status)
        if session.psp_token != psp_token:
            raise TokenMismatch
        own = next((p for p in purchases if p.session_id == session.pk), None)
        if own is not None:
            press = _press_again(own, session, purchase_info, cause)
            if not own.may_be_tried_again(now):
                return press
            # A purchase that had ended may have been charged late since.
            _refuse_if_order_is_taken([other for other in purchases if other is not own])
            acceptance = _try_again(own, carried_by_caller=carried_by_caller, now=now)
        else:
            # First, since it says more: a newer checkout of the order has ended this one, too.
            _refuse_if_order_is_taken(purchases)
            _refuse_unless_open(session, now)
            acceptance = _store(
                session, purchase_info, carried_by_caller=carried_by_caller, cause=cause, now=now
            )
    passing(CrashPoint.AFTER_INTENT_COMMIT)
    if not carried_by_caller:
        due.hint()
    return acceptance


def _press_again(
    purchase: Purchase, session: PaymentSession, purchase_info: Mapping[str, Any], cause: Cause
) -> Acceptance:
    """Count the press. Of a purchase that began on the PSP's page, it tells what was bought."""
    purchase.session = session
    purchase.presses += 1
    told: dict[str, Any] = {}
    if not purchase.purchase_info:
        told["purchase_info"] = purchase.purchase_info = dict(purchase_info)
    Purchase.objects.filter(pk=purchase.pk).update(presses=F("presses") + 1, **told)
    insert_together(event(session, "buy_now.pressed_again", cause, purchase=purchase))
    return Acceptance(purchase)


def _try_again(purchase: Purchase, *, carried_by_caller: bool, now: datetime) -> Acceptance:
    """Store another call for a purchase of which each call so far was declined for now."""
    again = {
        "awaits_shopper": False,
        "reason_code": "",
        "reason_text": "",
        "polls": 0,
        "due_at": now,
        "leased_until": due.lease_end(now) if carried_by_caller else None,
    }
    Purchase.objects.filter(pk=purchase.pk).update(**again, updated_at=now)
    for name, value in again.items():
        setattr(purchase, name, value)
    call = _staged(purchase, sent_at=now if carried_by_caller else None)
    insert_together(call)
    return Acceptance(purchase, call, begins=True)


def _refuse_unless_open(session: PaymentSession, now: datetime) -> None:
    if session.status != SessionStatus.REGISTERED:
        raise CheckoutEnded(session.status)
    if session.cancel_requested_at is not None:
        raise CheckoutEnded(SessionStatus.CANCELLED)
    if session.expires_at <= now:
        raise CheckoutEnded(SessionStatus.EXPIRED)


def _refuse_if_order_is_taken(purchases: list[Purchase]) -> None:
    for other in purchases:
        match obstacle(Phase(other.phase)):
            case Obstacle.PAID:
                raise OrderAlreadyPaid(other)
            case Obstacle.IN_DOUBT:
                raise OutcomeInDoubt(other)
            case Obstacle.IN_PROGRESS:
                raise PurchaseInProgress(other)


def _store(
    session: PaymentSession,
    purchase_info: Mapping[str, Any],
    *,
    carried_by_caller: bool,
    cause: Cause,
    now: datetime,
) -> Acceptance:
    reads = psp_client(session.psp).capabilities.confirm_mode is ConfirmMode.READS
    phase = Phase.PENDING if reads else Phase.SUBMITTING
    purchase = settle.newborn(
        session,
        phase=phase,
        purchase_info=dict(purchase_info),
        now=now,
        due_at=now,
        leased_until=due.lease_end(now) if carried_by_caller else None,
    )
    started = event(session, "purchase.started", cause, purchase=purchase, phase_after=phase)
    if reads:
        insert_together(started, purchase)
        return Acceptance(purchase, begins=True)
    call = _staged(purchase, sent_at=now if carried_by_caller else None)
    insert_together(started, purchase, call)
    return Acceptance(purchase, call, begins=True)


def _staged(purchase: Purchase, *, sent_at: datetime | None) -> PspCall:
    """Return the exact call that makes the PSP charge, yet to be inserted.

    With `sent_at` the send follows at once. Should this process die in between, "may have been
    sent" is the safe reading.
    """
    session = purchase.session
    prepared = psp_client(session.psp).prepare_confirm(
        purchase.psp_reference,
        ConfirmRequest(
            money=session.money,
            purchase_info=purchase.purchase_info,
            redirect_url=session.return_url,
            webhook_url=settings.BPS_PUBLIC_URL + reverse("webhook", args=[session.psp]),
        ),
        key=new_idempotency_key(),
    )
    call = staged_call(prepared, session, purchase=purchase)
    call.first_sent_at = call.last_sent_at = sent_at
    call.sends = 1 if sent_at else 0
    return call
