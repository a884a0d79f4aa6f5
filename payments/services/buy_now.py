"""Buy Now: accept it once, whatever it takes, however often it is pressed.

Accepting stores the purchase, its event and the exact call to the PSP in one statement, before
anything is sent. payments.services.carry takes it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Subquery
from django.urls import reverse

from payments.crash_points import CrashPoint, passing
from payments.domain.lifecycle import Phase, PurchaseStatus, SessionStatus
from payments.domain.orders import Obstacle, obstacle
from payments.models import PaymentSession, PspCall, Purchase, Shop, new_idempotency_key
from payments.psp import psp_client
from payments.services import due
from payments.services.calls import staged_call
from payments.services.inserts import insert_together
from payments.services.refusals import (
    CheckoutEnded,
    CheckoutUnknown,
    NotRegistered,
    OrderAlreadyPaid,
    OutcomeInDoubt,
    PurchaseInProgress,
    TokenMismatch,
)
from payments.services.timeline import Cause, event
from psp_clients.contract import ConfirmRequest


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A purchase, and the call to carry out if this press was the first."""

    purchase: Purchase
    call: PspCall | None


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

    With `carried_by_caller` the caller holds the lease and makes the PSP call itself; otherwise
    the purchase is due for a worker at once.

    Raises CheckoutUnknown, TokenMismatch, NotRegistered, CheckoutEnded, PurchaseInProgress,
    OutcomeInDoubt, OrderAlreadyPaid; each of them changes nothing.
    """
    with transaction.atomic(durable=True):
        session, purchases = _lock_order(shop, checkout_id)
        if session.status == SessionStatus.CREATED:
            raise NotRegistered
        if session.psp_token is None:
            raise CheckoutEnded(session.status)
        if session.psp_token != psp_token:
            raise TokenMismatch
        own = next((p for p in purchases if p.session_id == session.pk), None)
        if own is not None:
            return Acceptance(_press_again(own, session, cause), None)
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


def _lock_order(shop: Shop, checkout_id: str) -> tuple[PaymentSession, list[Purchase]]:
    """Lock all sessions of the checkout's order, then read their purchases afresh.

    Two statements on purpose: what a join reads beside a locked row is as old as the statement,
    and would not show the purchase that the lock's last holder has just stored.
    """
    own_order = PaymentSession.objects.filter(
        ~Q(order_reference=""), shop=shop, checkout_id=checkout_id
    ).values("order_reference")
    sessions = list(
        PaymentSession.objects.select_for_update(no_key=True)
        .filter(Q(checkout_id=checkout_id) | Q(order_reference=Subquery(own_order)), shop=shop)
        .order_by("pk")
    )
    session = next((s for s in sessions if s.checkout_id == checkout_id), None)
    if session is None:
        raise CheckoutUnknown
    session.shop = shop
    return session, list(Purchase.objects.filter(session__in=[s.pk for s in sessions]))


def _press_again(purchase: Purchase, session: PaymentSession, cause: Cause) -> Purchase:
    purchase.session = session
    purchase.presses += 1
    Purchase.objects.filter(pk=purchase.pk).update(presses=F("presses") + 1)
    insert_together(event(session, "buy_now.pressed_again", cause, purchase=purchase))
    return purchase


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
    purchase = Purchase(
        session=session,
        shop=session.shop,
        order_reference=session.order_reference,
        purchase_info=dict(purchase_info),
        amount=session.amount,
        currency=session.currency,
        phase=Phase.SUBMITTING,
        phase_since=now,
        due_at=now,
        leased_until=due.lease_end(now) if carried_by_caller else None,
    )
    purchase.status = PurchaseStatus.STARTED
    prepared = psp_client(session.psp).prepare_confirm(
        purchase.psp_reference,
        ConfirmRequest(
            money=session.money,
            purchase_info=purchase_info,
            redirect_url=session.return_url,
            webhook_url=settings.BPS_PUBLIC_URL + reverse("webhook", args=[session.psp]),
        ),
        key=new_idempotency_key(),
    )
    call = staged_call(prepared, session, purchase=purchase)
    if carried_by_caller:
        # The send follows at once. Should this process die in between, "may have been sent" is
        # the safe reading.
        call.first_sent_at = call.last_sent_at = now
        call.sends = 1
    started = event(
        session, "purchase.started", cause, purchase=purchase, phase_after=Phase.SUBMITTING
    )
    insert_together(started, purchase, call)
    return Acceptance(purchase, call)
