"""The gate of purchases, where a try was declined and another may follow."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payments.domain.answers import CallOutcome
from payments.domain.lifecycle import Phase, Verdict
from payments.models import CauseKind, Event, PspCall, Purchase, ShopNotification
from payments.psp import Answer
from payments.services import settle
from payments.services.calls import claim_send, finish_call
from payments.services.timeline import Cause
from psp_clients.contract import DeclinedForNow, InDoubt, Money, Report, ReportedState
from tests.builders import make_psp_call, make_purchase, make_session

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
CAUSE = Cause(CauseKind.PSP_CALL, "7")
SUM = Money("19.99", "EUR")
CANCELLED = Report(ReportedState.CANCELLED, "cancelled", SUM, None)


def tried(phase: Phase = Phase.SUBMITTING, *outcomes: CallOutcome, **fields: Any) -> Purchase:
    """Return a purchase with a confirm call for each outcome."""
    purchase = make_purchase(make_session(expires_at=NOW + timedelta(hours=1)), phase=phase)
    for outcome in outcomes or (CallOutcome.DECLINED_FOR_NOW,):
        make_psp_call(purchase.session, purchase=purchase, outcome=outcome)
    Purchase.objects.filter(pk=purchase.pk).update(**fields)
    return purchase


def declined(purchase: Purchase) -> settle.Settled:
    return settle.mark_declined_for_now(
        purchase, code="funds", why="No money.", cause=CAUSE, now=NOW
    )


def apply(purchase: Purchase, report: Report) -> settle.Settled:
    return settle.apply_report(purchase, report, cause=CAUSE, now=NOW)


class TestATryThatIsDeclinedForNow:
    @pytest.mark.parametrize("phase", [Phase.SUBMITTING, Phase.IN_DOUBT, Phase.PENDING])
    def test_has_the_purchase_wait_for_the_shopper_until_the_session_ends(
        self, phase: Phase
    ) -> None:
        purchase = tried(phase)

        assert declined(purchase).verdict is Verdict.ADVANCE

        row = Purchase.objects.get()
        assert (row.phase, row.awaits_shopper) == ("pending", True)
        assert (row.reason_code, row.reason_text) == ("funds", "No money.")
        assert (row.due_at, row.leased_until) == (NOW + timedelta(hours=1), None)
        event = Event.objects.get()
        assert (event.name, event.phase_before, event.phase_after) == (
            "purchase.declined_for_now",
            phase,
            "pending",
        )
        assert event.data == {
            "reason_code": "funds",
            "why": "No money.",
            "captured_amount": "0.00",
        }

    def test_is_written_as_far_as_its_columns_reach(self) -> None:
        settle.mark_declined_for_now(tried(), code="c" * 65, why="w" * 501, cause=CAUSE, now=NOW)

        row = Purchase.objects.get()
        assert (row.reason_code, row.reason_text) == ("c" * 64, "w" * 500)

    def test_is_told_to_the_shop_which_sends_the_shopper_on(self) -> None:
        purchase = tried()

        declined(purchase)

        notification = ShopNotification.objects.get()
        told = json.loads(notification.body)
        assert (told["type"], notification.due_at) == ("purchase.action_required", NOW)
        assert told["data"]["purchase"]["next_action"] == {
            "type": "redirect",
            "url": purchase.session.purchase_url,
        }

    def test_has_it_end_at_once_and_untold_where_its_end_was_asked_for(self) -> None:
        purchase = tried()
        purchase.session.cancel_requested_at = NOW - timedelta(minutes=1)
        purchase.session.save()

        declined(purchase)

        assert Purchase.objects.get().due_at == NOW - timedelta(minutes=1)
        assert not ShopNotification.objects.exists()

    @pytest.mark.parametrize("outcome", [CallOutcome.OPEN, CallOutcome.IN_DOUBT])
    def test_is_old_news_while_another_is_under_way(self, outcome: CallOutcome) -> None:
        purchase = tried(Phase.PENDING, CallOutcome.DECLINED_FOR_NOW, outcome)

        assert declined(purchase).verdict is Verdict.STALE

        assert Purchase.objects.get().awaits_shopper is False
        assert (Event.objects.count(), ShopNotification.objects.count()) == (0, 0)

    @pytest.mark.parametrize("phase", [Phase.AUTHORIZED, Phase.CAPTURED, Phase.EXPIRED])
    def test_is_old_news_once_more_is_known(self, phase: Phase) -> None:
        purchase = tried(phase)

        assert declined(purchase).verdict is Verdict.STALE

        assert Purchase.objects.get().phase == phase


class TestAnEndWithoutAnotherTry:
    def test_is_a_decline_for_the_reason_that_was_given(self) -> None:
        purchase = tried()
        declined(purchase)

        settled = settle.mark_given_up(purchase, cause=Cause(CauseKind.CLOCK), now=NOW)

        row = Purchase.objects.get()
        assert (settled.verdict, settled.purchase.phase) == (Verdict.ADVANCE, "declined")
        assert (row.phase, row.reason_code, row.awaits_shopper) == ("declined", "funds", False)
        assert Event.objects.latest("position").data == {
            "reason_code": "funds",
            "why": "no other try came in time",
            "captured_amount": "0.00",
        }
        assert ShopNotification.objects.latest("pk").type == "purchase.failed"

    def test_does_not_come_where_the_shopper_is_not_waited_for(self) -> None:
        purchase = tried(Phase.PENDING, CallOutcome.DECLINED_FOR_NOW, CallOutcome.OPEN)

        settled = settle.mark_given_up(purchase, cause=Cause(CauseKind.CLOCK), now=NOW)

        assert (settled.verdict, Purchase.objects.get().phase) == (Verdict.STALE, "pending")

    def test_by_a_fence_keeps_the_reason_that_was_given(self) -> None:
        purchase = tried()
        declined(purchase)

        apply(purchase, CANCELLED)

        row = Purchase.objects.get()
        assert (row.phase, row.reason_code, row.awaits_shopper) == ("cancelled", "funds", False)

    def test_by_a_fence_that_gives_a_reason_takes_that(self) -> None:
        purchase = tried()
        declined(purchase)

        apply(purchase, replace(CANCELLED, reason_code="shop"))

        assert Purchase.objects.get().reason_code == "shop"

    def test_that_is_a_success_leaves_no_reason(self) -> None:
        purchase = tried()
        declined(purchase)

        apply(purchase, Report(ReportedState.CAPTURED, "paid", SUM, SUM))

        assert Purchase.objects.get().reason_code == ""

    def test_without_a_reason_leaves_none_where_the_shopper_was_not_waited_for(self) -> None:
        purchase = tried(Phase.PENDING, CallOutcome.ANSWERED, reason_code="old")

        apply(purchase, CANCELLED)

        assert Purchase.objects.get().reason_code == ""


class TestACallThatWasDeclinedForNow:
    def test_is_not_sent_again(self) -> None:
        call = tried().psp_calls.get()

        assert not claim_send(call, now=NOW, key_window=timedelta(days=36500))

        assert PspCall.objects.get().sends == 1

    def test_is_over_whatever_comes_of_another_send_of_it(self) -> None:
        call = tried().psp_calls.get()
        lost: Answer[Report] = Answer(CallOutcome.IN_DOUBT, None, InDoubt("lost"), 9)

        finish_call(call, lost, first_and_only=False, now=NOW)

        assert PspCall.objects.get().outcome == "declined_for_now"

    def test_says_why(self) -> None:
        call = tried(Phase.SUBMITTING, CallOutcome.OPEN).psp_calls.get()
        why = DeclinedForNow("No money.", code="funds")

        finish_call(
            call, Answer(CallOutcome.DECLINED_FOR_NOW, None, why, 9), first_and_only=True, now=NOW
        )

        row = PspCall.objects.get()
        assert (row.outcome, row.error) == ("declined_for_now", "No money.")
