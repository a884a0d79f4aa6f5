"""Every read that the API, the pages and the tasks need. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet
from django.urls import reverse

from payments.circuit import Circuit
from payments.domain.instructions import InstructionKind, InstructionState
from payments.domain.money import with_digits_of
from payments.models import (
    Case,
    CauseKind,
    Discrepancy,
    Event,
    Instruction,
    InvariantCheck,
    NotificationTry,
    PaymentSession,
    PspCall,
    Purchase,
    ReconciliationRun,
    Refund,
    Resolution,
    Shop,
    ShopNotification,
    StaffEvent,
    WebhookReceipt,
)
from payments.psp import is_for_tests, psp_client, psp_mode

# However much there was, a page shows the latest.
MOST_MESSAGES: Final = 100


def session_of_shop(shop: Shop, checkout_id: str) -> PaymentSession | None:
    """Return a shop's session with its purchase, by checkout id."""
    return _with_purchase().filter(shop=shop, checkout_id=checkout_id).first()


def sessions_of_shop(shop: Shop) -> QuerySet[PaymentSession]:
    """Return all sessions of a shop, each with its purchase, newest first."""
    return _with_purchase().filter(shop=shop).order_by("-created_at", "-id")


def session_of_shopper(public_token: str) -> PaymentSession | None:
    """Return the session behind a shopper's unguessable link, with purchase and shop."""
    return _with_purchase().select_related("shop").filter(public_token=public_token).first()


def all_sessions() -> QuerySet[PaymentSession]:
    """Return every session with purchase and shop, newest first, for the mid-office."""
    return _with_purchase().select_related("shop").order_by("-created_at", "-id")


def purchase_of(session: PaymentSession) -> Purchase | None:
    """Return a session's purchase, if Buy Now was pressed. No query where it was selected."""
    return getattr(session, "purchase", None)


def open_cases(session: PaymentSession) -> QuerySet[Case]:
    """Return what a person has yet to look at."""
    return session.cases.filter(resolved_at__isnull=True)


def session_as_shown(session: PaymentSession, purchase: Purchase | None) -> dict[str, Any]:
    """Return a session as shops see it in answers and notifications."""
    return {
        "checkout_id": session.checkout_id,
        "order_reference": session.order_reference or None,
        "psp": session.psp,
        "psp_token": session.psp_token,
        "purchase_url": session.purchase_url or None,
        "amount": session.amount,
        "currency": session.currency,
        "capture": session.capture,
        "status": str(session.status),
        "return_url": session.return_url,
        "result_url": result_url(session),
        "metadata": session.metadata,
        "created_at": session.created_at.isoformat(),
        "expires_at": session.expires_at.isoformat(),
        "purchase": purchase_as_shown(purchase) if purchase else None,
    }


def purchase_as_shown(purchase: Purchase) -> dict[str, Any]:
    """Return a purchase as shops see it. Sums are strings in major units."""
    code = str(purchase.reason_code)
    return {
        "id": purchase.public_id,
        "status": str(purchase.status),
        "phase": str(purchase.phase),
        "reason": {"code": code, "text": purchase.reason_text} if code else None,
        "amount": purchase.amount,
        "currency": purchase.currency,
        "captured_amount": with_digits_of(purchase.amount, purchase.captured_amount),
        "refunded_amount": with_digits_of(purchase.amount, purchase.refunded_amount),
        "surplus": purchase.surplus,
        "next_check_at": purchase.next_check_at.isoformat() if purchase.next_check_at else None,
        "finished_at": purchase.finished_at.isoformat() if purchase.finished_at else None,
    }


def refund_as_shown(refund: Refund) -> dict[str, Any]:
    """Return a refund as shops see it."""
    return {
        "id": refund.public_id,
        "state": str(refund.state),
        "amount": refund.amount,
        "currency": refund.currency,
        "reason": refund.reason,
        "created_at": refund.created_at.isoformat(),
        "finished_at": refund.finished_at.isoformat() if refund.finished_at else None,
    }


def instruction_as_shown(instruction: Instruction) -> dict[str, Any]:
    """Return a capture or a void as shops see it."""
    return {
        "id": instruction.public_id,
        "state": str(instruction.state),
        "amount": instruction.amount,
        "currency": instruction.currency,
        "reason": instruction.reason,
        "why_failed": instruction.why or None,
        "created_at": instruction.created_at.isoformat(),
        "finished_at": instruction.finished_at.isoformat() if instruction.finished_at else None,
    }


def pending_instruction(purchase: Purchase) -> Instruction | None:
    """Return what was asked of a purchase and has not ended."""
    return purchase.instructions.filter(state=InstructionState.PENDING).first()


def captures_of(purchase: Purchase) -> QuerySet[Instruction]:
    """Return what was asked to be captured of a purchase, oldest first."""
    return purchase.instructions.filter(kind=InstructionKind.CAPTURE).order_by("pk")


def receipts_of(session: PaymentSession) -> QuerySet[WebhookReceipt]:
    """Return the latest webhooks about a session."""
    return session.receipts.order_by("-pk")[:MOST_MESSAGES]


def notifications_of(session: PaymentSession) -> QuerySet[ShopNotification]:
    """Return what the shop was to be told last about a session."""
    return session.notifications.order_by("-pk")[:MOST_MESSAGES]


def events_of_case(case: Case) -> QuerySet[Event]:
    """Return what staff did about a case, oldest first."""
    return Event.objects.filter(session=case.session_id, data__case=str(case.pk))


def refunds_of(purchase: Purchase) -> QuerySet[Refund]:
    """Return a purchase's refunds, oldest first."""
    return purchase.refunds.order_by("pk")


def result_url(session: PaymentSession) -> str:
    """Return the page on which a shopper sees what became of it."""
    return settings.BPS_PUBLIC_URL + reverse("result", args=[session.public_token])


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the merged timeline. `row` is the record it tells of."""

    at: datetime
    kind: str  # event, psp_call, receipt, notification_try
    row: Event | PspCall | WebhookReceipt | NotificationTry


def timeline(session: PaymentSession, *, at_most: int) -> list[TimelineEntry]:
    """Return the latest things that happened to a session, from every table, in order of time."""
    tries = NotificationTry.objects.filter(notification__session=session)
    entries = [
        *(
            TimelineEntry(row.created_at, "event", row)
            for row in session.events.order_by("-position")[:at_most]
        ),
        *(
            TimelineEntry(max(row.created_at, row.last_sent_at or row.created_at), "psp_call", row)
            for row in session.psp_calls.order_by("-created_at")[:at_most]
        ),
        *(
            TimelineEntry(row.created_at, "receipt", row)
            for row in session.receipts.order_by("-created_at")[:at_most]
        ),
        *(
            TimelineEntry(row.created_at, "notification_try", row)
            for row in tries.select_related("notification").order_by("-created_at")[:at_most]
        ),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.row.pk))[-at_most:]


def waiting_notifications(session: PaymentSession) -> QuerySet[ShopNotification]:
    """Return what the shop has not been told yet."""
    return session.notifications.filter(delivered_at__isnull=True)


def _with_purchase() -> QuerySet[PaymentSession]:
    return PaymentSession.objects.select_related("purchase")


def count_fitting(selections: dict[str, QuerySet[Any, Any]]) -> dict[str, tuple[int, int]]:
    """Count several selections in one statement: all rows of each, and those of them that fit.

    Each has one column that says whether a row fits, and is bounded by whoever made it.
    """
    compiled = [rows.query.sql_with_params() for rows in selections.values()]
    # What is put together here was compiled by the ORM; values stay parameters.
    columns = ", ".join(
        f"(SELECT ARRAY[count(*), count(*) FILTER (WHERE fits)] FROM ({sql}) AS counted (fits))"  # noqa: S608
        for sql, _ in compiled
    )
    parameters = [value for _, values in compiled for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", parameters)
        row = cursor.fetchone()
    return {name: (total, fitting) for name, (total, fitting) in zip(selections, row, strict=True)}


def session_by_id(session_id: UUID) -> PaymentSession | None:
    """Return a session with purchase and shop, by our own id."""
    return all_sessions().filter(pk=session_id).first()


def last_invariant_check() -> InvariantCheck | None:
    """Return what the last look at the invariants found, if there was one."""
    return InvariantCheck.objects.order_by("-pk").first()


def moves_no_money(psp: str = "") -> bool:
    """Tell whether a page must say that no real money is moved: of a PSP, or of any in use."""
    return any(is_for_tests(name) for name in ([psp] if psp else settings.BPS_PSPS))


def psps_as_shown(shop: Shop) -> list[dict[str, Any]]:
    """Return the PSPs that a shop is routed to and that are in use, as shops see them.

    In the order of the shop's routing. A PSP's currencies are those that lead to it.
    """
    routed = dict.fromkeys(name for names in shop.routing.values() for name in names)
    return [_psp_as_shown(shop, name) for name in routed if name in settings.BPS_PSPS]


def _psp_as_shown(shop: Shop, name: str) -> dict[str, Any]:
    can = psp_client(name).capabilities
    return {
        "name": name,
        "currencies": sorted(code for code in can.currencies if name in shop.psps_for(code)),
        "confirm_mode": str(can.confirm_mode),
        "manual_capture": can.manual_capture,
        "mode": str(psp_mode(name)),
        "available": not Circuit(name).is_open(),
    }


def all_refunds() -> QuerySet[Refund]:
    """Return every refund with its session."""
    return Refund.objects.select_related("session")


def all_receipts() -> QuerySet[WebhookReceipt]:
    """Return every webhook that came, with its session, without what it said."""
    return WebhookReceipt.objects.select_related("session").defer("headers", "body", "news")


def all_notifications() -> QuerySet[ShopNotification]:
    """Return every notification with session, shop and tries, without its bytes."""
    tries = Prefetch("tries", NotificationTry.objects.order_by("created_at"))
    told = ShopNotification.objects.select_related("session__shop").defer("body")
    return told.prefetch_related(tries)


def all_cases() -> QuerySet[Case]:
    """Return every case with session and owner."""
    return Case.objects.select_related("session", "owner")


def events_of_staff() -> QuerySet[Event]:
    """Return what members of staff caused, with session and shop."""
    return Event.objects.filter(cause_kind=CauseKind.STAFF).select_related("session__shop")


def staff_events() -> QuerySet[StaffEvent]:
    """Return what members of staff did that is about no one session, with its shop."""
    return StaffEvent.objects.select_related("shop")


def shops_with_keys() -> QuerySet[Shop]:
    """Return every shop by name, with how many of its keys are good."""
    good = Count("api_keys", Q(api_keys__revoked=False))
    return Shop.objects.annotate(good_keys=good).order_by("name")


def reconciliation_runs() -> QuerySet[ReconciliationRun]:
    """Return every run, without the preview of dry ones."""
    return ReconciliationRun.objects.defer("preview")


def all_discrepancies() -> QuerySet[Discrepancy]:
    """Return every discrepancy with its session, runs and whoever resolved it."""
    return Discrepancy.objects.select_related("session", "run", "last_run", "resolved_by")


def discrepancies_of(run: ReconciliationRun) -> QuerySet[Discrepancy]:
    """Return what a run found first, or was the last to see."""
    return all_discrepancies().filter(Q(run=run) | Q(last_run=run))


def discrepancies_of_session(session: PaymentSession) -> QuerySet[Discrepancy]:
    """Return what was ever found about a session, newest first."""
    return session.discrepancies.order_by("-pk")


def count_open_discrepancies() -> int:
    """Count what nobody has dealt with yet."""
    return Discrepancy.objects.filter(resolution=Resolution.OPEN).count()
