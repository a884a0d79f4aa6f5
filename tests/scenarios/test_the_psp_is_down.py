"""The PSP cannot be reached for a while."""

from payments.models import PspCall
from tests.scenarios.world import World


class TestAPspThatIsDown:
    def test_at_registration_is_tried_again_with_the_same_key(self, world: World) -> None:
        world.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})
        body = {
            "checkout_id": "c-down",
            "amount": "20.00",
            "currency": "EUR",
            "return_url": "https://shop.test/thanks",
        }
        refused = world.post("", body)
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:bps:problem:psp-unavailable"
        assert refused.json()["money_moved"] == "no"
        world.sandbox.control("outage", {"seconds": 0})

        again = world.post("", body)

        assert again.status_code == 200
        assert again.json()["status"] == "registered"
        assert PspCall.objects.get().sends == 2

    def test_at_buy_now_is_asked_again_by_a_worker(self, world: World) -> None:
        checkout = world.register("20.00")
        world.sandbox.control("outage", {"seconds": 60, "mode": "503_nothing"})
        response = world.buy(checkout)
        assert (response.status_code, response.json()["purchase"]["phase"]) == (202, "submitting")
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(world.has_phase(checkout, "captured"))

        assert world.charges(checkout) == 1

    def test_and_drops_connections_leaves_the_purchase_in_doubt_until_it_is_back(
        self, world: World
    ) -> None:
        checkout = world.register("20.00")
        world.sandbox.control("outage", {"seconds": 60, "mode": "drop"})
        assert world.buy(checkout).json()["purchase"]["phase"] == "in_doubt"
        world.work()
        assert world.purchase(checkout).phase == "in_doubt"
        world.sandbox.control("outage", {"seconds": 0})

        world.work_until(world.has_phase(checkout, "captured"))

        assert world.charges(checkout) == 1
