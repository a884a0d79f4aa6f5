"""Any presses, answers and reports, in any order: one call at a time, and the last truth wins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import FAILED_PHASES, Phase
from payments.invariants.histories import replay
from payments.models import Case, CauseKind, PspCall, Purchase
from payments.psp import Answer
from payments.services import settle
from payments.services.buy_now import accept_buy_now
from payments.services.calls import finish_call
from payments.services.timeline import Cause
from payments.tries import confirm_under_way
from psp_clients.contract import DeclinedForNow, InDoubt, Report, ReportedState
from tests.builders import make_session
from tests.properties.test_any_reports_in_any_order import Told, verified_events

CAUSE = Cause(CauseKind.PSP_CALL, "call-1")
Happening = Callable[[Purchase], None]


def press(purchase: Purchase) -> None:
    """Press Buy Now once more."""
    session = purchase.session
    accept_buy_now(
        shop=session.shop,
        checkout_id=session.checkout_id,
        psp_token=session.psp_token or "",
        purchase_info={"items": []},
        carried_by_caller=False,
        cause=Cause(CauseKind.API_REQUEST),
        now=timezone.now(),
    )


def declined_for_now(which: int) -> Happening:
    """Return the answer to the first call, or to the last, be it a straggler's."""

    def happens(purchase: Purchase) -> None:
        why = DeclinedForNow("No money.", code="funds")
        answered: Answer[Report] = Answer(CallOutcome.DECLINED_FOR_NOW, None, why, 1)
        call = list(purchase.psp_calls.order_by("created_at"))[which]
        finish_call(call, answered, first_and_only=False, now=timezone.now())
        settle.mark_declined_for_now(
            purchase, code="funds", why="No money.", cause=CAUSE, now=timezone.now()
        )

    return happens


def lost(which: int) -> Happening:
    """Return that no answer to the first call, or to the last, has come."""

    def happens(purchase: Purchase) -> None:
        answer: Answer[Report] = Answer(CallOutcome.IN_DOUBT, None, InDoubt("lost"), 1)
        call = list(purchase.psp_calls.order_by("created_at"))[which]
        finish_call(call, answer, first_and_only=False, now=timezone.now())
        settle.mark_in_doubt(purchase, why="lost", cause=CAUSE, now=timezone.now())

    return happens


FIRST, LAST = 0, -1
HAPPENINGS: list[Happening] = [
    press,
    press,
    declined_for_now(FIRST),
    declined_for_now(LAST),
    lost(FIRST),
    lost(LAST),
    Told(ReportedState.OPEN),
    Told(ReportedState.PENDING),
]


@pytest.mark.django_db
@given(
    st.lists(st.sampled_from(HAPPENINGS), max_size=12),
    st.sampled_from([Told(ReportedState.CAPTURED), Told(ReportedState.CANCELLED), None]),
)
def test_a_purchase_has_one_call_at_a_time_and_waits_only_without_one(
    happenings: list[Happening], end: Happening | None
) -> None:
    session = make_session()
    press(Purchase(session=session))
    purchase = Purchase.objects.select_related("session__shop").get(session=session)

    for happens in happenings:
        happens(purchase)
        row = Purchase.objects.get(pk=purchase.pk)
        assert row.phase in (Phase.SUBMITTING, Phase.IN_DOUBT, Phase.PENDING)
        calls = PspCall.objects.filter(purchase=purchase)
        not_over = calls.exclude(outcome=CallOutcome.DECLINED_FOR_NOW)
        assert not_over.count() <= 1
        assert row.awaits_shopper == (confirm_under_way(row) is None)
        assert row.due_at is not None
    if end is not None:
        end(purchase)

    row = Purchase.objects.get(pk=purchase.pk)
    assert (row.phase == Phase.CAPTURED) == (end == Told(ReportedState.CAPTURED))
    assert (row.phase in FAILED_PHASES) == (end == Told(ReportedState.CANCELLED))
    assert not (end and row.awaits_shopper)
    assert row.presses == 1 + sum(happens is press for happens in happenings)
    assert Case.objects.filter(purchase=purchase).count() == 0
    assert verified_events(purchase) == session.events.count()
    assert replay(session.events.order_by("position")).last_phase == row.phase
