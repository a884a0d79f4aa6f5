"""The issuer answers hours later; nothing is guessed meanwhile."""

from tests.scenarios.world import World


class TestAPurchaseWhoseBankTakesHours:
    def test_is_started_until_the_bank_answers_and_then_successful(self, world: World) -> None:
        checkout = world.register("20.03")
        response = world.buy(checkout)
        assert (response.status_code, response.json()["purchase"]["phase"]) == (202, "pending")
        assert world.charges(checkout) == 0

        world.sandbox.control("clock", {"advance_seconds": 5 * 3600})

        world.work_until(world.has_phase(checkout, "captured"))
        assert world.books(checkout)["charged"] == "20.03"

    def test_is_declined_when_the_bank_says_no_in_the_end(self, world: World) -> None:
        checkout = world.register("20.04")
        world.buy(checkout)

        world.sandbox.control("clock", {"advance_seconds": 5 * 3600})

        world.work_until(world.has_phase(checkout, "declined"))
        assert world.charges(checkout) == 0
