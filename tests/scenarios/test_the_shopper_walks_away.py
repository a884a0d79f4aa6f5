"""Nobody presses Buy Now: the session ends at the PSP first, then here."""

from datetime import timedelta

from django.utils import timezone

from payments.models import PaymentSession
from tests.scenarios.world import Checkout, World


def let_time_pass(world: World, checkout: Checkout) -> None:
    """Put the session's expiry into the past."""
    past = timezone.now() - timedelta(seconds=1)
    PaymentSession.objects.filter(checkout_id=checkout.id).update(expires_at=past, due_at=past)


class TestASessionNobodyBuysOn:
    def test_expires_and_is_fenced_at_the_psp(self, world: World) -> None:
        checkout = world.register("20.00")
        let_time_pass(world, checkout)

        world.work()

        assert world.session(checkout).status == "expired"
        assert world.books(checkout)["status"] == "cancelled"
        refused = world.buy(checkout)
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:bps:problem:checkout-expired"
        assert world.charges(checkout) == 0

    def test_stays_registered_while_the_psp_cannot_confirm(self, world: World) -> None:
        checkout = world.register("20.00")
        let_time_pass(world, checkout)
        world.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})
        world.work()
        assert world.session(checkout).status == "registered"
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(lambda: world.session(checkout).status == "expired")

    def test_can_be_cancelled_by_the_shop(self, world: World) -> None:
        checkout = world.register("20.00")

        response = world.post(f"/{checkout.id}/cancel")

        assert (response.status_code, response.json()["status"]) == (200, "cancelled")
        assert world.books(checkout)["status"] == "cancelled"
        assert world.buy(checkout).json()["type"] == "urn:bps:problem:checkout-cancelled"
        assert world.post(f"/{checkout.id}/cancel").status_code == 200

    def test_is_cancelled_by_a_newer_checkout_of_its_order(self, world: World) -> None:
        first = world.register("20.00", order_reference="o-9")
        second = world.register("20.00", order_reference="o-9")

        world.work()

        assert world.session(first).status == "cancelled"
        assert world.session(second).status == "registered"

    def test_with_a_started_purchase_is_neither_cancelled_nor_expired(self, world: World) -> None:
        checkout = world.register("20.03")
        world.buy(checkout)
        let_time_pass(world, checkout)

        world.work()
        refused = world.post(f"/{checkout.id}/cancel")

        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:bps:problem:purchase-started"
        assert world.session(checkout).status == "registered"


class TestASuccessAfterTheEnd:
    def test_is_taken_and_shown_to_a_person(self, world: World) -> None:
        checkout = world.register("20.17")
        world.buy(checkout)
        world.work_until(world.has_phase(checkout, "expired"))

        world.work_until(world.has_phase(checkout, "captured"))

        assert world.charges(checkout) == 1
        assert [case.kind for case in world.session(checkout).cases.all()] == ["late_success"]
        told = [n.type for n in world.session(checkout).notifications.order_by("created_at")]
        assert told == ["purchase.failed", "purchase.successful"]


class TestAWordNobodyKnows:
    def test_is_pending_and_a_case_and_never_success(self, world: World) -> None:
        checkout = world.register("20.20")

        response = world.buy(checkout)

        assert response.json()["purchase"]["phase"] == "pending"
        assert [case.kind for case in world.session(checkout).cases.all()] == ["unknown_word"]
        world.work_until(world.has_phase(checkout, "captured"))
