"""Does what is called for by money that is taken or held late, or a second time for an order."""

from __future__ import annotations

from datetime import datetime

from payments.domain.lifecycle import FAILED_PHASES, Phase
from payments.domain.orders import LateSuccess, SuccessStep, after_success
from payments.models import Capture, CaseKind, Event, Purchase, RefundOrigin
from payments.services.stage_refund import left_to_refund, stage_refund
from payments.services.timeline import open_case, resolved_case
from psp_clients.contract import PspError


def act_on_success(
    purchase: Purchase, before: Phase, rivals: list[Purchase], now: datetime
) -> None:
    """Do what the gate has yet to do about a success that it has just recorded.

    `before` is the phase that it found, `rivals` are the order's other purchases, all locked. A
    case tells of it: open while a person or a refund has yet to settle it.
    """
    step = after_success(
        before=before,
        surplus=purchase.surplus,
        other_charge_is_kept=any(
            rival.phase == Phase.CAPTURED and left_to_refund(rival) > 0 for rival in rivals
        ),
        policy=LateSuccess(purchase.shop.late_success),
    )
    if step is SuccessStep.NOTHING:
        return
    kind = CaseKind.SURPLUS if purchase.surplus else CaseKind.LATE_SUCCESS
    found = (
        f"Order {purchase.order_reference} was paid already: this charge is one too many."
        if purchase.surplus
        else f"Charged after the purchase had ended as {before}."
    )
    if step is SuccessStep.ACCEPT:
        resolved_case(purchase, kind, found, "Accepted by the shop's policy.", now=now)
        return
    open_case(purchase.session, kind, f"{found} {_what_is_done(purchase, step, now)}", purchase)


def act_on_reservation(purchase: Purchase) -> None:
    """Open a case where the PSP holds money for a purchase that has failed, and is locked.

    Nobody here could capture or void it. Where the reservation was known before the end, this is
    old news of it, and nothing is done.
    """
    failed = purchase.phase in FAILED_PHASES and purchase.session.capture == Capture.MANUAL
    known = Event.objects.filter(purchase=purchase, phase_after=Phase.AUTHORIZED)
    if not failed or known.exists():
        return
    open_case(
        purchase.session,
        CaseKind.CONFLICTING_REPORT,
        f"The purchase ended as {purchase.phase}, and the PSP now says that it has reserved the "
        f"shopper's {purchase.amount} {purchase.currency}. Nothing will be taken. If it is still "
        "reserved there, let it go in the PSP's own pages.",
        purchase,
    )


def _what_is_done(purchase: Purchase, step: SuccessStep, now: datetime) -> str:
    if step is SuccessStep.ASK:
        return "Decide whether to keep it or to give it back."
    origin = RefundOrigin.SURPLUS if purchase.surplus else RefundOrigin.LATE_SUCCESS
    try:
        stage_refund(purchase, purchase.captured_money, origin=origin, now=now)
    except PspError as error:
        return f"It has to be given back by hand: the PSP's client refuses ({error})."
    return "It is being given back."
