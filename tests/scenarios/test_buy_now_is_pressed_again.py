"""The shopper presses Buy Now twice, or fifty times at once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from payments.models import PspCall, Purchase, ShopNotification
from tests.scenarios.world import World


class TestBuyNowPressedAgain:
    def test_answers_the_outcome_and_charges_nothing_more(self, world: World) -> None:
        checkout = world.register("20.00")
        first = world.buy(checkout).json()

        second = world.buy(checkout)

        assert second.status_code == 200
        assert second.json()["purchase"]["id"] == first["purchase"]["id"]
        assert second.json()["purchase"]["status"] == "successful"
        assert world.charges(checkout) == 1
        assert world.books(checkout)["purchase_requests"] == 1
        assert world.purchase(checkout).presses == 2

    def test_replays_the_stored_answer_for_the_same_key(self, world: World) -> None:
        checkout = world.register("20.00")
        key = uuid4().hex
        first = world.buy(checkout, key=key)

        second = world.buy(checkout, key=key)

        assert second.json() == first.json()
        assert second.headers["Idempotent-Replayed"] == "true"
        assert world.purchase(checkout).presses == 1

    def test_is_answered_with_the_same_purchase_while_the_first_runs(self, world: World) -> None:
        checkout = world.register("20.06")
        first = world.buy(checkout, prefer="wait=1").json()

        second = world.buy(checkout)

        assert (second.status_code, second.json()["purchase"]["id"]) == (
            202,
            first["purchase"]["id"],
        )
        world.work_until(world.has_phase(checkout, "captured"))
        assert world.charges(checkout) == 1


class TestBuyNowPressedFiftyTimesAtOnce:
    def test_charges_once_and_shows_no_shopper_an_error(self, world: World) -> None:
        checkout = world.register("20.00")

        with ThreadPoolExecutor(50) as shoppers:
            responses = list(shoppers.map(lambda _: world.buy(checkout), range(50)))

        assert {response.status_code for response in responses} <= {200, 202}
        assert len({response.json()["purchase"]["id"] for response in responses}) == 1
        world.work_until(world.has_phase(checkout, "captured"))
        assert world.charges(checkout) == 1
        assert Purchase.objects.count() == 1
        assert PspCall.objects.get(operation="confirm").sends == 1
        assert ShopNotification.objects.count() == 1

    def test_on_two_tabs_of_one_order_charges_one_of_them(self, world: World) -> None:
        tabs = [world.register("20.00", order_reference="o-tabs")]
        tabs.append(world.register("20.00", order_reference="o-tabs"))

        with ThreadPoolExecutor(20) as shoppers:
            responses = list(shoppers.map(lambda n: world.buy(tabs[n % 2]), range(20)))

        assert {response.status_code for response in responses} <= {200, 202, 409}
        world.work()
        assert sum(world.charges(tab) for tab in tabs) == 1
