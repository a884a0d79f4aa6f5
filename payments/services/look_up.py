"""Asks a PSP what became of a purchase, whoever wants to know: a poll, a webhook, a person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import STARTED_PHASES, UNANSWERED_PHASES, Phase
from payments.domain.schedule import POLL_FOR, next_poll
from payments.models import CaseKind, CauseKind, PaymentSession, Purchase
from payments.psp import Answer, ask, can_be_asked, page_charges
from payments.selectors import purchase_of
from payments.services import due, settle
from payments.services.calls import record_look_up
from payments.services.page_news import apply_page_report
from payments.services.timeline import Cause, open_case
from payments.tries import how_far
from psp_clients.contract import PspReference, Report, ReportedState


def look_up(
    purchase: Purchase, *, cause_kind: CauseKind, now: datetime, cause_id: str = "", actor: str = ""
) -> Report | None:
    """Ask the PSP what is true, and apply it. Returns the report, or None if none came.

    A poll plans the next one whatever comes of it; after a week a person is asked. Who looks in
    between, be it a shop or a webhook, does not put our own next look off. A PSP that cannot be
    asked is not: its webhooks tell.
    """
    if not can_be_asked(purchase.session.psp):
        if cause_kind is CauseKind.POLL:
            schedule_next_look(purchase, now)
        return None
    cause = Cause(cause_kind, cause_id, actor)
    return record_look(purchase, fetch(purchase), cause=cause, now=now)


def fetch(purchase: Purchase) -> Answer[Report]:
    """Ask the PSP what is true of a purchase. Records nothing."""
    reference = purchase.psp_reference
    return ask(purchase.session.psp, lambda client: client.fetch(reference))


def record_look(
    purchase: Purchase, answer: Answer[Report], *, cause: Cause, now: datetime
) -> Report | None:
    """Record what came of asking, and apply it. A cause without an id is the look itself."""
    now = max(now, timezone.now())
    with transaction.atomic():
        fetched = record_look_up(purchase.session, answer, now=now, purchase=purchase)
        if answer.result is not None:
            because = Cause(cause.kind, cause.id or str(fetched.pk), cause.actor)
            settle.apply_report(purchase, answer.result, cause=because, now=now)
        if cause.kind is CauseKind.POLL:
            # After the gate, which locks the session before the purchase, as everybody must.
            reached = answer.outcome is not CallOutcome.NOT_SENT
            schedule_next_look(purchase, now, counted=reached)
    return answer.result


def can_look_at_page(session: PaymentSession) -> bool:
    """Tell whether a PSP whose page charges can be asked about a session, bought on or not."""
    return bool(session.psp_token) and page_charges(session.psp) and can_be_asked(session.psp)


def look_at_page(
    session: PaymentSession, *, cause: Cause, now: datetime, return_query: str = ""
) -> Report | None:
    """Ask a PSP whose page charges what became of a session, bought on or not, and apply it.

    Returns the report, or None if none came. `return_query` is what the shopper brought back.
    """
    answer = fetch_page(session, return_query=return_query)
    return record_page_look(session, answer, cause=cause, now=now)


def fetch_page(session: PaymentSession, *, return_query: str = "") -> Answer[Report]:
    """Ask the PSP what is true of a session with a token. Records nothing."""
    purchase = purchase_of(session)
    reference = PspReference(
        psp_token=session.psp_token or "",
        reference=session.reference,
        payment_reference=purchase.payment_reference if purchase else "",
        return_query=return_query,
    )
    return ask(session.psp, lambda client: client.fetch(reference))


def record_page_look(
    session: PaymentSession, answer: Answer[Report], *, cause: Cause, now: datetime
) -> Report | None:
    """Record what came of asking about a session, and apply it."""
    now = max(now, timezone.now())
    with transaction.atomic():
        fetched = record_look_up(session, answer, now=now, purchase=purchase_of(session))
        if answer.result is not None:
            because = Cause(cause.kind, cause.id or str(fetched.pk), cause.actor)
            apply_page_report(session, answer.result, cause=because, now=now)
        if answer.result is not None and answer.result.state is ReportedState.OPEN:
            PaymentSession.objects.filter(pk=session.pk, may_be_paid=True).update(may_be_paid=False)
    return answer.result


def schedule_next_look(purchase: Purchase, now: datetime, *, counted: bool = True) -> None:
    """Plan the next look at a started phase; where the gate moved it, the gate has planned.

    A look that never left (not `counted`) does not make the next one rarer. A PSP that cannot be
    asked is given the same week before a person is.
    """
    if Phase(purchase.phase) not in STARTED_PHASES:
        return
    polls = purchase.polls + counted
    at = _next_look(purchase, polls, now)
    Purchase.objects.filter(
        pk=purchase.pk, phase=purchase.phase, awaits_shopper=purchase.awaits_shopper
    ).update(polls=polls, due_at=at, leased_until=None)
    if at is None:
        open_case(
            purchase.session,
            CaseKind.UNANSWERED,
            "A week has not shown what became of this purchase.",
            purchase,
        )


def _next_look(purchase: Purchase, polls: int, now: datetime) -> datetime | None:
    psp, since = purchase.session.psp, purchase.phase_since
    if purchase.may_be_tried_again(now):
        return purchase.session.open_until
    if not can_be_asked(psp):
        return due.sooner(since + POLL_FOR, now) if now - since < POLL_FOR else None
    phase = how_far(purchase)
    # At a PSP's page the shopper may be about to act, and nobody has promised to tell us.
    on_its_way = phase is Phase.PENDING and page_charges(psp)
    answered = phase not in UNANSWERED_PHASES and not on_its_way
    return due.sooner(next_poll(answered=answered, polls=polls, since=since, now=now), now)
