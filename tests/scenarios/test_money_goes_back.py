"""Refunds, carried like purchases: once each, never above what was taken, whatever fails."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from payments.models import CallOutcome, CauseKind, PspCall, Refund
from payments.services.refusals import NothingToRefund, RefundTooLarge
from payments.services.request_refund import request_refund
from payments.services.settle_refund import apply_refund_report
from payments.services.timeline import Cause
from psp_clients.contract import RefundReport, RefundState
from tests.scenarios.world import Checkout, World

ASKED = Cause(CauseKind.STAFF, "", "ann")


def paid(world: World, amount: str = "20.00") -> Checkout:
    checkout = world.register(amount)
    assert world.buy(checkout).json()["purchase"]["status"] == "successful"
    return checkout


def give_back(world: World, checkout: Checkout, amount: str | None = None) -> Refund:
    return request_refund(
        purchase_id=world.purchase(checkout).pk,
        amount=None if amount is None else Decimal(amount),
        reason="broken cup",
        cause=ASKED,
        now=timezone.now(),
    )


def given_back(world: World, checkout: Checkout) -> tuple[str, list[str]]:
    """Return what the PSP's books say was refunded, in all and each.

    Nobody promises an order: one that could not be sent at once comes after those behind it.
    """
    books = world.books(checkout)
    return books["refunded"], sorted(refund["amount"] for refund in books["refunds"])


def ended(refund: Refund) -> bool:
    return not Refund.objects.get(pk=refund.pk).is_unfinished


class TestARefund:
    def test_of_everything_is_made_and_told(self, world: World) -> None:
        checkout = paid(world)

        refund = give_back(world, checkout)
        world.work()

        refund.refresh_from_db()
        assert (refund.phase, refund.amount) == ("successful", "20.00")
        assert given_back(world, checkout) == ("20.00", ["20.00"])
        shown = world.read(checkout.id)["purchase"]
        assert (shown["status"], shown["refunded_amount"]) == ("successful", "20.00")
        assert "refund.successful" in [n.type for n in world.session(checkout).notifications.all()]
        events = world.session(checkout).events.filter(name__startswith="refund.")
        assert [(e.name, e.actor) for e in events] == [
            ("refund.started", "ann"),
            ("refund.successful", ""),
        ]

    def test_in_parts_goes_up_to_what_was_taken_and_no_further(self, world: World) -> None:
        checkout = paid(world)
        give_back(world, checkout, "15.00")

        with pytest.raises(RefundTooLarge) as refused:
            give_back(world, checkout, "5.01")
        give_back(world, checkout, "5.00")
        with pytest.raises(NothingToRefund):
            give_back(world, checkout)
        world.work()

        assert (refused.value.left.amount, refused.value.left.currency) == ("5.00", "EUR")
        assert given_back(world, checkout) == ("20.00", ["15.00", "5.00"])
        assert world.purchase(checkout).refunded_amount == Decimal("20.00")

    def test_of_what_was_not_taken_is_refused_and_changes_nothing(self, world: World) -> None:
        checkout = world.register("20.02")
        world.buy(checkout)

        with pytest.raises(NothingToRefund):
            give_back(world, checkout)

        assert not Refund.objects.exists()
        assert not world.session(checkout).events.filter(name__startswith="refund.").exists()


class TestARefundThatThePspMakesThenDropsTheConnection:
    def test_is_in_doubt_then_found_and_was_made_once(self, world: World) -> None:
        checkout = paid(world)
        refund = give_back(world, checkout, "5.93")

        world.work()
        refund.refresh_from_db()
        assert refund.phase == "in_doubt"
        assert refund.state == "pending"
        with pytest.raises(RefundTooLarge):
            give_back(world, checkout, "14.08")
        world.work_until(lambda: ended(refund))

        refund.refresh_from_db()
        assert refund.phase == "successful"
        assert given_back(world, checkout) == ("5.93", ["5.93"])

    def test_is_looked_up_by_our_reference_once_its_key_may_be_forgotten(
        self, world: World
    ) -> None:
        checkout = paid(world)
        refund = give_back(world, checkout, "5.93")
        world.work()
        long_ago = timezone.now() - timedelta(hours=12)
        call = PspCall.objects.filter(refund=refund, operation="refund")
        call.update(first_sent_at=long_ago)

        world.work_until(lambda: ended(refund))

        assert call.get().sends == 1
        assert Refund.objects.get().refund_reference.startswith("re_")
        assert given_back(world, checkout) == ("5.93", ["5.93"])


class TestARefundThatTakesTime:
    def test_is_pending_until_the_webhook_rings(self, world: World) -> None:
        checkout = paid(world)
        refund = give_back(world, checkout, "5.91")

        world.work()
        refund.refresh_from_db()
        assert refund.phase == "pending"
        world.work_until(lambda: ended(refund))

        refund.refresh_from_db()
        assert refund.phase == "successful"

    def test_and_fails_is_a_case_and_can_be_asked_for_again(self, world: World) -> None:
        checkout = paid(world)
        refund = give_back(world, checkout, "19.92")
        world.work_until(lambda: ended(refund))

        refund.refresh_from_db()
        assert refund.phase == "failed"
        assert [case.kind for case in world.session(checkout).cases.all()] == ["refund_failed"]
        assert world.purchase(checkout).refunded_amount == 0
        again = give_back(world, checkout)
        world.work_until(lambda: ended(again))
        assert given_back(world, checkout)[0] == "20.00"


class TestARefundThatTheBankSendsBack:
    def test_after_it_was_called_successful_is_given_back_no_more(self, world: World) -> None:
        checkout = paid(world)
        refund = give_back(world, checkout, "19.92")  # pending there, and fails in the end
        world.work()
        called_successful = RefundReport(RefundState.SUCCESSFUL, "successful", "", None)
        apply_refund_report(refund, called_successful, cause=ASKED, now=timezone.now())
        assert world.purchase(checkout).refunded_amount == Decimal("19.92")

        world.work_until(lambda: Refund.objects.get(pk=refund.pk).phase == "failed")

        assert world.purchase(checkout).refunded_amount == 0
        assert [case.kind for case in world.session(checkout).cases.all()] == ["refund_failed"]


class TestARefundWhileThePspIsDown:
    def test_is_sent_with_the_same_key_when_it_is_back(self, world: World) -> None:
        checkout = paid(world)
        refund = give_back(world, checkout)
        world.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})
        world.work()
        call = PspCall.objects.get(refund=refund)
        assert call.outcome == CallOutcome.RETRYABLE
        assert Refund.objects.get().phase == "submitting"
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(lambda: ended(refund))

        assert PspCall.objects.get(refund=refund, operation="refund").pk == call.pk
        assert given_back(world, checkout) == ("20.00", ["20.00"])
