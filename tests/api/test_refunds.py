"""Refunds: asked for once per key, never above what is left, and listed with what is."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from payments.models import IdempotencyRecord, PaymentSession, Refund, Shop
from tests.api.answers import reason, refused
from tests.api.caller import Caller
from tests.builders import make_purchase, make_refund, make_session


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a session of which 20.00 EUR was captured."""
    session = make_session(shop=shop, amount="20.00", status="completed")
    make_purchase(session, phase="captured")
    return session


def refund(api: Caller, session: PaymentSession | str, body: Any = None, key: str = "k-1") -> Any:
    """Ask for a refund."""
    return api.send("POST", f"/{session}/refunds", body or {}, Idempotency_Key=key)


@pytest.mark.django_db
class TestARefund:
    def test_of_a_part_is_taken_on(self, api: Caller, session: PaymentSession) -> None:
        response = refund(api, session, {"amount": "5.5", "reason": "broken cup"})

        stored = Refund.objects.get()
        assert response.status_code == 202
        assert response.json() == {
            "id": stored.public_id,
            "state": "pending",
            "amount": "5.50",
            "currency": "EUR",
            "reason": "broken cup",
            "created_at": stored.created_at.isoformat(),
            "finished_at": None,
        }
        assert stored.due_at is not None
        assert session.events.get(name="refund.started").actor == session.shop.name

    def test_without_an_amount_is_of_all_that_is_left(
        self, api: Caller, session: PaymentSession
    ) -> None:
        refund(api, session, {"amount": "5.00"}, "k-1")

        response = refund(api, session, key="k-2")

        assert response.json()["amount"] == "15.00"

    def test_asked_for_again_with_its_key_is_the_same(
        self, api: Caller, session: PaymentSession
    ) -> None:
        first = refund(api, session, {"amount": "5.00"})

        again = refund(api, session, {"amount": "5.00"})

        assert again.json() == first.json()
        assert again["Idempotent-Replayed"] == "true"
        assert Refund.objects.count() == 1

    def test_whose_answer_was_lost_is_found_by_its_key(
        self, api: Caller, session: PaymentSession
    ) -> None:
        first = refund(api, session, {"amount": "5.00"})
        IdempotencyRecord.objects.all().delete()

        again = refund(api, session, {"amount": "5.00"})

        assert again.json() == first.json()
        assert Refund.objects.count() == 1

    def test_of_another_sum_with_a_used_key_is_refused(
        self, api: Caller, session: PaymentSession
    ) -> None:
        refund(api, session, {"amount": "5.00"})
        body = {"amount": "6.00"}

        refused(
            lambda: refund(api, session, body), 422, "idempotency-key-reused", "Idempotency-Key"
        )
        IdempotencyRecord.objects.all().delete()
        refused(
            lambda: refund(api, session, body), 422, "idempotency-key-reused", "Idempotency-Key"
        )

    def test_beyond_what_is_left_is_refused_and_told_how_much_is(
        self, api: Caller, session: PaymentSession
    ) -> None:
        refund(api, session, {"amount": "15.00"}, "k-1")

        answer = refused(
            lambda: refund(api, session, {"amount": "5.01"}, "k-2"),
            409,
            "refund-too-large",
            "amount",
        )

        assert (answer["refundable_amount"], answer["currency"]) == ("5.00", "EUR")

    def test_after_everything_was_given_back_is_refused(
        self, api: Caller, session: PaymentSession
    ) -> None:
        refund(api, session, key="k-1")

        refused(lambda: refund(api, session, key="k-2"), 409, "nothing-to-refund", "checkout_id")

    @pytest.mark.parametrize("phase", ["submitting", "in_doubt", "authorized", "declined"])
    def test_of_what_was_not_taken_is_refused(self, api: Caller, shop: Shop, phase: str) -> None:
        session = make_session(shop=shop, status="completed")
        make_purchase(session, phase=phase)

        refused(lambda: refund(api, session), 409, "nothing-to-refund", "checkout_id")

    def test_of_what_nobody_bought_is_refused(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop)

        refused(lambda: refund(api, session), 409, "nothing-to-refund", "checkout_id")

    def test_of_a_foreign_or_unknown_checkout_is_refused(
        self, foreign_api: Caller, session: PaymentSession
    ) -> None:
        for checkout in (session, "c-none"):
            refused(partial(refund, foreign_api, checkout), 404, "checkout-unknown", "checkout_id")

    def test_without_a_key_is_refused(self, api: Caller, session: PaymentSession) -> None:
        refused(
            lambda: api.send("POST", f"/{session}/refunds", {}),
            400,
            "idempotency-key-missing",
            "Idempotency-Key",
        )

    @pytest.mark.parametrize(
        ("body", "field", "why"),
        [
            ({"amount": 5}, "amount", "must be a string"),
            ({"amount": None}, "amount", "may not be null"),
            ({"amount": "1e1"}, "amount", "must be a plain decimal"),
            ({"amount": "-1.00"}, "amount", "must be a plain decimal"),
            ({"amount": "0.00"}, "amount", "must be more than zero"),
            ({"amount": "1.999"}, "amount", "EUR has 2 digits"),
            ({"amount": "\u0665.\u0660\u0660"}, "amount", "must be a plain decimal"),
            ({"reason": 7}, "reason", "must be a string"),
            ({"reason": "x" * 201}, "reason", "no more than 200"),
            ({"reason": "card 4111111111111111"}, "reason", "looks like a card number"),
            ({"currency": "EUR"}, "currency", "is not a known field"),
        ],
    )
    def test_that_is_malformed_is_refused(
        self, api: Caller, session: PaymentSession, body: dict[str, Any], field: str, why: str
    ) -> None:
        answer = refused(lambda: refund(api, session, body), 400, "invalid-request", field)

        assert why in reason(answer, field)


@pytest.mark.django_db
class TestTheRefundsOfACheckout:
    def test_are_listed_oldest_first_with_what_is_left(
        self, api: Caller, session: PaymentSession
    ) -> None:
        refunds = [make_refund(session.purchase), make_refund(session.purchase)]

        response = api.get(f"/{session}/refunds")

        answer = response.json()
        assert response.status_code == 200
        assert [one["id"] for one in answer["results"]] == [one.public_id for one in refunds]
        assert (answer["refundable_amount"], answer["currency"]) == ("10.00", "EUR")

    def test_are_none_where_nobody_bought(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop)

        answer = api.get(f"/{session}/refunds").json()

        assert answer == {"results": [], "refundable_amount": "0.00", "currency": "EUR"}

    def test_are_no_business_of_another_shop(
        self, foreign_api: Caller, session: PaymentSession
    ) -> None:
        refused(
            lambda: foreign_api.get(f"/{session}/refunds"), 404, "checkout-unknown", "checkout_id"
        )
