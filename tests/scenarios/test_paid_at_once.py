"""The shopper pays and the bank says yes."""

from payments.models import NotificationState, ShopNotification
from tests.scenarios.world import World


class TestAPurchaseThatTheBankApproves:
    def test_is_successful_in_the_answer_to_buy_now(self, world: World) -> None:
        checkout = world.register("20.00")

        response = world.buy(checkout)

        assert response.status_code == 200
        purchase = response.json()["purchase"]
        assert (purchase["status"], purchase["phase"]) == ("successful", "captured")
        assert (purchase["captured_amount"], purchase["currency"]) == ("20.00", "EUR")
        assert response.json()["redirect_url"] == "https://shop.test/thanks"
        assert world.books(checkout)["charged"] == "20.00"
        assert world.read(checkout.id)["status"] == "completed"

    def test_is_told_to_the_shop_with_a_signature_it_accepts(self, world: World) -> None:
        checkout = world.register("20.00")
        world.buy(checkout)

        world.work_until(
            lambda: ShopNotification.objects.get().state == NotificationState.DELIVERED
        )

        told = ShopNotification.objects.get()
        assert told.type == "purchase.successful"
        assert [tried.http_status for tried in told.tries.all()] == [204]

    def test_is_not_changed_by_the_webhook_that_follows(self, world: World) -> None:
        checkout = world.register("20.00")
        world.buy(checkout)

        world.work_until(lambda: world.session(checkout).receipts.count() == 1)

        assert world.purchase(checkout).phase == "captured"
        assert ShopNotification.objects.count() == 1


class TestAPurchaseThatTheBankDeclines:
    def test_fails_with_the_banks_reason(self, world: World) -> None:
        checkout = world.register("20.02")

        response = world.buy(checkout)

        assert response.status_code == 200
        purchase = response.json()["purchase"]
        assert (purchase["status"], purchase["phase"]) == ("failed", "declined")
        assert purchase["reason"]["code"] == "insufficient_funds"
        assert world.charges(checkout) == 0

    def test_leaves_the_order_free_for_another_checkout(self, world: World) -> None:
        declined = world.register("20.02", order_reference="o-1")
        world.buy(declined)
        second = world.register("20.00", order_reference="o-1")

        response = world.buy(second)

        assert response.json()["purchase"]["status"] == "successful"
