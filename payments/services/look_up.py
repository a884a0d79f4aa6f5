"""Asks a PSP what became of a purchase, whoever wants to know: a poll, a webhook, a person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import STARTED_PHASES, UNANSWERED_PHASES, Phase
from payments.domain.schedule import next_poll
from payments.models import CaseKind, CauseKind, Purchase
from payments.psp import ask
from payments.services import due, settle
from payments.services.calls import record_look_up
from payments.services.timeline import Cause, open_case
from psp_clients.contract import Report


def look_up(
    purchase: Purchase, *, cause_kind: CauseKind, now: datetime, cause_id: str = "", actor: str = ""
) -> Report | None:
    """Ask the PSP what is true, and apply it. Returns the report, or None if none came.

    A poll plans the next one whatever comes of it; after a week a person is asked. Who looks in
    between, be it a shop or a webhook, does not put our own next look off.
    """
    reference = purchase.psp_reference
    answer = ask(purchase.session.psp, lambda client: client.fetch(reference))
    now = max(now, timezone.now())
    with transaction.atomic():
        fetched = record_look_up(purchase, answer, now=now)
        if answer.result is not None:
            cause = Cause(cause_kind, cause_id or str(fetched.pk), actor)
            settle.apply_report(purchase, answer.result, cause=cause, now=now)
        if cause_kind is CauseKind.POLL:
            # After the gate, which locks the session before the purchase, as everybody must.
            reached = answer.outcome is not CallOutcome.NOT_SENT
            schedule_next_look(purchase, now, counted=reached)
    return answer.result


def schedule_next_look(purchase: Purchase, now: datetime, *, counted: bool = True) -> None:
    """Plan the next look at a started phase; where the gate moved it, the gate has planned.

    A look that never left (not `counted`) does not make the next one rarer.
    """
    if Phase(purchase.phase) not in STARTED_PHASES:
        return
    polls = purchase.polls + counted
    at = next_poll(
        answered=purchase.phase not in UNANSWERED_PHASES,
        polls=polls,
        since=purchase.phase_since,
        now=now,
    )
    Purchase.objects.filter(pk=purchase.pk, phase=purchase.phase).update(
        polls=polls, due_at=due.sooner(at, now), leased_until=None
    )
    if at is None:
        open_case(
            purchase.session,
            CaseKind.UNANSWERED,
            "A week of look-ups has not shown what became of this purchase.",
            purchase,
        )
