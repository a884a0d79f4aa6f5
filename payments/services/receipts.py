"""Incoming webhooks: verified, stored, answered; worked on later by asking the PSP what is true.

What a webhook says itself is believed only of a PSP that cannot be asked, and only if it is signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from payments.crash_points import CrashPoint, passing
from payments.domain.lifecycle import SessionStatus
from payments.domain.news import news_of, refund_report_in, report_in
from payments.domain.refunds import RefundPhase
from payments.domain.schedule import RECEIPT_RETRIES, retry_delay
from payments.models import (
    CaseKind,
    CauseKind,
    PaymentSession,
    Purchase,
    ReceiptState,
    Refund,
    WebhookReceipt,
)
from payments.psp import can_be_asked, page_charges, psp_client
from payments.services import due, settle
from payments.services.inserts import insert_statement, insert_together
from payments.services.look_up import look_at_page, look_up
from payments.services.named import refund_named, session_named
from payments.services.page_news import apply_page_report
from payments.services.settle_refund import apply_refund_report
from payments.services.timeline import Cause, event, open_case
from payments.unverifiable import count_unverifiable
from psp_clients.contract import (
    ReportedState,
    WebhookNotice,
    WebhookRejected,
    WebhookUnverifiable,
)

# A forger must not fill the disk: of what is not proved, the beginning is evidence enough.
KEPT_OF_REJECTED_BYTES: Final = 4096
# Headers worth keeping: what a signature is checked with. The rest may hold secrets of proxies.
KEPT_HEADERS: Final = (
    "content-type",
    "paypal-auth-algo",
    "paypal-cert-url",
    "paypal-transmission-id",
    "paypal-transmission-sig",
    "paypal-transmission-time",
    "stripe-signature",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "x-mollie-signature",
)
# A webhook may overtake the commit of the registration it is about, and the replica that answers
# the PSP's look-ups; after this many looks there is no such session, and no such news.
LOOKS: Final = 5

# A webhook that is not signed costs a look at most this often, whoever sends how many.
PAUSE_BETWEEN_UNSIGNED: Final = timedelta(seconds=5)

COUNT_REPEATS: Final = """
    ON CONFLICT (psp, event_id) DO UPDATE
        SET deliveries = payments_webhookreceipt.deliveries + 1
"""
WAIT_AGAIN: Final = """
    ON CONFLICT (psp, psp_token) WHERE event_id IS NULL AND NOT psp_token = '' DO UPDATE
        SET deliveries = payments_webhookreceipt.deliveries + 1,
            attempts = CASE WHEN payments_webhookreceipt.state = 'waiting'
                            THEN payments_webhookreceipt.attempts ELSE 0 END,
            due_at = COALESCE(payments_webhookreceipt.due_at,
                              GREATEST(EXCLUDED.due_at,
                                       payments_webhookreceipt.processed_at
                                       + make_interval(secs => %s))),
            state = 'waiting', updated_at = EXCLUDED.updated_at
"""


def store_receipt(psp: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Verify and store a webhook, in one statement per event. It is worked on later.

    Raises LookupError for a PSP that is not in use; WebhookRejected for a webhook that is not
    proved to come from it, which is stored too, as evidence, and changes nothing; and
    WebhookUnverifiable for one of which that cannot be found out now: it is counted, not stored.
    """
    try:
        notices = psp_client(psp).parse_webhook(headers, body)
    except WebhookRejected as rejected:
        _insert(_rejected(psp, headers, body, str(rejected)))
        raise
    except WebhookUnverifiable:
        count_unverifiable(psp)
        raise
    for notice in notices or [_of_no_interest(body)]:
        receipt = _taken(psp, headers, body, notice, now)
        if notice.event_id:
            _insert(receipt)
        elif session_named(receipt) is not None:
            _insert(receipt, WAIT_AGAIN, PAUSE_BETWEEN_UNSIGNED.total_seconds())
    passing(CrashPoint.AFTER_RECEIPT_COMMIT)
    due.hint()


def _insert(receipt: WebhookReceipt, repeated: str = COUNT_REPEATS, *more: float) -> None:
    statement, parameters = insert_statement(receipt)
    with connection.cursor() as cursor:
        cursor.execute(statement + repeated, [*parameters, *more])


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS}


def _rejected(psp: str, headers: Mapping[str, str], body: bytes, why: str) -> WebhookReceipt:
    return WebhookReceipt(
        psp=psp,
        headers=_kept(headers),
        body=body[:KEPT_OF_REJECTED_BYTES],
        state=ReceiptState.REJECTED,
        note=why[:300],
    )


def _taken(
    psp: str, headers: Mapping[str, str], body: bytes, notice: WebhookNotice, now: datetime
) -> WebhookReceipt:
    return WebhookReceipt(
        psp=psp,
        event_id=notice.event_id or None,
        event_type=notice.event_type[:100],
        psp_token=notice.psp_token[:255],
        reference=notice.reference[:64],  # a longer one is none of ours
        payment_reference=notice.payment_reference[:255],
        news=news_of(notice),
        headers=_kept(headers),
        body=body,
        state=ReceiptState.WAITING,
        due_at=now,
    )


def _of_no_interest(body: bytes) -> WebhookNotice:
    """Stand in for the event of a verified webhook that is about nothing we know."""
    return WebhookNotice(f"sha256:{hashlib.sha256(body).hexdigest()}", "", "", "", None)


def process_receipt(receipt_id: UUID, *, now: datetime) -> None:
    """Work on a stored webhook: find its session, and apply what the PSP says now when asked.

    A PSP that fails to answer, or that does not know yet what it announced, is asked again later;
    the receipt stays due until then. One that cannot be asked is taken at its verified word.
    """
    receipt = WebhookReceipt.objects.get(pk=receipt_id)
    if receipt.state != ReceiptState.WAITING:
        due.release("receipt", receipt.pk, due_at=None)
        return
    session = session_named(receipt)
    if session is None:
        _look_for_a_session_again(receipt, now)
        return
    if _has_overtaken_its_registration(receipt, session):
        _later(receipt, now)
        return
    passing(CrashPoint.BEFORE_RECEIPT_APPLIED)
    if not can_be_asked(session.psp):
        _finish(receipt, session, now, _believe(receipt, session, now))
        return
    cause = Cause(CauseKind.RECEIPT, str(receipt.pk))
    purchase = Purchase.objects.select_related("session", "shop").filter(session=session).first()
    if page_charges(session.psp):
        report = look_at_page(session, cause=cause, now=now)
    elif purchase is None:
        _finish(receipt, session, now, "nobody had pressed Buy Now")
        return
    else:
        report = look_up(purchase, cause_kind=cause.kind, cause_id=cause.id, now=now)
    overtaken = report is not None and report.state is ReportedState.OPEN
    if report is None or (overtaken and receipt.attempts < LOOKS):
        _later(receipt, now)
        return
    if purchase is not None:
        _look_at_refunds(purchase, now)
    passing(CrashPoint.AFTER_RECEIPT_APPLIED)
    note = "nobody had paid" if overtaken and purchase is None else ""
    _finish(receipt, session, now, note)


def _has_overtaken_its_registration(receipt: WebhookReceipt, session: PaymentSession) -> bool:
    """Tell whether what a page has done is told before we recorded that there is one."""
    is_early = session.status == SessionStatus.CREATED and receipt.attempts < LOOKS
    return is_early and page_charges(session.psp)


def _look_at_refunds(purchase: Purchase, now: datetime) -> None:
    """Have each refund looked at. The successful ones too: a bank may have sent money back."""
    may_have_moved = Refund.objects.filter(purchase=purchase).exclude(phase=RefundPhase.FAILED)
    if may_have_moved.update(due_at=now):
        due.hint()


def _believe(receipt: WebhookReceipt, session: PaymentSession, now: datetime) -> str:
    """Apply what a verified webhook says itself; return what else there is to note."""
    if not receipt.event_id:
        return "not signed, and this PSP cannot be asked"
    cause = Cause(CauseKind.RECEIPT, str(receipt.pk))
    report, refund_report = report_in(receipt.news), refund_report_in(receipt.news)
    if report is not None and page_charges(session.psp):
        apply_page_report(session, report, cause=cause, now=now)
    elif report is not None:
        purchase = Purchase.objects.filter(session=session).first()
        if purchase is None:
            return "nobody had pressed Buy Now"
        settle.apply_report(purchase, report, cause=cause, now=now)
    if refund_report is not None:
        refund = refund_named(receipt)
        if refund is None:
            return "about a refund that is none of ours"
        apply_refund_report(refund, refund_report, cause=cause, now=now)
    return ""


def _finish(receipt: WebhookReceipt, session: PaymentSession, now: datetime, note: str) -> None:
    """Close a receipt, and ask people where it tells of what only they can settle.

    One that was delivered again meanwhile, as only unsigned ones are, is worked on again.
    """
    with transaction.atomic(durable=True):
        if attention := receipt.news.get("attention"):
            _ask_people(receipt, session, attention)
        as_read = {} if receipt.event_id else {"deliveries": receipt.deliveries}
        closed = WebhookReceipt.objects.filter(pk=receipt.pk, **as_read).update(
            session=session,
            state=ReceiptState.PROCESSED,
            processed_at=now,
            note=note,
            due_at=None,
            leased_until=None,
            updated_at=now,
        )
        if not closed:
            WebhookReceipt.objects.filter(pk=receipt.pk).update(session=session, processed_at=now)
            due.release("receipt", receipt.pk, due_at=now + PAUSE_BETWEEN_UNSIGNED)


def _ask_people(receipt: WebhookReceipt, session: PaymentSession, attention: str) -> None:
    locked = PaymentSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    purchase = Purchase.objects.filter(session=session).first()
    open_case(locked, CaseKind.PSP_NEWS, attention, purchase)
    cause = Cause(CauseKind.RECEIPT, str(receipt.pk))
    insert_together(event(locked, "psp.news", cause, purchase=purchase, why=attention))


def _look_for_a_session_again(receipt: WebhookReceipt, now: datetime) -> None:
    if receipt.attempts < LOOKS:
        _later(receipt, now)
        return
    WebhookReceipt.objects.filter(pk=receipt.pk).update(
        state=ReceiptState.UNMATCHED, due_at=None, leased_until=None, updated_at=now
    )


def _later(receipt: WebhookReceipt, now: datetime) -> None:
    wait = retry_delay(RECEIPT_RETRIES, receipt.attempts)
    due.release("receipt", receipt.pk, due_at=due.sooner(now + wait, now))
