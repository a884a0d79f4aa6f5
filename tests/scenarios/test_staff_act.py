"""Staff act on real payments: at once, with forms, and on what the PSP did meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from payments.models import PaymentSession, Refund, WebhookReceipt
from payments.services import staff_messages, staff_money, staff_session
from payments.services.foresee import foresee_replay
from payments.services.refusals import NothingToRefund, RefundTooLarge
from tests.builders import make_user
from tests.scenarios.world import Checkout, World

REASON = "The customer called."


def paid(world: World, amount: str = "20.00") -> Checkout:
    checkout = world.register(amount)
    assert world.buy(checkout).json()["purchase"]["status"] == "successful"
    return checkout


def refund(world: World, checkout: Checkout, by: User, *, amount: str, key: str) -> str:
    try:
        staff_money.refund(
            by=by,
            purchase=world.purchase(checkout),
            amount=Decimal(amount),
            reason=REASON,
            form_key=key,
            now=timezone.now(),
        )
    except (RefundTooLarge, NothingToRefund):
        return "refused"
    return "granted"


class TestFortyPartialRefundsAtOnce:
    def test_never_exceed_what_was_captured_and_the_books_agree(self, world: World) -> None:
        checkout, by = paid(world), make_user("refund_purchase")
        start = Barrier(40)

        def press(_: int) -> str:
            start.wait(timeout=30)
            try:
                return refund(world, checkout, by, amount="6.00", key=uuid4().hex)
            finally:
                connection.close()

        with ThreadPoolExecutor(40) as threads:
            answers = list(threads.map(press, range(40)))
        world.work()

        assert answers.count("granted") == 3
        booked = [given["amount"] for given in world.books(checkout)["refunds"]]
        assert booked == ["6.00"] * 3
        assert world.purchase(checkout).refunded_amount == Decimal("18.00")

    def test_of_one_form_are_one_refund(self, world: World) -> None:
        checkout, by = paid(world), make_user("refund_purchase")
        start = Barrier(40)

        def press(_: int) -> str:
            start.wait(timeout=30)
            try:
                return refund(world, checkout, by, amount="1.50", key="form:1")
            finally:
                connection.close()

        with ThreadPoolExecutor(40) as threads:
            answers = list(threads.map(press, range(40)))
        world.work()

        assert answers == ["granted"] * 40
        assert Refund.objects.count() == 1
        assert world.books(checkout)["refunded"] == "1.50"


class TestReplayingAWebhook:
    def test_says_first_what_would_change_and_then_changes_it(self, world: World) -> None:
        checkout = world.register("20.18")  # paid there after three seconds
        world.buy(checkout)
        receipt = self.waiting_for_the_webhook(world, checkout)
        WebhookReceipt.objects.filter(pk=receipt.pk).update(state="processed", due_at=None)
        purchase = world.purchase(checkout)
        assert purchase.phase == "pending"

        foreseen = foresee_replay(receipt)
        still = world.purchase(checkout).phase
        by = make_user("replay_receipt")
        staff_messages.replay_receipt(by=by, receipt=receipt, reason=REASON, now=timezone.now())
        world.work()

        assert foreseen == "The purchase would go from pending to captured."
        assert still == "pending"
        assert world.purchase(checkout).phase == "captured"
        assert "Nothing would change" in foresee_replay(receipt)

    @staticmethod
    def waiting_for_the_webhook(world: World, checkout: Checkout) -> WebhookReceipt:
        """Wait, without working on it, for the news that it was paid."""
        found = WebhookReceipt.objects.filter(
            event_type="session.paid", reference=world.session(checkout).reference
        )
        world.wait_until(found.exists)
        return found.get()


class TestCancellingASession:
    def test_is_a_fence_with_a_name_and_a_reason(self, world: World) -> None:
        checkout, by = world.register("20.00"), make_user("cancel_session", username="olga")

        cancelled = staff_session.cancel(
            by=by,
            session=PaymentSession.objects.select_related("shop").get(checkout_id=checkout.id),
            reason=REASON,
            now=timezone.now(),
        )

        assert (cancelled.status, cancelled.cancel_reason) == ("cancelled", "asked for by staff")
        assert world.books(checkout)["status"] == "cancelled"
        event = world.session(checkout).events.get(name="session.cancel_requested")
        assert (event.actor, event.data) == ("olga", {"reason": REASON})
