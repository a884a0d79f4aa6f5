"""The gate of refunds: the only writer of a refund's phase and of what a purchase gave back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import DecimalField, Sum
from django.db.models.functions import Cast

from payments.domain.lifecycle import Verdict
from payments.domain.money import same_money, with_digits_of
from payments.domain.refunds import (
    REFUND_PHASE_REPORTED,
    UNFINISHED_REFUND_PHASES,
    RefundPhase,
    first_look,
    judge_refund,
)
from payments.models import CaseKind, Purchase, Refund, RefundOrigin
from payments.services import due
from payments.services.inserts import insert_together
from payments.services.purchase_lock import lock_purchase
from payments.services.timeline import (
    Cause,
    close_cases,
    event,
    open_case,
    refund_notification,
)
from psp_clients.contract import RefundReport

# What an automatic refund settles once it succeeds.
SETTLED_BY_REFUND = (CaseKind.SURPLUS, CaseKind.LATE_SUCCESS)


def apply_refund_report(
    refund: Refund, report: RefundReport, *, cause: Cause, now: datetime
) -> Refund:
    """Apply what a PSP says about a refund; return the refund as it now stands.

    Judged, checked and written as purchases are: another sum is never believed, old news changes
    nothing, a contradiction is a case. Repeatable, in any order and any number.
    """
    with transaction.atomic(savepoint=False):
        locked, purchase = _lock(refund)
        if not report.known:
            open_case(
                purchase.session,
                CaseKind.UNKNOWN_WORD,
                f"The PSP says {report.psp_word!r} of {locked}, which no table lists.",
                purchase,
            )
        if report.money is not None and not same_money(locked.money, report.money):
            wrong = f"{report.money.amount} {report.money.currency}"
            _refuse(locked, purchase, report, wrong, cause)
            return locked
        locked.refund_reference = report.refund_reference or locked.refund_reference
        reported = REFUND_PHASE_REPORTED[report.state]
        _take(locked, purchase, reported, cause, now, evidence=_evidence(report))
        return locked


def mark_refund_in_doubt(refund: Refund, *, why: str, cause: Cause, now: datetime) -> Refund:
    """Record that a send went unanswered: the PSP may have given the money back."""
    return _conclude(refund, RefundPhase.IN_DOUBT, why, cause, now)


def mark_refund_failed(refund: Refund, *, why: str, cause: Cause, now: datetime) -> Refund:
    """Record that nothing was given back. Only with proof."""
    return _conclude(refund, RefundPhase.FAILED, why, cause, now)


def _conclude(refund: Refund, phase: RefundPhase, why: str, cause: Cause, now: datetime) -> Refund:
    with transaction.atomic(savepoint=False):
        locked, purchase = _lock(refund)
        _take(locked, purchase, phase, cause, now, evidence={"why": why})
        return locked


def _lock(refund: Refund) -> tuple[Refund, Purchase]:
    """Lock and read afresh the session, its purchase and the refund, in the order of everybody."""
    purchase = lock_purchase(refund.purchase_id)
    locked = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
    locked.purchase, locked.session = purchase, purchase.session
    return locked, purchase


def _take(
    refund: Refund,
    purchase: Purchase,
    reported: RefundPhase,
    cause: Cause,
    now: datetime,
    *,
    evidence: dict[str, Any],
) -> None:
    before = RefundPhase(refund.phase)
    verdict = judge_refund(before, reported)
    if verdict is Verdict.ADVANCE:
        _move(refund, purchase, reported, cause, now, evidence=evidence)
    elif verdict is Verdict.CONFLICT:
        open_case(
            purchase.session,
            CaseKind.CONFLICTING_REPORT,
            f"We hold refund {refund} as {before}; the PSP now says {reported}.",
            purchase,
        )


def _move(
    refund: Refund,
    purchase: Purchase,
    phase: RefundPhase,
    cause: Cause,
    now: datetime,
    *,
    evidence: dict[str, Any],
) -> None:
    before = refund.phase
    unfinished = phase in UNFINISHED_REFUND_PHASES
    refund.phase, refund.phase_since, refund.polls = phase, now, 0
    refund.finished_at = None if unfinished else now
    refund.due_at = due.sooner(first_look(phase, now=now), now)
    refund.leased_until = None
    refund.save(
        update_fields=[
            "phase",
            "phase_since",
            "polls",
            "finished_at",
            "due_at",
            "leased_until",
            "refund_reference",
            "updated_at",
        ]
    )
    refund.refresh_from_db(fields=["state"])
    rows: list[Any] = [
        event(
            purchase.session,
            f"refund.{phase}",
            cause,
            purchase=purchase,
            refund=refund.public_id,
            amount=f"{refund.amount} {refund.currency}",
            refund_phase_before=before,
            **evidence,
        )
    ]
    if not unfinished:
        _count_what_was_given_back(purchase, now)
        rows.append(refund_notification(refund, purchase, now=now))
        due.hint()
    insert_together(*rows)
    _tell_people(refund, purchase, phase, now)


def _count_what_was_given_back(purchase: Purchase, now: datetime) -> None:
    """Recount rather than add: the sum is right whatever was reported how often."""
    given = purchase.refunds.filter(phase=RefundPhase.SUCCESSFUL).aggregate(
        total=Sum(Cast("amount", DecimalField(max_digits=16, decimal_places=4)))
    )["total"]
    purchase.refunded_amount = given or Decimal(0)
    Purchase.objects.filter(pk=purchase.pk).update(
        refunded_amount=purchase.refunded_amount, updated_at=now
    )


def _tell_people(refund: Refund, purchase: Purchase, phase: RefundPhase, now: datetime) -> None:
    if phase is RefundPhase.FAILED:
        open_case(
            purchase.session,
            CaseKind.REFUND_FAILED,
            f"{refund.amount} {refund.currency} did not reach the shopper ({refund}). "
            f"Captured: {with_digits_of(purchase.amount, purchase.captured_amount)}; "
            f"given back: {with_digits_of(purchase.amount, purchase.refunded_amount)}.",
            purchase,
        )
    elif phase is RefundPhase.SUCCESSFUL and refund.origin != RefundOrigin.REQUESTED:
        close_cases(purchase, SETTLED_BY_REFUND, f"Given back by {refund}.", now)


def _refuse(
    refund: Refund, purchase: Purchase, report: RefundReport, wrong: str, cause: Cause
) -> None:
    open_case(
        purchase.session,
        CaseKind.AMOUNT_MISMATCH,
        f"The PSP says {wrong} of refund {refund}, not {refund.amount} {refund.currency}.",
        purchase,
    )
    insert_together(
        event(
            purchase.session,
            "refund.report_refused",
            cause,
            purchase=purchase,
            refund=refund.public_id,
            why=f"{wrong}, not {refund.amount} {refund.currency}",
            **_evidence(report),
        )
    )


def _evidence(report: RefundReport) -> dict[str, Any]:
    return {
        "psp_word": report.psp_word,
        "reported": report.state.value,
        "refund_reference": report.refund_reference,
        "reason_code": report.reason_code,
    }
