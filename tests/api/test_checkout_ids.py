"""Checkout ids in addresses: unknown ones, those of other shops, and those that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from payments.models import Shop
from tests.api.answers import refused
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


@pytest.mark.parametrize("call", ENDPOINTS.values(), ids=ENDPOINTS)
class TestACheckout:
    def test_that_is_unknown_is_not_found(self, api: Caller, call: Call) -> None:
        refused(lambda: call(api, "c-unknown"), 404, "checkout-unknown", "checkout_id")

    def test_of_another_shop_is_not_found(self, api: Caller, call: Call) -> None:
        foreign = make_session(shop=make_shop())
        make_purchase(foreign)
        make_event(foreign)

        answer = refused(
            lambda: call(api, foreign.checkout_id), 404, "checkout-unknown", "checkout_id"
        )

        assert foreign.checkout_id not in str(answer)

    @pytest.mark.parametrize(
        "checkout_id",
        ["%00", "c%00-1", "c" * 301, "c" * 3000, "..%2e", "%F0%9F%8C%B7", "%ff", "a%20b", "'--"],
    )
    def test_id_that_is_none_is_not_found(self, api: Caller, call: Call, checkout_id: str) -> None:
        refused(lambda: call(api, checkout_id), 404, "checkout-unknown", "checkout_id")

    def test_s_token_or_row_id_does_not_name_it(self, api: Caller, call: Call) -> None:
        session = make_session()
        for name in (session.psp_token, session.public_token, str(session.pk), session.pk.hex):
            refused(lambda name=name: call(api, name), 404, "checkout-unknown", "checkout_id")  # type: ignore[misc]
