"""A call that may never have arrived and can no longer be sent: fenced at the PSP, then ended."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from payments.domain.next_step import SUBMIT_WITHIN
from payments.models import Case, PspCall
from payments.services.end_session import end_session
from tests.builders import make_purchase
from tests.scenarios.world import Checkout, World


def answered_with_500(world: World, order: str = "o-1") -> Checkout:
    """Buy on a checkout whose first two purchase requests the PSP answers with 500, uncharged."""
    checkout = world.register("20.07", order_reference=order)
    assert world.buy(checkout).json()["purchase"]["phase"] == "in_doubt"
    return checkout


def let_the_key_age(checkout: Checkout) -> None:
    """Put the first send back by half of the PSP's key window."""
    calls = PspCall.objects.filter(session__checkout_id=checkout.id, operation="confirm")
    calls.update(first_sent_at=timezone.now() - timedelta(hours=12))


def sends(checkout: Checkout) -> int:
    return PspCall.objects.get(session__checkout_id=checkout.id, operation="confirm").sends


class TestAPurchaseThatThePspHasNotActedOn:
    def test_is_cancelled_there_before_it_is_ended_here(self, world: World) -> None:
        checkout = answered_with_500(world)
        let_the_key_age(checkout)

        world.work_until(world.has_phase(checkout, "cancelled"))

        assert sends(checkout) == 1
        books = world.books(checkout)
        assert (books["status"], books["charges"]) == ("cancelled", [])
        again = world.register("20.00", order_reference="o-1")
        assert world.buy(again).json()["purchase"]["status"] == "successful"

    def test_stays_in_doubt_and_locks_the_order_while_the_psp_does_not_confirm(
        self, world: World
    ) -> None:
        checkout = answered_with_500(world)
        other = world.refused_to_register("20.00", order_reference="o-1")
        let_the_key_age(checkout)
        world.sandbox.control("outage", {"seconds": 60, "mode": "503"})
        world.work()

        assert world.purchase(checkout).phase == "in_doubt"
        assert other["type"] == "urn:bps:problem:outcome-in-doubt"
        assert other["next_check_at"]
        world.sandbox.control("outage", {"seconds": 0})
        world.work_until(world.has_phase(checkout, "cancelled"))
        assert world.charges(checkout) == 0

    def test_is_fenced_rather_than_charged_hours_after_its_shopper_left(self, world: World) -> None:
        checkout = world.register_during_outage("20.00")
        assert world.buy(checkout).json()["purchase"]["phase"] == "submitting"
        long_ago = timezone.now() - SUBMIT_WITHIN
        PspCall.objects.filter(session__checkout_id=checkout.id).update(created_at=long_ago)
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(world.has_phase(checkout, "cancelled"))

        assert world.charges(checkout) == 0
        assert world.books(checkout)["status"] == "cancelled"


class TestAFenceWhoseOwnKeyMayBeForgotten:
    def test_is_sent_again_with_another_since_it_takes_no_money(self, world: World) -> None:
        checkout = answered_with_500(world)
        let_the_key_age(checkout)
        world.sandbox.control("outage", {"seconds": 60, "mode": "503"})
        world.work()
        cancels = PspCall.objects.filter(operation="cancel")
        cancels.update(first_sent_at=timezone.now() - timedelta(hours=12))
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(world.has_phase(checkout, "cancelled"))

        assert world.books(checkout)["status"] == "cancelled"


class TestAnExpiry:
    def test_that_meets_a_purchase_just_stored_leaves_the_session_to_it(self, world: World) -> None:
        """The cancel was confirmed; before it was recorded, Buy Now had been accepted."""
        checkout = world.register("20.00")
        session = world.session(checkout)
        make_purchase(session, phase="submitting")

        ended = end_session(session, now=timezone.now())

        assert ended.status == world.session(checkout).status == "registered"
        assert world.books(checkout)["status"] == "cancelled"


class TestARegistrationInDoubt:
    def test_is_given_up_rather_than_sent_without_a_key(self, world: World) -> None:
        """Nobody has its token, so nobody can pay on what the PSP may hold."""
        body = world.new_checkout("20.00")
        world.sandbox.control("outage", {"seconds": 60, "mode": "drop"})
        assert world.post("", body).status_code == 503
        PspCall.objects.update(first_sent_at=timezone.now() - timedelta(hours=12))
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(lambda: world.read(body["checkout_id"])["status"] == "failed")

        assert PspCall.objects.get().sends == 1
        assert [case.kind for case in Case.objects.all()] == ["refused_by_psp"]
        assert world.post("", {**body, "checkout_id": "another"}).status_code == 201
