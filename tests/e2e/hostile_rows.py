"""Rows by which the mid-office shows all that it can, in hostile and endless words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from dashboard.models import SavedView
from payments.domain.lifecycle import Phase
from payments.models import (
    CauseKind,
    InvariantCheck,
    PaymentSession,
    Shop,
    ShopApiKey,
)
from tests.builders import (
    make_approval,
    make_case,
    make_discrepancy,
    make_event,
    make_instruction,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_receipt,
    make_refund,
    make_run,
    make_session,
    make_shop,
    make_staff_event,
    make_user,
)
from tests.hostile_words import HOSTILE

# As much as a PSP may send. No space in it lets a browser break the line.
ENDLESS: Final = HOSTILE + "x" * 10_000


def make_hostile_rows(user: User) -> dict[str, UUID]:
    """Return the keys of rows, by the first folder of their pages, or the name of one page.

    `user` has saved a view, and asked for a secret that somebody else has agreed to.
    """
    shop = _shop()
    session = _session(shop)
    reserved = _session_of_another_kind(shop)
    run = make_run(
        is_dry=True,
        asked_by=HOSTILE,
        error=HOSTILE + "x" * 400,
        statement_name=HOSTILE,
        found={"fee": 1},
        preview=[{"kind": "fee", **dict.fromkeys(("ours", "theirs", "psp_reference"), HOSTILE)}],
    )
    make_run(state="running", error=HOSTILE, due_at=timezone.now())
    _board(session)
    _the_days_before()
    SavedView.objects.create(user=user, list_name="sessions", name=HOSTILE, query="")
    waiting = make_approval(session, reason=HOSTILE, arguments={"resolution": HOSTILE})
    return {
        "sessions": session.pk,
        "capture": reserved.pk,
        "void": reserved.pk,
        "receipts": make_receipt(
            session,
            event_type=HOSTILE,
            event_id=HOSTILE,
            note=HOSTILE + "y" * 200,
            headers={"x": HOSTILE},
            body=b"\0\xff" + ENDLESS.encode(),
        ).pk,
        "notifications": make_notification_try(session, error=HOSTILE).notification_id,
        "cases": make_case(session, detail=ENDLESS).pk,
        "approvals": waiting.pk,
        "carry-out": _agreed(user, shop),
        "shops": shop.pk,
        "reconciliations": run.pk,
        "discrepancies": make_discrepancy(
            session, ours=HOSTILE, theirs="y" * 200, psp_reference=HOSTILE + "z" * 200
        ).pk,
    }


def _shop() -> Shop:
    shop = make_shop(
        name=HOSTILE,
        notification_url="https://shop.example/" + "y" * 100,
        notification_secrets=["whsec_new", "whsec_old"],
        refund_limits={"EUR": "10.00"},
    )
    ShopApiKey.objects.create_key(name=HOSTILE, shop=shop)
    make_staff_event(
        shop=shop,
        actor=HOSTILE,
        subject=HOSTILE,
        data={"reason": HOSTILE, "before": {}, "after": {"routing": ENDLESS}},
    )
    return shop


def _session(shop: Shop) -> PaymentSession:
    """Return a session of which everything happened."""
    purchase = make_purchase(
        make_session(
            shop=shop,
            checkout_id=HOSTILE,
            order_reference=HOSTILE,
            psp_token=HOSTILE + "x" * 200,
            status="completed",
        ),
        phase=Phase.CAPTURED,
        surplus=True,
        reason_text=HOSTILE + "x" * 400,
        payment_reference=HOSTILE,
        purchase_info={"customer_reference": HOSTILE, "items": [{"name": ENDLESS}]},
    )
    session = purchase.session
    call = make_psp_call(session, answer={"message": ENDLESS}, error=HOSTILE)
    make_event(session, "session.registered")
    make_event(session, "purchase.started", phase_after=Phase.SUBMITTING)
    make_event(
        session,
        cause_kind=CauseKind.PSP_CALL,
        cause_id=str(call.pk),
        phase_before=Phase.SUBMITTING,
        phase_after=Phase.CAPTURED,
        data={"psp_word": ENDLESS},
    )
    make_event(session, "case.annotated", cause_kind=CauseKind.STAFF, actor=HOSTILE)
    make_refund(purchase, reason=HOSTILE + "z" * 300, refund_reference=HOSTILE)
    return session


def _session_of_another_kind(shop: Shop) -> PaymentSession:
    """Return a session whose amount is reserved, and of which the PSP refused to take it."""
    session = make_session(shop=shop, checkout_id=f"2{HOSTILE}", capture="manual")
    purchase = make_purchase(session, phase=Phase.AUTHORIZED, created_at=_days_ago(2))
    make_instruction(purchase, state="failed", due_at=None, why=HOSTILE)
    return session


def _board(session: PaymentSession) -> None:
    """Let a look at the invariants have found every verdict."""
    finding = {"session": str(session.pk), "kind": "event", "id": "7", "why": ENDLESS}
    InvariantCheck.objects.create(
        checked_at=timezone.now(),
        changed_since=timezone.now(),
        duration_ms=7,
        sessions=1,
        complete=False,
        results=[
            {"id": "I4", "verdict": "violated", "findings": [finding], "cut_off": True},
            {"id": "I5", "verdict": "unknown", "unknown_because": "no time was left"},
            {"id": "I7", "verdict": "held"},
        ],
    )


def _the_days_before() -> None:
    """Let the home have something to draw, to warn of, and to be at risk in two currencies."""
    for currency, amount in (("EUR", "19.99"), ("JPY", "123456789012")):
        session = make_session(currency=currency, amount=amount)
        make_purchase(session, phase=Phase.IN_DOUBT, created_at=_days_ago(2), due_at=None)
    for _ in range(6):
        ended = make_purchase(phase=Phase.CAPTURED).session
        make_event(ended, cause_kind=CauseKind.POLL)
        make_psp_call(ended)
    failed = make_purchase(phase=Phase.DECLINED, reason_code=HOSTILE).session
    make_event(failed, "purchase.declined", cause_kind=CauseKind.POLL)
    make_session(status="expired", created_at=_days_ago(3))


def _agreed(user: User, shop: Shop) -> UUID:
    """Return the key of a request for a secret to which somebody else has agreed."""
    return make_approval(
        None,
        act="rotate_secret",
        arguments={"shop": str(shop.pk), "shop name": shop.name, "overlap in hours": "24"},
        reason=HOSTILE,
        note=HOSTILE,
        requested_by=user,
        state="granted",
        decided_by=make_user(),
        decided_at=timezone.now(),
    ).pk


def _days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)
