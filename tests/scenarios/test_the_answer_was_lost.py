"""The PSP charged, and its answer never came."""

import pytest

from payments.models import PspCall
from tests.scenarios.world import World


class TestAChargeWhoseAnswerIsLost:
    @pytest.mark.parametrize(
        "amount",
        [
            pytest.param("20.05", id="the connection is dropped"),
            pytest.param("20.08", id="a 500 is answered"),
            pytest.param("20.15", id="look-ups find nothing at first"),
        ],
    )
    def test_is_in_doubt_then_found_and_was_made_once(self, world: World, amount: str) -> None:
        checkout = world.register(amount)

        response = world.buy(checkout)

        assert response.status_code == 202
        assert response.json()["purchase"]["phase"] == "in_doubt"
        world.work_until(world.has_phase(checkout, "captured"))
        assert world.charges(checkout) == 1

    def test_stops_a_second_checkout_of_the_order(self, world: World) -> None:
        world.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})
        lost = world.register_during_outage("20.00", order_reference="o-2")
        world.buy(lost)
        other = world.register_during_outage("20.00", order_reference="o-2")
        world.sandbox.control("outage", {"seconds": 60, "mode": "drop"})
        world.work_until(world.has_phase(lost, "in_doubt"))

        refused = world.buy(other)

        assert refused.status_code == 409
        problem = refused.json()
        assert problem["type"] == "urn:bps:problem:outcome-in-doubt"
        assert problem["next_check_at"] is not None
        assert world.charges(other) == 0

    def test_stops_the_registration_of_another_checkout(self, world: World) -> None:
        lost = world.register("20.05", order_reference="o-3")
        world.buy(lost)

        refused = world.post("", {**lost.body, "checkout_id": "c-other"})

        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:bps:problem:outcome-in-doubt"


class TestAPspThatFailsWithoutCharging:
    def test_is_asked_again_with_the_same_key_until_it_charges_once(self, world: World) -> None:
        checkout = world.register("20.07")

        assert world.buy(checkout).json()["purchase"]["phase"] == "in_doubt"

        world.work_until(world.has_phase(checkout, "captured"))
        call = PspCall.objects.get(operation="confirm")
        assert call.sends >= 3
        assert world.charges(checkout) == 1


class TestAnAnswerThatComesAfterTheBudget:
    def test_is_recorded_when_it_comes(self, world: World) -> None:
        checkout = world.register("20.06")

        response = world.buy(checkout, prefer="wait=1")

        assert (response.status_code, response.json()["purchase"]["phase"]) == (202, "submitting")
        world.work_until(world.has_phase(checkout, "captured"))
        assert PspCall.objects.get(operation="confirm").sends == 1
        assert world.charges(checkout) == 1
