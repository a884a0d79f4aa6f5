"""Registers a checkout at a PSP, once per checkout id.

The session and the exact call are stored before anything is sent, so that a registration cut
off anywhere is continued by whoever asks again, or by a worker, with the same key and bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from payments.circuit import Circuit
from payments.domain.answers import NOTHING_HAPPENED, CallOutcome
from payments.domain.lifecycle import Phase, SessionStatus
from payments.domain.orders import Obstacle, obstacle
from payments.domain.schedule import SESSION_LIFETIME
from payments.models import (
    CaseKind,
    CauseKind,
    PaymentSession,
    PspCall,
    Purchase,
    Shop,
    new_idempotency_key,
)
from payments.psp import Answer, ask, page_charges, psp_client
from payments.services import due
from payments.services.calls import (
    claim_send,
    record_answer,
    staged_call,
    wait_before_next_send,
)
from payments.services.earlier_sessions import end_earlier_sessions_of_the_order
from payments.services.inserts import insert_together
from payments.services.refusals import (
    CheckoutConflict,
    NoPspFits,
    OrderAlreadyPaid,
    OutcomeInDoubt,
    PspRefused,
    PspUnavailable,
    ReturnUrlRefused,
)
from payments.services.timeline import Cause, event, open_case
from psp_clients.contract import Money, Operation, RegisteredSession, SessionRequest

ASK_AGAIN_AFTER: Final = timedelta(seconds=2)
# The PSP may yet register the session, so asking again with the same key goes on.
UNDECIDED: Final = (*NOTHING_HAPPENED, CallOutcome.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Checkout:
    """What a shop registers, validated in form but not yet against the shop's settings."""

    checkout_id: str
    money: Money
    return_url: str
    buy_now_url: str
    psp: str = ""
    order_reference: str = ""
    locale: str = "en"
    capture: str = "automatic"
    metadata: dict[str, str] = field(default_factory=dict)
    lifetime: timedelta = SESSION_LIFETIME


def register_session(
    *, shop: Shop, checkout: Checkout, cause: Cause, now: datetime
) -> tuple[PaymentSession, bool]:
    """Register a checkout, or return the session that an earlier request registered.

    The second value tells whether this request made the session. Raises ReturnUrlRefused,
    NoPspFits, CheckoutConflict, OrderAlreadyPaid, OutcomeInDoubt (these change nothing),
    PspUnavailable (asking again continues) and PspRefused (the session has failed).
    """
    _refuse_foreign_urls(shop, checkout)
    psps = _psps_that_fit(shop, checkout)
    session = PaymentSession.objects.filter(shop=shop, checkout_id=checkout.checkout_id).first()
    made = session is None
    if session is None:
        _refuse_if_order_is_taken(shop, checkout)
        session, made = _store(shop, checkout, _first_choice(psps), cause, now)
    _refuse_other_content(session, checkout)
    if session.status == SessionStatus.CREATED:
        if not made:
            _take_over(session, now)
        session = _register_somewhere(session, psps, now)
    if made:
        end_earlier_sessions_of_the_order(session, now)
    return session, made


def continue_registration(session_id: UUID, *, now: datetime) -> None:
    """Take up a registration whose request died or found no PSP; give up once it has expired."""
    session = PaymentSession.objects.select_related("shop").get(pk=session_id)
    if session.expires_at <= now:
        _fail(session, "No PSP could be reached in time.", Cause(CauseKind.CLOCK))
        return
    try:
        _register_somewhere(session, [session.psp], now)
    except (PspUnavailable, PspRefused):
        return


def _take_over(session: PaymentSession, now: datetime) -> None:
    """Take the lease of a registration that was cut off; refuse while another holds it."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    taken = PaymentSession.objects.filter(free, pk=session.pk).update(
        leased_until=due.lease_end(now)
    )
    if not taken:
        raise PspUnavailable(ASK_AGAIN_AFTER)


def _refuse_foreign_urls(shop: Shop, checkout: Checkout) -> None:
    for name in ("return_url", "buy_now_url"):
        parts = urlsplit(getattr(checkout, name))
        if f"{parts.scheme}://{parts.netloc}" not in shop.return_origins:
            raise ReturnUrlRefused(name, "its origin is not on the shop's allow-list")


def _psps_that_fit(shop: Shop, checkout: Checkout) -> list[str]:
    """Return the PSPs to try, in order. Raises NoPspFits."""
    routed = [name for name in shop.psps_for(checkout.money.currency) if name in settings.BPS_PSPS]
    wanted = [name for name in routed if checkout.psp in ("", name)]
    able = [
        name
        for name in wanted
        if checkout.money.currency in psp_client(name).capabilities.currencies
        and (checkout.capture == "automatic" or psp_client(name).capabilities.manual_capture)
    ]
    if not able:
        raise NoPspFits
    return able


def _first_choice(psps: list[str]) -> str:
    """Return the first PSP whose circuit is closed; the first of all where none is.

    Then nothing is sent, the shop is told to ask again, and a worker does so of itself: a circuit
    stays open for seconds, and a checkout that was stored is not lost.
    """
    return next((name for name in psps if not Circuit(name).is_open()), psps[0])


def _refuse_if_order_is_taken(shop: Shop, checkout: Checkout) -> None:
    """Refuse a new checkout for an order that is paid, or may be."""
    if not checkout.order_reference:
        return
    for other in Purchase.objects.filter(shop=shop, order_reference=checkout.order_reference):
        match obstacle(Phase(other.phase)):
            case Obstacle.PAID:
                raise OrderAlreadyPaid(other)
            case Obstacle.IN_DOUBT:
                raise OutcomeInDoubt(other)


def _store(
    shop: Shop, checkout: Checkout, psp: str, cause: Cause, now: datetime
) -> tuple[PaymentSession, bool]:
    """Store session, event and call; or return what another request stored at the same time."""
    session = PaymentSession(
        shop=shop,
        checkout_id=checkout.checkout_id,
        order_reference=checkout.order_reference,
        psp=psp,
        amount=checkout.money.amount,
        currency=checkout.money.currency,
        capture=checkout.capture,
        return_url=checkout.return_url,
        buy_now_url=checkout.buy_now_url,
        locale=checkout.locale,
        metadata=checkout.metadata,
        expires_at=due.sooner(now + checkout.lifetime, now),
        # Due once the lease of this request lapses, should it die.
        due_at=now,
        leased_until=due.lease_end(now),
    )
    try:
        with transaction.atomic(durable=True):
            insert_together(
                session,
                event(session, "session.created", cause, psp=psp),
                _prepared(session),
            )
    except IntegrityError:
        earlier = PaymentSession.objects.get(shop=shop, checkout_id=checkout.checkout_id)
        return earlier, False
    return session, True


def _prepared(session: PaymentSession) -> PspCall:
    request = SessionRequest(
        reference=session.reference,
        checkout_id=session.checkout_id,
        money=session.money,
        return_url=_return_url(session),
        webhook_url=settings.BPS_PUBLIC_URL + reverse("webhook", args=[session.psp]),
        expires_at=session.expires_at,
        locale=session.locale,
        capture=session.capture,
        metadata=session.metadata,
    )
    call = psp_client(session.psp).prepare_register(request, key=new_idempotency_key())
    return staged_call(call, session)


def _return_url(session: PaymentSession) -> str:
    """Return where the PSP's page sends the shopper: where Buy Now is, be it there already.

    Where the page itself charges that is to us, who ask what happened there.
    """
    if not page_charges(session.psp):
        return session.buy_now_url
    return settings.BPS_PUBLIC_URL + reverse("return", args=[session.public_token])


def _refuse_other_content(session: PaymentSession, checkout: Checkout) -> None:
    compared = {
        "amount": (session.amount, checkout.money.amount),
        "currency": (session.currency, checkout.money.currency),
        "order_reference": (session.order_reference, checkout.order_reference),
        "return_url": (session.return_url, checkout.return_url),
        "buy_now_url": (session.buy_now_url, checkout.buy_now_url),
        "capture": (session.capture, checkout.capture),
        "locale": (session.locale, checkout.locale),
        "metadata": (session.metadata, checkout.metadata),
    }
    differing = [name for name, (ours, theirs) in compared.items() if ours != theirs]
    if differing:
        raise CheckoutConflict(differing)


def _register_somewhere(session: PaymentSession, psps: list[str], now: datetime) -> PaymentSession:
    """Try the session's PSP, then the others in order, as long as nothing can have happened.

    Going on to the next PSP is safe here and only here: without a token nobody can have paid.
    The caller holds the session's lease.
    """
    following = psps[psps.index(session.psp) + 1 :] if session.psp in psps else []
    while True:
        call = PspCall.objects.filter(session=session, operation=Operation.REGISTER).latest("pk")
        answer = _register_once(session, call, now)
        if answer.result is not None:
            return _record(session, call, answer, timezone.now())
        if answer.outcome not in NOTHING_HAPPENED or not following:
            break
        session = _move_to_next(session, call, answer, following.pop(0))
    _record_failure(session, call, answer, timezone.now())
    if answer.outcome in UNDECIDED:
        raise PspUnavailable(answer.retry_after or ASK_AGAIN_AFTER)
    raise PspRefused


def _register_once(
    session: PaymentSession, call: PspCall, now: datetime
) -> Answer[RegisteredSession]:
    window = psp_client(session.psp).capabilities.key_window
    if not claim_send(call, now=now, key_window=window):
        # Nobody was given a token, so nobody can pay on what the PSP may have registered.
        why = "Unanswered for so long that the PSP may have forgotten the key."
        _fail(session, why, Cause(CauseKind.PSP_CALL, str(call.pk)))
        raise PspRefused
    prepared = call.prepared
    return ask(session.psp, lambda client: client.register(prepared))


def _record(
    session: PaymentSession, call: PspCall, answer: Answer[RegisteredSession], now: datetime
) -> PaymentSession:
    """Record the token, unless another request has already done so."""
    registered = answer.result
    if registered is None:
        raise ValueError("there is nothing to record")
    with transaction.atomic(durable=True):
        locked = PaymentSession.objects.select_for_update(no_key=True).get(pk=session.pk)
        record_answer(call, answer, now=now)
        if locked.status != SessionStatus.CREATED or locked.psp != call.psp:
            return locked
        locked.status = SessionStatus.REGISTERED
        locked.psp_token = registered.psp_token
        locked.purchase_url = registered.purchase_url
        # Whichever ends first: after that nobody can pay.
        locked.expires_at = min(locked.expires_at, registered.expires_at or locked.expires_at)
        locked.due_at, locked.leased_until = locked.expires_at, None
        locked.save(
            update_fields=[
                "status",
                "expires_at",
                "psp_token",
                "purchase_url",
                "due_at",
                "leased_until",
                "updated_at",
            ]
        )
        cause = Cause(CauseKind.PSP_CALL, str(call.pk))
        insert_together(event(locked, "session.registered", cause, psp=locked.psp))
    locked.shop = session.shop
    return locked


def _record_failure(
    session: PaymentSession, call: PspCall, answer: Answer[RegisteredSession], now: datetime
) -> None:
    """Record an answer without a token: the session stays due, or fails where it is refused."""
    with transaction.atomic(durable=True):
        record_answer(call, answer, now=now)
        again_at = due.sooner(now + wait_before_next_send(call, answer), now)
        due.release("session", session.pk, due_at=min(again_at, session.expires_at))
    if answer.outcome not in UNDECIDED:
        _fail(session, str(answer.error)[:500], Cause(CauseKind.PSP_CALL, str(call.pk)))


def _fail(session: PaymentSession, why: str, cause: Cause) -> None:
    with transaction.atomic(durable=True):
        locked = PaymentSession.objects.select_for_update(no_key=True).get(pk=session.pk)
        if locked.status != SessionStatus.CREATED:
            return
        locked.status = SessionStatus.FAILED
        locked.due_at = locked.leased_until = None
        locked.save(update_fields=["status", "due_at", "leased_until", "updated_at"])
        insert_together(event(locked, "session.failed", cause, why=why))
        if cause.kind == CauseKind.PSP_CALL:
            open_case(locked, CaseKind.REFUSED_BY_PSP, why, None)


def _move_to_next(
    session: PaymentSession, call: PspCall, answer: Answer[RegisteredSession], psp: str
) -> PaymentSession:
    """Turn to the next PSP, with a call and a key of its own."""
    with transaction.atomic(durable=True):
        record_answer(call, answer, now=timezone.now())
        locked = PaymentSession.objects.select_for_update(no_key=True).get(pk=session.pk)
        locked.psp = psp
        locked.save(update_fields=["psp", "updated_at"])
        cause = Cause(CauseKind.PSP_CALL, str(call.pk))
        rerouted = event(locked, "session.rerouted", cause, before=session.psp, psp=psp)
        insert_together(rerouted, _prepared(locked))
    locked.shop = session.shop
    return locked
