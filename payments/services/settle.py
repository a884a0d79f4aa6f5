"""The one gate: the only code that writes a purchase's phase.

Every road by which an outcome can come (the answer to our call, a webhook, a poll,
reconciliation) ends here, is judged by the same graph, and leaves phase, event, notification and
cases in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from payments.domain.lifecycle import (
    PHASE_REPORTED,
    STARTED_PHASES,
    STATUS_OF,
    UNANSWERED_PHASES,
    Phase,
    PurchaseStatus,
    Verdict,
    judge,
)
from payments.domain.money import with_digits_of
from payments.domain.reports import NOTHING_WILL_BE_CHARGED, wrong_money
from payments.domain.schedule import next_poll
from payments.models import Capture, CaseKind, PaymentSession, Purchase
from payments.services import due
from payments.services.act_on_success import act_on_reservation, act_on_success
from payments.services.inserts import insert_together
from payments.services.settle_instruction import end_with_purchase
from payments.services.timeline import (
    Cause,
    action_notification,
    authorised_notification,
    event,
    open_case,
    outcome_notification,
)
from payments.tries import confirm_under_way
from psp_clients.contract import Report, ReportedState

MISMATCH: Final = "mismatch"
DECLINED_FOR_NOW: Final = "purchase.declined_for_now"


@dataclass(frozen=True, slots=True)
class Settled:
    """What the gate made of a report: the purchase as it now stands, and the verdict."""

    purchase: Purchase
    verdict: Verdict | None  # None: the report said nothing about the phase
    refused: str = ""  # why the report was not believed, if it was not


def newborn(session: PaymentSession, *, phase: Phase, now: datetime, **fields: Any) -> Purchase:
    """Return the purchase of a session, yet to be inserted, in the phase that it begins in.

    Buy Now begins in `submitting`; where the PSP's page charges, in `pending`: the PSP has it, and
    the shopper has yet to answer. What is found to have happened after the session had ended
    begins as that end, so that its success is a late one.
    """
    purchase = Purchase(
        session=session,
        shop=session.shop,
        order_reference=session.order_reference,
        amount=session.amount,
        currency=session.currency,
        phase=phase,
        phase_since=now,
        **{"due_at": _first_look(phase, now), **fields},
    )
    purchase.status = STATUS_OF[phase]
    purchase.finished_at = None if phase in STARTED_PHASES else now
    return purchase


def _first_look(phase: Phase, now: datetime) -> datetime | None:
    """Return when to look at a purchase that enters a phase; None where it has ended."""
    if phase not in STARTED_PHASES:
        return None
    answered = phase not in UNANSWERED_PHASES
    return due.sooner(next_poll(answered=answered, polls=0, since=now, now=now), now)


def apply_report(purchase: Purchase, report: Report, *, cause: Cause, now: datetime) -> Settled:
    """Apply what a PSP says about a purchase.

    1. Lock the purchase, its session, and the purchases of the same order.
    2. Compare amount and currency with ours: another sum is never success, but a case.
    3. Judge the phase. Ahead: take it. Behind: old news. Neither: keep ours, open a case.
    4. Write phase, event, notification and cases together.

    Repeatable, in any order and any number. Joins the caller's transaction if there is one.
    """
    with transaction.atomic(savepoint=False):
        locked, rivals = _lock(purchase)
        if not report.known:
            open_case(
                locked.session,
                CaseKind.UNKNOWN_WORD,
                f"The PSP says {report.psp_word!r}, which no table lists.",
                locked,
            )
        wrong = wrong_money(
            ours=locked.money,
            state=report.state,
            stated=report.money,
            captured=report.captured,
            part_may_be_captured=locked.session.capture == Capture.MANUAL,
        )
        if wrong:
            return _refuse(locked, report, wrong, cause)
        reported = PHASE_REPORTED[report.state]
        if reported is None:
            return Settled(locked, None)
        verdict = judge(Phase(locked.phase), reported)
        if verdict is Verdict.ADVANCE:
            before = Phase(locked.phase)
            _take_from_report(locked, report, rivals)
            _move(locked, reported, cause, now, evidence=_evidence(report))
            if reported is Phase.CAPTURED:
                act_on_success(locked, before, rivals, now)
        else:
            _keep(locked, report, reported, verdict, cause)
        return Settled(locked, verdict)


def mark_in_doubt(purchase: Purchase, *, why: str, cause: Cause, now: datetime) -> Settled:
    """Record that a send went unanswered: the PSP may have acted. Never undoes what is known."""
    return _conclude(purchase, Phase.IN_DOUBT, why=why, cause=cause, now=now)


def mark_errored(
    purchase: Purchase, *, code: str, why: str, cause: Cause, now: datetime
) -> Settled:
    """Record that the purchase is proved not to have happened. Only with proof."""
    return _conclude(purchase, Phase.ERRORED, code=code, why=why, cause=cause, now=now)


def mark_declined_for_now(
    purchase: Purchase, *, code: str, why: str, cause: Cause, now: datetime
) -> Settled:
    """Record that a try was declined, and that the shopper may choose again and buy.

    Unless the purchase has come further, or another try is under way: then this is old news.
    """
    with transaction.atomic(savepoint=False):
        locked, _ = _lock(purchase)
        phase = Phase(locked.phase)
        if phase not in (*UNANSWERED_PHASES, Phase.PENDING) or confirm_under_way(locked):
            return Settled(locked, Verdict.STALE)
        locked.awaits_shopper = True
        locked.reason_code, locked.reason_text = code[:64], why[:500]
        evidence = {"reason_code": code, "why": why}
        _move(locked, Phase.PENDING, cause, now, evidence=evidence)
        return Settled(locked, Verdict.ADVANCE)


def mark_given_up(purchase: Purchase, *, cause: Cause, now: datetime) -> Settled:
    """Record that what was declined for now stays declined, for the reason that was given then.

    Only where no new try can begin, and without a call of ours nothing is ever charged.
    """
    with transaction.atomic(savepoint=False):
        locked, _ = _lock(purchase)
        if not locked.awaits_shopper:
            return Settled(locked, Verdict.STALE)
        evidence = {"reason_code": locked.reason_code, "why": "no other try came in time"}
        _move(locked, Phase.DECLINED, cause, now, evidence=evidence)
        return Settled(locked, Verdict.ADVANCE)


def _conclude(
    purchase: Purchase, phase: Phase, *, code: str = "", why: str, cause: Cause, now: datetime
) -> Settled:
    with transaction.atomic(savepoint=False):
        locked, _ = _lock(purchase)
        verdict = judge(Phase(locked.phase), phase)
        if verdict is Verdict.ADVANCE:
            locked.reason_code, locked.reason_text = code, why
            _move(locked, phase, cause, now, evidence={"why": why})
        return Settled(locked, verdict)


def _lock(purchase: Purchase) -> tuple[Purchase, list[Purchase]]:
    """Lock and read afresh the purchase and those of the same order, with their sessions.

    Sessions first and by key, as Buy Now locks them: PostgreSQL locks in the order of `of`.
    """
    which = Q(pk=purchase.pk)
    if purchase.order_reference:
        which |= Q(shop=purchase.shop_id, order_reference=purchase.order_reference)
    rows = list(
        Purchase.objects.select_for_update(of=("session", "self"), no_key=True)
        .select_related("session", "shop")
        .filter(which)
        .order_by("session_id")
    )
    [locked] = [row for row in rows if row.pk == purchase.pk]
    return locked, [row for row in rows if row.pk != purchase.pk]


def _refuse(purchase: Purchase, report: Report, wrong: str, cause: Cause) -> Settled:
    open_case(purchase.session, CaseKind.AMOUNT_MISMATCH, f"The PSP says {wrong}.", purchase)
    insert_together(
        event(
            purchase.session,
            "report.refused",
            cause,
            purchase=purchase,
            why=wrong,
            **_evidence(report),
        )
    )
    return Settled(purchase, None, refused=MISMATCH)


def _take_from_report(purchase: Purchase, report: Report, rivals: list[Purchase]) -> None:
    gives_no_reason = report.state in NOTHING_WILL_BE_CHARGED and not report.reason_code
    if not (purchase.awaits_shopper and gives_no_reason):
        purchase.reason_code = report.reason_code[:64]
        purchase.reason_text = report.reason_text[:500]
    purchase.payment_reference = report.payment_reference or purchase.payment_reference
    if report.state is ReportedState.CAPTURED and report.captured is not None:
        purchase.captured_amount = Decimal(report.captured.amount)
        purchase.surplus = any(
            rival.phase == Phase.CAPTURED and not rival.surplus for rival in rivals
        )


def _move(
    purchase: Purchase, phase: Phase, cause: Cause, now: datetime, *, evidence: dict[str, Any]
) -> None:
    """Write the new phase, and all that follows from it, for a purchase whose row is locked."""
    before = Phase(purchase.phase)
    status = STATUS_OF[phase]
    started = status is PurchaseStatus.STARTED
    purchase.phase, purchase.status, purchase.phase_since = phase, status, now
    purchase.polls = 0
    purchase.finished_at = None if started else now
    purchase.awaits_shopper &= phase is Phase.PENDING
    purchase.due_at = (
        purchase.session.open_until if purchase.awaits_shopper else _first_look(phase, now)
    )
    changed = {
        name: getattr(purchase, name)
        for name in (
            "phase",
            "phase_since",
            "awaits_shopper",
            "polls",
            "finished_at",
            "due_at",
            "reason_code",
            "reason_text",
            "payment_reference",
            "captured_amount",
            "surplus",
        )
    }
    moved = Purchase.objects.filter(pk=purchase.pk, phase=before).update(
        **changed, leased_until=None, updated_at=now
    )
    if moved != 1:
        raise AssertionError("a locked row moved")
    rows: list[Any] = [
        event(
            purchase.session,
            DECLINED_FOR_NOW if purchase.awaits_shopper else f"purchase.{phase}",
            cause,
            purchase=purchase,
            phase_before=before,
            phase_after=phase,
            captured_amount=with_digits_of(purchase.amount, purchase.captured_amount),
            **evidence,
        )
    ]
    if not started:
        purchase.session.status = (
            "completed" if purchase.session.status == "registered" else purchase.session.status
        )
        rows.append(outcome_notification(purchase, now=now))
        due.hint()
    elif phase is Phase.AUTHORIZED and purchase.session.capture == Capture.MANUAL:
        rows.append(authorised_notification(purchase, now=now))
        due.hint()
    elif purchase.may_be_tried_again(now):
        rows.append(action_notification(purchase, now=now))
        due.hint()
    insert_together(*rows)
    if before is Phase.AUTHORIZED:
        end_with_purchase(purchase, cause, now)


def _keep(
    purchase: Purchase, report: Report, reported: Phase, verdict: Verdict, cause: Cause
) -> None:
    """Leave the phase. News of where we stand already is not worth an event; the rest is."""
    if reported == purchase.phase:
        return
    if verdict is Verdict.CONFLICT:
        open_case(
            purchase.session,
            CaseKind.CONFLICTING_REPORT,
            f"We hold {purchase.phase}; the PSP now says {report.psp_word!r}.",
            purchase,
        )
    elif reported is Phase.AUTHORIZED:
        act_on_reservation(purchase)
    insert_together(
        event(
            purchase.session,
            f"report.{verdict}",
            cause,
            purchase=purchase,
            phase_before=purchase.phase,
            phase_after=purchase.phase,
            **_evidence(report),
        )
    )


def _evidence(report: Report) -> dict[str, Any]:
    """Return what the PSP said, in a form that JSON can hold."""
    return {
        "psp_word": report.psp_word,
        "reported": report.state.value,
        "psp_amount": report.money and f"{report.money.amount} {report.money.currency}",
        "psp_captured": report.captured and f"{report.captured.amount} {report.captured.currency}",
        "reason_code": report.reason_code,
    }
