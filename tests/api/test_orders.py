"""Orders: several checkouts may be for one, and only one of them may be charged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from payments.models import Purchase, Shop
from tests.api.answers import refused
from tests.api.caller import Caller
from tests.builders import make_purchase, make_session, make_shop

pytestmark = pytest.mark.django_db


def other_purchase(shop: Shop, phase: str) -> Purchase:
    """Return the purchase of another checkout of order o-1."""
    return make_purchase(make_session(shop=shop, order_reference="o-1"), phase=phase)


class TestAPaidOrder:
    def test_takes_no_new_checkout(self, api: Caller, shop: Shop) -> None:
        paid = other_purchase(shop, "captured")

        answer = refused(lambda: api.register(order_reference="o-1"), 409, "order-already-paid")

        assert answer["purchase"]["id"] == paid.public_id
        assert answer["purchase"]["status"] == "successful"
        assert answer["purchase"]["captured_amount"] == "19.99"
        assert answer["money_moved"] == "yes"

    def test_takes_no_second_buy_now(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, order_reference="o-1")
        paid = other_purchase(shop, "captured")

        answer = refused(lambda: api.buy(session), 409, "order-already-paid")

        assert answer["purchase"]["id"] == paid.public_id
        assert answer["money_moved"] == "yes"

    @pytest.mark.parametrize(
        "end",
        [{"cancel_requested_at": timezone.now()}, {"status": "cancelled"}],
        ids=["asked", "done"],
    )
    def test_is_what_the_checkout_that_a_newer_one_ended_is_answered(
        self, api: Caller, shop: Shop, end: dict[str, Any]
    ) -> None:
        session = make_session(shop=shop, order_reference="o-1", **end)
        paid = other_purchase(shop, "captured")

        answer = refused(lambda: api.buy(session), 409, "order-already-paid")

        assert answer["purchase"]["id"] == paid.public_id


class TestAnOrderInDoubt:
    def test_takes_no_new_checkout(self, api: Caller, shop: Shop) -> None:
        doubtful = other_purchase(shop, "in_doubt")

        answer = refused(lambda: api.register(order_reference="o-1"), 409, "outcome-in-doubt")

        assert doubtful.due_at is not None
        assert answer["purchase"]["id"] == doubtful.public_id
        assert answer["next_check_at"] == doubtful.due_at.isoformat()
        assert answer["money_moved"] == "unknown"

    def test_takes_no_second_buy_now(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, order_reference="o-1")
        doubtful = other_purchase(shop, "in_doubt")

        answer = refused(lambda: api.buy(session), 409, "outcome-in-doubt")

        assert doubtful.due_at is not None
        assert answer["next_check_at"] == doubtful.due_at.isoformat()
        assert answer["money_moved"] == "unknown"


class TestAnOrderBeingPaid:
    @pytest.mark.parametrize("phase", ["submitting", "pending", "authorized"])
    def test_takes_no_second_buy_now(self, api: Caller, shop: Shop, phase: str) -> None:
        session = make_session(shop=shop, order_reference="o-1")
        started = other_purchase(shop, phase)

        answer = refused(lambda: api.buy(session), 409, "purchase-in-progress")

        assert started.due_at is not None
        assert answer["purchase"]["id"] == started.public_id
        assert answer["next_check_at"] == started.due_at.isoformat()
        assert answer["money_moved"] == "unknown"

    @pytest.mark.parametrize(("seconds", "waits"), [(3600, range(3500, 3601)), (-300, [1])])
    def test_says_when_to_ask_again(
        self, api: Caller, shop: Shop, seconds: int, waits: Sequence[int]
    ) -> None:
        session = make_session(shop=shop, order_reference="o-1")
        Purchase.objects.filter(pk=other_purchase(shop, "pending").pk).update(
            due_at=timezone.now() + timedelta(seconds=seconds)
        )

        response = api.buy(session)

        assert int(response["Retry-After"]) in waits

    def test_says_no_time_once_nobody_looks_any_more(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, order_reference="o-1")
        Purchase.objects.filter(pk=other_purchase(shop, "pending").pk).update(due_at=None)

        response = api.buy(session)

        assert "Retry-After" not in response


class TestAnOrderWhosePurchaseFailed:
    @pytest.mark.parametrize("phase", ["declined", "cancelled", "expired", "errored"])
    def test_can_be_bought_on_another_checkout(self, api: Caller, shop: Shop, phase: str) -> None:
        session = make_session(shop=shop, order_reference="o-1")
        other_purchase(shop, phase)

        response = api.buy(session)

        assert response.status_code == 202
        assert response.json()["purchase"]["status"] == "started"


class TestAnotherShopsOrder:
    def test_of_the_same_name_stands_in_nobody_s_way(self, api: Caller, shop: Shop) -> None:
        other_purchase(make_shop(), "captured")
        session = make_session(shop=shop, order_reference="o-1")

        assert api.buy(session).status_code == 202


class TestCheckoutsWithoutAnOrder:
    def test_stand_in_nobody_s_way(self, api: Caller, shop: Shop) -> None:
        make_purchase(make_session(shop=shop, order_reference=""), phase="captured")
        session = make_session(shop=shop, order_reference="")

        assert api.buy(session).status_code == 202
