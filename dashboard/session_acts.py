"""What staff can do to one session and its purchase, as a table, and which of it fits now."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404
from django.urls import reverse

from dashboard.act_forms import AmountForm, ReasonForm
from dashboard.acts import Act
from payments import selectors
from payments.domain import roles
from payments.domain.lifecycle import Phase, SessionStatus
from payments.domain.money import with_digits_of
from payments.models import Approval, Capture, PaymentSession, Purchase
from payments.services import staff_money, staff_session
from payments.services.look_up import can_look_at_page
from payments.services.refusals import NothingReserved, NothingToRefund
from payments.services.stage_refund import left_to_refund


def session_or_404(session_id: UUID | None) -> PaymentSession:
    """Return a session with purchase and shop. Raises Http404."""
    found = selectors.session_by_id(session_id) if session_id else None
    if found is None:
        raise Http404("There is no such session.")
    return found


def _purchase(session: PaymentSession) -> Purchase | None:
    purchase = selectors.purchase_of(session)
    if purchase is not None:
        purchase.session, purchase.shop = session, session.shop
    return purchase


def _page_of(session: PaymentSession) -> str:
    return reverse("mid-office:session", args=[session.pk])


def _amount(form: ReasonForm) -> Decimal | None:
    return cast("Decimal | None", form.cleaned_data["amount"])


def _ask(by: User, session: PaymentSession, form: ReasonForm, now: datetime) -> str:
    reason = form.cleaned_data["reason"]
    report = staff_session.ask_psp(by=by, session=session, reason=reason, now=now)
    if report is None:
        return "The PSP could not be asked. The timeline says why."
    return f"The PSP says: {report.state}."


def _refund(by: User, session: PaymentSession, form: ReasonForm, now: datetime) -> str:
    purchase = _purchase(session)
    if purchase is None:
        raise NothingToRefund
    made = staff_money.refund(
        by=by,
        purchase=purchase,
        amount=_amount(form),
        reason=form.cleaned_data["reason"],
        form_key=form.key,
        now=now,
    )
    if isinstance(made, Approval):
        return "Above the shop's limit: nothing is given back until a second person agrees."
    return f"{made.amount} {made.currency} is being given back ({made})."


def _capture(by: User, session: PaymentSession, form: ReasonForm, now: datetime) -> str:
    purchase = _purchase(session)
    if purchase is None:
        raise NothingReserved
    made = staff_money.capture(
        by=by,
        purchase=purchase,
        amount=_amount(form),
        reason=form.cleaned_data["reason"],
        form_key=form.key,
        now=now,
    )
    return f"{made.amount} {made.currency} is being captured ({made})."


def _void(by: User, session: PaymentSession, form: ReasonForm, now: datetime) -> str:
    purchase = _purchase(session)
    if purchase is None:
        raise NothingReserved
    reason = form.cleaned_data["reason"]
    made = staff_money.void(by=by, purchase=purchase, reason=reason, now=now)
    return f"{made.amount} {made.currency} is being let go ({made})."


def _cancel(by: User, session: PaymentSession, form: ReasonForm, now: datetime) -> str:
    reason = form.cleaned_data["reason"]
    cancelled = staff_session.cancel(by=by, session=session, reason=reason, now=now)
    if cancelled.status == SessionStatus.CANCELLED:
        return "Cancelled: nothing can be charged on it any more."
    return "Asked for. The PSP has yet to confirm that nothing can be charged."


def _facts(session: PaymentSession) -> list[tuple[str, str]]:
    facts = [
        ("Checkout", session.checkout_id),
        ("Order", session.order_reference),
        ("Shop", session.shop.name),
        ("PSP", session.psp),
        ("Registered", f"{session.amount} {session.currency}"),
    ]
    return [(name, words) for name, words in facts if words]


def _facts_and_what_is_left(session: PaymentSession) -> list[tuple[str, str]]:
    purchase = _purchase(session)
    if purchase is None:
        return _facts(session)
    left = left_to_refund(purchase)
    sums = {
        "Captured": purchase.captured_amount,
        "Given back or on its way": purchase.captured_amount - left,
        "Left": left,
    }
    in_words = [
        (name, f"{with_digits_of(purchase.amount, total)} {purchase.currency}")
        for name, total in sums.items()
    ]
    return _facts(session) + in_words


def _who_must_agree(session: PaymentSession) -> list[str]:
    if _purchase(session) is None:
        return ["Nobody has bought: there is nothing to give back."]
    limit = session.shop.refund_limit(session.currency)
    return [] if limit is None else [f"Above {limit} in all, a second person must agree."]


def _in(session: PaymentSession) -> dict[str, Any]:
    return {"currency": session.currency}


def _act(
    name: str, title: str, permission: str, perform: Any, *, facts: Any = _facts, **more: Any
) -> Act:
    return Act(
        name=name,
        title=title,
        permission=permission,
        perform=perform,
        find=session_or_404,
        session_id=lambda session: session.pk,
        back=_page_of,
        facts=facts,
        **more,
    )


ASK: Final = _act(
    "ask-the-psp",
    "Ask the PSP now",
    roles.ASK,
    _ask,
    what_happens=lambda _: ["The PSP is asked what is true now, and its word is applied."],
)
REFUND: Final = _act(
    "refund",
    "Refund",
    roles.REFUND,
    _refund,
    facts=_facts_and_what_is_left,
    what_happens=_who_must_agree,
    form=AmountForm,
    form_options=_in,
    moves_money=True,
)
CAPTURE: Final = _act(
    "capture",
    "Capture",
    roles.CAPTURE,
    _capture,
    what_happens=lambda _: ["It is captured once: what is not captured is let go."],
    form=AmountForm,
    form_options=_in,
    moves_money=True,
)
VOID: Final = _act(
    "void",
    "Void",
    roles.VOID,
    _void,
    what_happens=lambda session: [
        f"{session.amount} {session.currency} is let go: nothing of it is ever taken."
    ],
    moves_money=True,
)
CANCEL: Final = _act(
    "cancel-session",
    "Cancel the session",
    roles.CANCEL,
    _cancel,
    what_happens=lambda _: [
        "The PSP is asked to end it, so that nothing can be charged; Buy Now is refused at once."
    ],
)
SESSION_ACTS: Final = (ASK, REFUND, CAPTURE, VOID, CANCEL)


def acts_that_fit(session: PaymentSession, by: User) -> list[tuple[str, str]]:
    """Return the title and address of each act that somebody may do to a session as it stands."""
    purchase = _purchase(session)
    fitting = [act for act in SESSION_ACTS if _fits(act, session, purchase)]
    return [
        (act.title, reverse(f"mid-office:{act.name}", args=[session.pk]))
        for act in fitting
        if by.has_perm(f"payments.{act.permission}")
    ]


def _fits(act: Act, session: PaymentSession, purchase: Purchase | None) -> bool:
    if purchase is None:
        may_end = act is CANCEL and session.status == SessionStatus.REGISTERED
        return may_end or (act is ASK and can_look_at_page(session))
    is_reserved = purchase.phase == Phase.AUTHORIZED
    if act is REFUND:
        return purchase.phase == Phase.CAPTURED and left_to_refund(purchase) > 0
    if act is CAPTURE:
        return is_reserved and session.capture == Capture.MANUAL
    return act is ASK or (act is VOID and is_reserved)
