"""Which PSP a checkout is registered at: the first of the shop's order that fits and answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from payments.circuit import FAILURES_TO_OPEN, Circuit
from payments.models import PaymentSession, PspCall, Shop
from tests.hosted.street import Street

pytestmark = pytest.mark.usefixtures("closed_circuit")

# Nobody listens where the test settings have the sandbox: it cannot be reached.
UNREACHABLE = "sandbox"


def route(routing: dict[str, list[str]]) -> None:
    Shop.objects.update(routing=routing)


def open_circuit(psp: str) -> None:
    for _ in range(FAILURES_TO_OPEN):
        Circuit(psp).failed()


def told(session: PaymentSession) -> list[str]:
    return list(session.events.order_by("position").values_list("name", flat=True))


class TestARegistration:
    def test_goes_to_the_next_psp_where_the_first_cannot_be_reached(self, street: Street):
        route({"*": [UNREACHABLE, "hosted"]})

        session = street.register()

        assert session.psp == "hosted"
        assert told(session) == ["session.created", "session.rerouted", "session.registered"]

    def test_passes_over_a_psp_whose_circuit_is_open(self, street: Street):
        route({"*": [UNREACHABLE, "hosted"]})
        open_circuit(UNREACHABLE)

        session = street.register()

        assert session.psp == "hosted"
        assert told(session) == ["session.created", "session.registered"]
        assert [call.psp for call in PspCall.objects.all()] == ["hosted"]

    def test_is_stored_and_continued_later_where_every_circuit_is_open(self, street: Street):
        open_circuit("hosted")

        response = street.shop.register(checkout_id="c-late")

        assert response.status_code == 503
        assert street.psp.sent == []
        Circuit("hosted").reset()
        assert street.shop.register(checkout_id="c-late").status_code == 200

    def test_passes_over_a_psp_without_the_currency(self, street: Street):
        route({"*": ["hosted", UNREACHABLE]})

        response = street.shop.register(currency="USD")

        assert response.status_code == 503
        assert [session.psp for session in PaymentSession.objects.all()] == [UNREACHABLE]
        assert street.psp.sent == []

    def test_follows_the_order_of_its_currency(self, street: Street):
        route({"*": [UNREACHABLE], "EUR": ["hosted"]})

        assert street.register().psp == "hosted"

    def test_stays_where_it_may_have_arrived(self, street: Street):
        route({"*": ["hosted", UNREACHABLE]})
        street.psp.is_down = True

        response = street.shop.register(checkout_id="c-doubt")

        assert response.status_code == 503
        assert [(call.psp, call.outcome) for call in PspCall.objects.all()] == [
            ("hosted", "in_doubt")
        ]
        street.psp.is_down = False
        assert street.shop.register(checkout_id="c-doubt").status_code == 200
        assert PspCall.objects.get().sends == 2

    def test_stays_where_a_shopper_may_have_paid(self, street: Street):
        route({"*": ["hosted", UNREACHABLE]})
        session = street.register(checkout_id="c-paid", order_reference="o-paid")
        street.acts(session, "paid")
        street.psp.is_down = True
        open_circuit("hosted")

        again = street.shop.register(checkout_id="c-paid", order_reference="o-paid")
        bought = street.buy(session)

        assert (again.status_code, again.json()["psp"]) == (200, "hosted")
        assert again.json()["psp_token"] == session.psp_token
        assert (bought.status_code, bought.json()["purchase"]["phase"]) == (202, "pending")
        assert {call.psp for call in PspCall.objects.all()} == {"hosted"}


class TestTheListOfPsps:
    def listed(self, street: Street) -> list[dict[str, Any]]:
        key = {"Authorization": f"Api-Key {street.shop.key}"}
        response = Client().get("/api/v1/psps", headers=key)
        assert response.status_code == 200
        results: list[dict[str, Any]] = response.json()["results"]
        return results

    def test_tells_a_shop_what_it_may_use(self, street: Street):
        assert self.listed(street) == [
            {
                "name": "hosted",
                "currencies": ["EUR"],
                "confirm_mode": "reads",
                "manual_capture": False,
                "mode": "test",
                "available": True,
            }
        ]

    def test_has_each_psp_once_with_the_currencies_that_lead_to_it(self, street: Street):
        route({"*": ["hosted"], "EUR": [UNREACHABLE, "hosted"], "USD": [UNREACHABLE]})

        found = {one["name"]: one["currencies"] for one in self.listed(street)}

        assert found == {"hosted": ["EUR"], UNREACHABLE: ["EUR", "USD"]}

    def test_leaves_out_a_psp_that_is_not_in_use(self, street: Street):
        route({"*": ["hosted", "formerly"]})

        assert [one["name"] for one in self.listed(street)] == ["hosted"]

    def test_says_which_fails_at_the_moment(self, street: Street):
        open_circuit("hosted")

        assert [one["available"] for one in self.listed(street)] == [False]

    def test_is_for_those_who_have_a_key(self, street: Street):
        assert Client().get("/api/v1/psps").status_code == 401
