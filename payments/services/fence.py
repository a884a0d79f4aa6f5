"""Cancels at a PSP, so that nothing can be charged any more: what must come before any end.

A cancel takes no money, so a new one may be sent when the key of an old one may be forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from payments.models import PaymentSession, PspCall, Purchase, new_idempotency_key
from payments.psp import Answer, ask, psp_client
from payments.services.calls import claim_send, record_answer, staged_call
from psp_clients.contract import Operation, PspReference, Report


@dataclass(frozen=True, slots=True)
class Fence:
    """A cancel that was sent, and what came of it. Only a confirmation is a fence."""

    call: PspCall
    answer: Answer[Report]

    def finish(self, now: datetime) -> None:
        """Record what came of it, in the caller's transaction."""
        record_answer(self.call, self.answer, now=now)


def cancel_at_psp(
    session: PaymentSession,
    ref: PspReference,
    *,
    now: datetime,
    purchase: Purchase | None = None,
) -> Fence | None:
    """Ask the PSP to cancel. Returns None where its PSP cannot; the caller records the answer."""
    client = psp_client(session.psp)
    if not client.capabilities.can_cancel:
        return None
    window = client.capabilities.key_window
    call = PspCall.objects.filter(session=session, operation=Operation.CANCEL).order_by("pk").last()
    if call is None or not claim_send(call, now=now, key_window=window):
        prepared = client.prepare_cancel(ref, key=new_idempotency_key())
        call = staged_call(prepared, session, purchase=purchase)
        call.save()
        claim_send(call, now=now, key_window=window)
    stored = call.prepared
    return Fence(call, ask(session.psp, lambda asked: asked.cancel(stored)))
