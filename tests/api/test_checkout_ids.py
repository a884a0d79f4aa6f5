"""Checkout ids in addresses: unknown ones, those of other shops, and those that are none."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from payments.models import Shop
from tests.api.answers import each_refused, refused
from tests.api.caller import PURCHASE_INFO, Caller
from tests.builders import make_event, make_purchase, make_session, make_shop

pytestmark = pytest.mark.django_db

Call = Callable[[Caller, str], Any]
ENDPOINTS: dict[str, Call] = {
    "read": lambda api, checkout_id: api.get(f"/{checkout_id}"),
    "events": lambda api, checkout_id: api.get(f"/{checkout_id}/events"),
    "buy-now": lambda api, checkout_id: api.buy(checkout_id),
    "cancel": lambda api, checkout_id: api.send("POST", f"/{checkout_id}/cancel", {}),
    "refresh": lambda api, checkout_id: api.send("POST", f"/{checkout_id}/refresh", {}),
}


class TestAnExpiredCheckout:
    def test_can_still_be_read(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, status="expired")

        assert api.get(f"/{session}").json()["status"] == "expired"
        assert api.get(f"/{session}/events").status_code == 200

    @pytest.mark.parametrize("endpoint", ["buy-now", "cancel"])
    def test_can_no_longer_be_used(self, api: Caller, shop: Shop, endpoint: str) -> None:
        session = make_session(shop=shop, status="expired")
        body = {"psp_token": session.psp_token, "purchase_info": PURCHASE_INFO}

        refused(
            lambda: api.send(
                "POST",
                f"/{session}/{endpoint}",
                body if endpoint == "buy-now" else {},
                Idempotency_Key="k-1",
            ),
            409,
            "checkout-expired",
            "checkout_id",
        )


def not_found_at_any_endpoint(api: Caller, ids: list[str]) -> list[dict[str, Any]]:
    """Expect that no endpoint finds a checkout by any of these."""
    return each_refused(
        lambda case: ENDPOINTS[case[0]](api, case[1]),
        product(ENDPOINTS, ids),
        404,
        "checkout-unknown",
        "checkout_id",
    )


class TestACheckout:
    def test_that_is_unknown_is_not_found(self, api: Caller) -> None:
        not_found_at_any_endpoint(api, ["c-unknown"])

    def test_of_another_shop_is_not_found(self, api: Caller) -> None:
        foreign = make_session(shop=make_shop(), checkout_id="the-others")
        make_purchase(foreign)
        make_event(foreign)

        answers = not_found_at_any_endpoint(api, [foreign.checkout_id])

        assert foreign.checkout_id not in str(answers)

    def test_id_that_is_none_is_not_found(self, api: Caller) -> None:
        ids = ["%00", "c%00-1", "..%2e", "%F0%9F%8C%B7", "%ff", "a%20b", "'--"]

        not_found_at_any_endpoint(api, [*ids, "c" * 301, "c" * 3000])

    def test_s_token_or_row_id_does_not_name_it(self, api: Caller) -> None:
        session = make_session()
        token = session.psp_token or ""

        not_found_at_any_endpoint(
            api, [token, session.public_token, str(session.pk), session.pk.hex]
        )
