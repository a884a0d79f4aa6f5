"""The bank says no to one way to pay. The shopper chooses another on the PSP's page, and buys."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from payments.models import Case, Event, PspCall, Purchase, ShopNotification, WebhookReceipt
from tests.builders import make_purchase, make_session
from tests.passing_time import let_pass
from tests.scenarios.world import Checkout, World

DECLINED_FOR_NOW = "20.25"


def confirms(checkout: Checkout) -> list[PspCall]:
    """Return the calls that were to charge a checkout, oldest first."""
    calls = PspCall.objects.filter(session__checkout_id=checkout.id, operation="confirm")
    return list(calls.order_by("created_at"))


def told() -> list[str]:
    """Return what the shop was to be told."""
    return list(ShopNotification.objects.order_by("created_at").values_list("type", flat=True))


@pytest.fixture
def declined(world: World) -> Checkout:
    """Return a checkout on which the shopper was declined for now."""
    checkout = world.register(DECLINED_FOR_NOW, order_reference="o-again")
    assert world.buy(checkout).status_code == 202
    return checkout


def chooses(world: World, checkout: Checkout, scenario: str) -> None:
    """Have the shopper choose on the PSP's page what happens to her next try."""
    world.sandbox.control(f"sessions/{checkout.token}", {"scenario": scenario})


class TestAPurchaseDeclinedForNow:
    def test_says_so_and_what_the_shopper_may_do(self, world: World) -> None:
        checkout = world.register(DECLINED_FOR_NOW)

        answer = world.buy(checkout)

        purchase = answer.json()["purchase"]
        assert (answer.status_code, purchase["status"], purchase["phase"]) == (
            202,
            "started",
            "pending",
        )
        assert purchase["reason"]["code"] == "card_declined"
        assert purchase["next_action"] == {"type": "redirect", "url": checkout.purchase_url}
        assert (world.charges(checkout), told()) == (0, ["purchase.action_required"])

    def test_is_told_to_a_shop_that_did_not_wait(self, world: World) -> None:
        checkout = world.register(DECLINED_FOR_NOW)
        at_once = world.buy(checkout, prefer="respond-async").json()["purchase"]

        world.work()

        assert at_once["next_action"] is None
        [heard] = ShopNotification.objects.all()
        purchase = json.loads(heard.body)["data"]["purchase"]
        assert (heard.type, heard.state) == ("purchase.action_required", "delivered")
        assert purchase["next_action"] == {"type": "redirect", "url": checkout.purchase_url}

    def test_is_successful_by_the_next_press(self, world: World, declined: Checkout) -> None:
        chooses(world, declined, "approve")

        answer = world.buy(declined)

        purchase = answer.json()["purchase"]
        assert (answer.status_code, purchase["status"]) == (200, "successful")
        assert (purchase["reason"], purchase["next_action"]) == (None, None)
        assert world.charges(declined) == 1
        assert [call.outcome for call in confirms(declined)] == ["declined_for_now", "answered"]
        assert len({call.idempotency_key for call in confirms(declined)}) == 2
        assert (Purchase.objects.count(), Case.objects.count()) == (1, 0)
        assert told() == ["purchase.action_required", "purchase.successful"]

    def test_may_be_declined_for_now_again_and_then_for_good(
        self, world: World, declined: Checkout
    ) -> None:
        again = world.buy(declined).json()["purchase"]
        assert (again["phase"], again["next_action"] is not None) == ("pending", True)
        chooses(world, declined, "decline")

        purchase = world.buy(declined).json()["purchase"]

        assert (purchase["phase"], purchase["reason"]["code"]) == ("declined", "insufficient_funds")
        assert (world.charges(declined), len(confirms(declined))) == (0, 3)
        assert told() == [*["purchase.action_required"] * 2, "purchase.failed"]

    def test_is_not_tried_again_once_its_order_was_paid(
        self, world: World, declined: Checkout
    ) -> None:
        chooses(world, declined, "approve")
        shop = world.purchase(declined).shop
        make_purchase(make_session(shop=shop, order_reference="o-again"), phase="captured")

        answer = world.buy(declined)

        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (
            409,
            "order-already-paid",
        )
        assert (len(confirms(declined)), world.charges(declined)) == (1, 0)

    def test_answers_a_key_that_was_used_as_it_did(self, world: World) -> None:
        checkout, key = world.register(DECLINED_FOR_NOW), uuid4().hex
        first = world.buy(checkout, key=key)
        chooses(world, checkout, "approve")

        second = world.buy(checkout, key=key)

        assert (second.json(), second.headers["Idempotent-Replayed"]) == (first.json(), "true")
        assert (world.charges(checkout), len(confirms(checkout))) == (0, 1)

    def test_is_tried_once_more_however_many_press_at_once(
        self, world: World, declined: Checkout
    ) -> None:
        chooses(world, declined, "approve")

        with ThreadPoolExecutor(20) as shoppers:
            answers = list(shoppers.map(lambda _: world.buy(declined), range(20)))

        assert {answer.status_code for answer in answers} <= {200, 202}
        world.work_until(world.has_phase(declined, "captured"))
        assert [call.sends for call in confirms(declined)] == [1, 1]
        assert world.charges(declined) == 1
        assert world.purchase(declined).presses == 21
        pressed = Event.objects.filter(name="buy_now.pressed_again")
        assert pressed.count() == 20


class TestTheOtherTry:
    def test_in_doubt_is_neither_tried_again_nor_told_to_choose(
        self, world: World, declined: Checkout
    ) -> None:
        other = world.register("20.00", order_reference="o-again-2")
        chooses(world, declined, "charge_then_drop")

        doubtful = world.buy(declined).json()["purchase"]
        pressed = world.buy(declined).json()["purchase"]

        assert (doubtful["phase"], doubtful["next_action"]) == ("pending", None)
        assert (pressed["phase"], pressed["next_action"]) == ("pending", None)
        assert [call.outcome for call in confirms(declined)] == ["declined_for_now", "in_doubt"]
        assert world.buy(other).status_code == 200
        world.work_until(world.has_phase(declined, "captured"))
        assert world.charges(declined) == 1
        assert [call.sends for call in confirms(declined)] == [1, 1]

    def test_that_came_to_nothing_is_sent_again_with_its_key(
        self, world: World, declined: Checkout
    ) -> None:
        chooses(world, declined, "error_500")
        world.buy(declined)

        world.work_until(world.has_phase(declined, "captured"))

        assert world.charges(declined) == 1
        assert [call.sends for call in confirms(declined)] == [1, 3]

    def test_waits_for_a_psp_that_is_down(self, world: World, declined: Checkout) -> None:
        chooses(world, declined, "approve")
        world.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})
        world.buy(declined)
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(world.has_phase(declined, "captured"))

        assert (world.charges(declined), len(confirms(declined))) == (1, 2)

    def test_is_not_disturbed_by_late_news_of_the_first(
        self, world: World, declined: Checkout
    ) -> None:
        world.wait_until(WebhookReceipt.objects.exists)
        chooses(world, declined, "issuer_seconds")
        world.buy(declined)

        world.work()

        assert world.purchase(declined).awaits_shopper is False
        world.work_until(world.has_phase(declined, "captured"))
        assert (world.charges(declined), len(confirms(declined))) == (1, 2)

    def test_that_cannot_be_sent_any_more_is_closed_with_a_fence(
        self, world: World, declined: Checkout
    ) -> None:
        chooses(world, declined, "error_500")
        world.buy(declined)
        PspCall.objects.filter(pk=confirms(declined)[1].pk).update(
            first_sent_at=confirms(declined)[1].created_at - timedelta(hours=13)
        )

        world.work_until(world.has_phase(declined, "cancelled"))

        assert (world.charges(declined), world.books(declined)["status"]) == (0, "cancelled")
        assert confirms(declined)[1].sends == 1


class TestAShopperWhoDoesNotComeBack:
    def test_leaves_a_purchase_that_ends_with_the_session(
        self, world: World, declined: Checkout
    ) -> None:
        world.work()
        assert world.purchase(declined).phase == "pending"
        let_pass(world.session(declined), timedelta(minutes=60))

        world.work()

        purchase = world.read(declined.id)["purchase"]
        assert (purchase["phase"], purchase["reason"]["code"]) == ("cancelled", "card_declined")
        assert (purchase["next_action"], world.books(declined)["status"]) == (None, "cancelled")
        assert told() == ["purchase.action_required", "purchase.failed"]
        assert Case.objects.count() == 0

    def test_is_not_charged_by_a_press_after_the_end(
        self, world: World, declined: Checkout
    ) -> None:
        chooses(world, declined, "approve")
        let_pass(world.session(declined), timedelta(minutes=60))

        assert world.buy(declined).status_code == 202

        assert (world.charges(declined), len(confirms(declined))) == (0, 1)

    def test_may_pay_on_another_checkout_of_the_order(
        self, world: World, declined: Checkout
    ) -> None:
        other = world.register("20.00", order_reference="o-again")
        world.work()

        assert world.buy(other).json()["purchase"]["status"] == "successful"
        assert world.purchase(declined).phase == "cancelled"
        assert (world.charges(declined), world.charges(other)) == (0, 1)

    def test_may_have_the_checkout_cancelled(self, world: World, declined: Checkout) -> None:
        answer = world.post(f"/{declined.id}/cancel")
        chooses(world, declined, "approve")
        too_late = world.buy(declined)

        world.work()

        assert (answer.status_code, too_late.json()["purchase"]["next_action"]) == (202, None)
        assert (world.purchase(declined).phase, world.charges(declined)) == ("cancelled", 0)
