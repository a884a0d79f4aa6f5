"""PspCall rows: staged before a call, claimed before each send, finished with what came of it.

    if claim_send(call, now=now, key_window=window):
        answer = send(call, lambda client, prepared: client.confirm(prepared))
        with recording(call, answer, now=timezone.now()) as first_and_only:
            ...  # what this says of the purchase, in the same transaction

While a PSP is asked, nobody holds a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from payments.crash_points import CrashPoint, passing
from payments.domain.answers import CallOutcome, never_arrived
from payments.domain.schedule import SUBMISSION_RETRIES, retry_delay
from payments.models import Instruction, PaymentSession, PspCall, Purchase, Refund
from payments.psp import Answer, ask
from psp_clients.contract import (
    Operation,
    PreparedCall,
    PspClient,
    RefundReport,
    RegisteredSession,
    Report,
)

Result = TypeVar("Result")


def staged_call(
    prepared: PreparedCall,
    session: PaymentSession,
    *,
    purchase: Purchase | None = None,
    refund: Refund | None = None,
    instruction: Instruction | None = None,
) -> PspCall:
    """Return the row of a call that is yet to be inserted and sent."""
    return PspCall(
        session=session,
        purchase=purchase,
        refund=refund,
        instruction=instruction,
        psp=session.psp,
        operation=prepared.operation,
        idempotency_key=prepared.key,
        method=prepared.method,
        path=prepared.path,
        headers=dict(prepared.headers),
        body=prepared.body,
    )


def claim_send(call: PspCall, *, now: datetime, key_window: timedelta) -> bool:
    """Note that the call is about to be sent; refuse if its key may be forgotten by then.

    One conditional statement: what may have reached the PSP first more than half a window ago is
    never sent again, whoever asks; neither is a try that is over.
    """
    sendable = Q(first_sent_at__isnull=True) | Q(first_sent_at__gt=now - key_window / 2)
    claimed = (
        _not_over(call)
        .filter(sendable)
        .update(
            first_sent_at=Coalesce("first_sent_at", Value(now, output_field=DateTimeField())),
            last_sent_at=now,
            sends=F("sends") + 1,
            updated_at=now,
        )
    )
    if claimed:
        call.first_sent_at = call.first_sent_at or now
        call.last_sent_at = now
        call.sends += 1
    return bool(claimed)


def send(call: PspCall, verb: Callable[[PspClient, PreparedCall], Result]) -> Answer[Result]:
    """Send a call whose send is claimed, as it is stored. The caller holds no transaction."""
    passing(CrashPoint.BEFORE_SEND)
    prepared = call.prepared
    answer = ask(call.psp, lambda client: verb(client, prepared))
    passing(CrashPoint.AFTER_ANSWER)
    return answer


@contextmanager
def recording(call: PspCall, answer: Answer[Any], *, now: datetime) -> Iterator[bool]:
    """Record what came of a send, in one transaction with all that the block makes of it.

    Yields whether no other send can have reached the PSP, which a refusal needs to prove anything.
    """
    with transaction.atomic(durable=True):
        yield record_answer(call, answer, now=now)
        passing(CrashPoint.BEFORE_RECORD_COMMIT)
    passing(CrashPoint.AFTER_RECORD_COMMIT)


def record_answer(call: PspCall, answer: Answer[Any], *, now: datetime) -> bool:
    """Record what came of a send, in the caller's transaction, as `recording` does in its own.

    Returns whether no other send can have reached the PSP.
    """
    first_and_only = is_first_and_only(call, answer)
    finish_call(call, answer, first_and_only=first_and_only, now=now)
    return first_and_only


def wait_before_next_send(call: PspCall, answer: Answer[Any]) -> timedelta:
    """Return how long to leave a PSP alone that did nothing: longer each time, or as it asks."""
    return max(retry_delay(SUBMISSION_RETRIES, call.sends), answer.retry_after or timedelta())


def is_first_and_only(call: PspCall, answer: Answer[Any]) -> bool:
    """Tell whether no send but the one answered so can have reached the PSP.

    Asked of the row, which is held until the caller's transaction ends: while this process
    waited for its answer, its lease may have lapsed and another have sent the call too. A result
    needs no such proof, and is not asked for it.
    """
    if answer.result is not None or call.first_sent_at != call.last_sent_at:
        return False
    row = PspCall.objects.select_for_update(no_key=True).only("sends").get(pk=call.pk)
    return row.sends == call.sends


def finish_call(call: PspCall, answer: Answer[Any], *, first_and_only: bool, now: datetime) -> None:
    """Record what came of a send, unless another send of the call has ended this try."""
    call.outcome = answer.outcome
    changed: dict[str, Any] = {}
    if never_arrived(answer.outcome, first_and_only=first_and_only):
        changed["first_sent_at"] = call.first_sent_at = None
    _not_over(call).update(
        **changed,
        outcome=answer.outcome,
        answered_at=now,
        duration_ms=answer.duration_ms,
        answer=_evidence(answer.result),
        error=str(answer.error or "")[:500],
        updated_at=now,
    )


def _not_over(call: PspCall) -> QuerySet[PspCall]:
    return PspCall.objects.filter(pk=call.pk).exclude(outcome=CallOutcome.DECLINED_FOR_NOW)


def record_look_up(
    session: PaymentSession,
    answer: Answer[Report] | Answer[RefundReport],
    *,
    now: datetime,
    purchase: Purchase | None = None,
    refund: Refund | None = None,
) -> PspCall:
    """Store a look-up with its answer. It changes nothing at the PSP, so it needs no intent."""
    return PspCall.objects.create(
        session=session,
        purchase=purchase,
        refund=refund,
        psp=session.psp,
        operation=Operation.FETCH if refund is None else Operation.FETCH_REFUND,
        method="GET",
        path="",
        sends=1,
        last_sent_at=now,
        answered_at=now,
        duration_ms=answer.duration_ms,
        outcome=answer.outcome,
        answer=_evidence(answer.result),
        error=str(answer.error or "")[:500],
    )


def _evidence(result: Report | RefundReport | RegisteredSession | None) -> dict[str, Any]:
    return dict(result.evidence) if result is not None else {}
