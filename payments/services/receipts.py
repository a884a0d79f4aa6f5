"""Incoming webhooks: verified, stored, answered; worked on later by asking the PSP what is true."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from payments.crash_points import CrashPoint, passing
from payments.domain.refunds import RefundPhase
from payments.domain.schedule import RECEIPT_RETRIES, retry_delay
from payments.models import (
    CauseKind,
    PaymentSession,
    Purchase,
    ReceiptState,
    Refund,
    WebhookReceipt,
)
from payments.psp import psp_client
from payments.services import due
from payments.services.inserts import insert_statement
from payments.services.look_up import look_up
from psp_clients.contract import ReportedState, WebhookNotice, WebhookRejected

# A forger must not fill the disk: of what is not proved, the beginning is evidence enough.
KEPT_OF_REJECTED_BYTES: Final = 4096
# Headers worth keeping: what a signature is checked with. The rest may hold secrets of proxies.
KEPT_HEADERS: Final = ("content-type", "user-agent", "webhook-id", "webhook-timestamp")
# A webhook may overtake the commit of the registration it is about, and the replica that answers
# the PSP's look-ups; after this many looks there is no such session, and no such news.
LOOKS: Final = 5

COUNT_REPEATS: Final = """
    ON CONFLICT (psp, event_id) DO UPDATE
        SET deliveries = payments_webhookreceipt.deliveries + 1
"""


def store_receipt(psp: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """Verify and store a webhook, in one statement per event. It is worked on later.

    Raises LookupError for a PSP that is not in use and WebhookRejected for a webhook that is not
    proved to come from it, which is stored too, as evidence, and changes nothing.
    """
    try:
        notices = psp_client(psp).parse_webhook(headers, body)
    except WebhookRejected as rejected:
        _insert(_rejected(psp, headers, body, str(rejected)))
        raise
    for notice in notices or [_of_no_interest(body)]:
        _insert(_verified(psp, headers, body, notice, now))
    passing(CrashPoint.AFTER_RECEIPT_COMMIT)
    due.hint()


def _insert(receipt: WebhookReceipt) -> None:
    statement, parameters = insert_statement(receipt)
    with connection.cursor() as cursor:
        cursor.execute(statement + COUNT_REPEATS, parameters)


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


def _verified(
    psp: str, headers: Mapping[str, str], body: bytes, notice: WebhookNotice, now: datetime
) -> WebhookReceipt:
    return WebhookReceipt(
        psp=psp,
        event_id=notice.event_id,
        event_type=notice.event_type[:100],
        psp_token=notice.psp_token[:255],
        reference=notice.reference[:64],  # a longer one is none of ours
        headers=_kept(headers),
        body=body,
        state=ReceiptState.WAITING,
        due_at=now,
    )


def _of_no_interest(body: bytes) -> WebhookNotice:
    """Stand in for the event of a verified webhook that is about nothing we know."""
    return WebhookNotice(f"sha256:{hashlib.sha256(body).hexdigest()}", "", "", "", None)


def process_receipt(receipt_id: UUID, *, now: datetime) -> None:
    """Work on a stored webhook: find its session, ask the PSP, apply what it says now.

    A PSP that cannot be asked, or that does not know yet what it announced, is asked again later;
    the receipt stays due until then.
    """
    receipt = WebhookReceipt.objects.get(pk=receipt_id)
    if receipt.state != ReceiptState.WAITING:
        due.release("receipt", receipt.pk, due_at=None)
        return
    session = _session_of(receipt)
    if session is None:
        _look_for_a_session_again(receipt, now)
        return
    purchase = Purchase.objects.select_related("session", "shop").filter(session=session).first()
    passing(CrashPoint.BEFORE_RECEIPT_APPLIED)
    if purchase is None:
        _finish(receipt, session, now, "nobody had pressed Buy Now")
        return
    report = look_up(purchase, cause_kind=CauseKind.RECEIPT, cause_id=str(receipt.pk), now=now)
    overtaken = report is not None and report.state is ReportedState.OPEN
    if report is None or (overtaken and receipt.attempts < LOOKS):
        _later(receipt, now)
        return
    # The successful ones too: a bank may have sent the money back.
    may_have_moved = Refund.objects.filter(purchase=purchase).exclude(phase=RefundPhase.FAILED)
    if may_have_moved.update(due_at=now):
        due.hint()
    passing(CrashPoint.AFTER_RECEIPT_APPLIED)
    _finish(receipt, session, now, "")


def _session_of(receipt: WebhookReceipt) -> PaymentSession | None:
    named = Q(psp=receipt.psp, psp_token=receipt.psp_token)
    with contextlib.suppress(ValueError):
        named |= Q(psp=receipt.psp, pk=UUID(receipt.reference))
    return PaymentSession.objects.filter(named).first()


def _finish(receipt: WebhookReceipt, session: PaymentSession, now: datetime, note: str) -> None:
    WebhookReceipt.objects.filter(pk=receipt.pk).update(
        session=session,
        state=ReceiptState.PROCESSED,
        processed_at=now,
        note=note,
        due_at=None,
        leased_until=None,
        updated_at=now,
    )


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
