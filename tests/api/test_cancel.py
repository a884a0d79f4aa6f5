"""Cancelling: only what nobody bought on, and only once the PSP has confirmed."""

from __future__ import annotations

import pytest
from django.utils import timezone

from payments.models import Event, PaymentSession, Shop
from tests.api.answers import refused
from tests.api.caller import Caller
from tests.builders import make_purchase, make_session
from tests.database.tables import snapshot


@pytest.mark.django_db
class TestCancelling:
    @pytest.mark.parametrize(
        ("phase", "moved"),
        [
            ("submitting", "unknown"),
            ("in_doubt", "unknown"),
            ("pending", "unknown"),
            ("authorized", "unknown"),
            ("captured", "yes"),
        ],
    )
    def test_is_refused_once_a_purchase_has_started(
        self, api: Caller, shop: Shop, phase: str, moved: str
    ) -> None:
        purchase = make_purchase(make_session(shop=shop), phase=phase)
        path = f"/{purchase.session}/cancel"

        answer = refused(lambda: api.send("POST", path, {}), 409, "purchase-started")

        assert answer["purchase"]["id"] == purchase.public_id
        assert answer["money_moved"] == moved

    @pytest.mark.parametrize("phase", ["declined", "cancelled", "expired", "errored"])
    def test_is_refused_without_alarm_once_a_purchase_has_failed(
        self, api: Caller, shop: Shop, phase: str
    ) -> None:
        purchase = make_purchase(make_session(shop=shop, status="completed"), phase=phase)
        path = f"/{purchase.session}/cancel"

        answer = refused(lambda: api.send("POST", path, {}), 409, "purchase-started")

        assert answer["money_moved"] == "no"

    @pytest.mark.parametrize("status", ["expired", "completed", "failed"])
    def test_is_refused_once_the_checkout_has_ended(
        self, api: Caller, shop: Shop, status: str
    ) -> None:
        session = make_session(shop=shop, status=status)

        refused(
            lambda: api.send("POST", f"/{session}/cancel", {}),
            409,
            f"checkout-{status}",
            "checkout_id",
        )

    def test_is_refused_while_the_checkout_is_not_registered(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, status="created")

        refused(
            lambda: api.send("POST", f"/{session}/cancel", {}),
            409,
            "not-registered",
            "checkout_id",
        )

    def test_a_cancelled_checkout_is_granted_and_changes_nothing(
        self, api: Caller, shop: Shop
    ) -> None:
        session = make_session(shop=shop, status="cancelled")
        before = snapshot()

        response = api.send("POST", f"/{session}/cancel", {})

        assert (response.status_code, response.json()["status"]) == (200, "cancelled")
        assert snapshot() == before

    @pytest.mark.parametrize("body", [{"reason": "x"}, {"force": True}])
    def test_takes_no_words(self, api: Caller, shop: Shop, body: dict[str, object]) -> None:
        session = make_session(shop=shop)

        refused(lambda: api.send("POST", f"/{session}/cancel", body), 400, "invalid-request", *body)


@pytest.mark.usefixtures("closed_circuit")
@pytest.mark.django_db(transaction=True)
class TestCancellingWhileThePspIsAway:
    @pytest.mark.parametrize("body", [None, {}])
    def test_closes_buy_now_at_once_and_goes_on_asking(
        self, api: Caller, shop: Shop, body: dict[str, object] | None
    ) -> None:
        session = make_session(shop=shop)

        response = api.send("POST", f"/{session}/cancel", body)

        row = PaymentSession.objects.get(pk=session.pk)
        assert (response.status_code, response.json()["status"]) == (202, "registered")
        assert row.cancel_requested_at is not None
        assert row.due_at is not None
        assert row.due_at > timezone.now()
        assert row.leased_until is None
        assert list(Event.objects.values_list("name", flat=True)) == ["session.cancel_requested"]
        refused(lambda: api.buy(session), 409, "checkout-cancelled", "checkout_id")

    def test_twice_asks_once(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop)

        for _ in range(2):
            assert api.send("POST", f"/{session}/cancel", {}).status_code == 202

        assert Event.objects.filter(name="session.cancel_requested").count() == 1
