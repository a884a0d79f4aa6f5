"""Registering again: the same content is the same session; other content is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from payments.models import CallOutcome, PaymentSession, PspCall, Shop
from tests.api.answers import problem, refused
from tests.api.caller import Caller
from tests.builders import make_purchase, make_session
from tests.contract.servers import ReplayingPsp, Reply
from tests.database.tables import snapshot
from tests.told_psp import psp

__all__ = ["psp"]


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return what the caller's usual registration has led to before."""
    return make_session(
        shop=shop,
        checkout_id="c-1001",
        order_reference="",
        return_url="https://shop.example/thanks",
        buy_now_url="https://shop.example/thanks",
        metadata={"basket": "b-1"},
    )


def register(api: Caller, **changes: Any) -> Any:
    return api.register(**{"metadata": {"basket": "b-1"}, **changes})


@pytest.mark.django_db
class TestTheSameContent:
    def test_is_answered_with_the_same_session(self, api: Caller, session: PaymentSession) -> None:
        before = snapshot()

        response = register(api)

        assert response.status_code == 200
        assert response.json() == {
            "checkout_id": "c-1001",
            "order_reference": None,
            "psp": "sandbox",
            "psp_token": session.psp_token,
            "purchase_url": session.purchase_url,
            "amount": "19.99",
            "currency": "EUR",
            "capture": "automatic",
            "status": "registered",
            "return_url": "https://shop.example/thanks",
            "result_url": f"http://bps.test/result/{session.public_token}",
            "metadata": {"basket": "b-1"},
            "created_at": session.created_at.isoformat(),
            "expires_at": session.expires_at.isoformat(),
            "purchase": None,
        }
        assert snapshot() == before

    @pytest.mark.parametrize(
        "changes",
        [
            {"buy_now_url": "https://shop.example/thanks"},
            {"locale": "en"},
            {"capture": "automatic"},
            {"psp": "sandbox"},
        ],
    )
    def test_is_the_same_whether_defaults_are_written_or_not(
        self, api: Caller, session: PaymentSession, changes: dict[str, str]
    ) -> None:
        assert register(api, **changes).json()["psp_token"] == session.psp_token

    def test_is_the_same_however_the_amount_is_written(self, api: Caller, shop: Shop) -> None:
        session = make_session(
            shop=shop,
            order_reference="",
            amount="20.00",
            return_url="https://shop.example/thanks",
            buy_now_url="https://shop.example/thanks",
        )

        response = api.register(checkout_id=session.checkout_id, amount="20")

        assert (response.status_code, response.json()["amount"]) == (200, "20.00")

    @pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
    def test_shows_a_session_that_has_ended_as_it_stands(
        self, api: Caller, session: PaymentSession, status: str
    ) -> None:
        PaymentSession.objects.filter(pk=session.pk).update(status=status)

        response = register(api)

        assert (response.status_code, response.json()["status"]) == (200, status)

    def test_shows_its_purchase(self, api: Caller, session: PaymentSession) -> None:
        purchase = make_purchase(session, phase="pending")

        shown = register(api).json()["purchase"]

        assert (shown["id"], shown["status"]) == (purchase.public_id, "started")


@pytest.mark.django_db
class TestOtherContent:
    @pytest.mark.parametrize(
        ("changes", "fields"),
        [
            ({"amount": "20.00"}, ["amount"]),
            ({"currency": "USD"}, ["currency"]),
            ({"amount": "1999", "currency": "JPY"}, ["amount", "currency"]),
            ({"order_reference": "o-1"}, ["order_reference"]),
            ({"return_url": "https://shop.example/else"}, ["return_url", "buy_now_url"]),
            ({"buy_now_url": "https://shop.example/else"}, ["buy_now_url"]),
            ({"capture": "manual"}, ["capture"]),
            ({"locale": "de"}, ["locale"]),
            ({"metadata": {"basket": "b-2"}}, ["metadata"]),
            ({"metadata": {}}, ["metadata"]),
            ({"amount": "1.00", "locale": "de"}, ["amount", "locale"]),
        ],
    )
    def test_is_refused_and_named(
        self, api: Caller, session: PaymentSession, changes: Any, fields: list[str]
    ) -> None:
        refused(lambda: register(api, **changes), 409, "checkout-conflict", *fields)

    @pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
    def test_is_refused_when_the_session_has_ended_too(
        self, api: Caller, session: PaymentSession, status: str
    ) -> None:
        PaymentSession.objects.filter(pk=session.pk).update(status=status)

        refused(lambda: register(api, amount="20.00"), 409, "checkout-conflict", "amount")

    def test_of_another_shop_s_checkout_is_a_checkout_of_its_own(
        self, foreign_api: Caller, session: PaymentSession
    ) -> None:
        problem(foreign_api.get("/c-1001"), 404, "checkout-unknown", "checkout_id")


@pytest.mark.usefixtures("closed_circuit")
@pytest.mark.django_db(transaction=True)
class TestARegistrationThatFoundNoPsp:
    def test_is_kept_and_continued_with_the_same_key_and_bytes(self, api: Caller) -> None:
        first = problem(api.register(), 503, "psp-unavailable")
        sent = PspCall.objects.get()
        second = problem(api.register(), 503, "psp-unavailable")

        again = PspCall.objects.get()
        assert (first["money_moved"], second["money_moved"]) == ("no", "no")
        assert (sent.sends, again.sends) == (1, 2)
        assert again.outcome == CallOutcome.NOT_SENT
        assert again.first_sent_at is None
        assert (again.idempotency_key, bytes(again.body)) == (
            sent.idempotency_key,
            bytes(sent.body),
        )

    def test_says_when_to_ask_again(self, api: Caller) -> None:
        assert api.register()["Retry-After"] == "2"

    def test_is_shown_as_created(self, api: Caller) -> None:
        api.register()

        shown = api.get("/c-1001").json()

        assert (shown["status"], shown["psp_token"], shown["purchase_url"]) == (
            "created",
            None,
            None,
        )

    def test_refuses_other_content_all_the_same(self, api: Caller) -> None:
        api.register()

        refused(lambda: api.register(amount="1.00"), 409, "checkout-conflict", "amount")

    def test_is_left_alone_while_another_request_holds_it(self, api: Caller) -> None:
        api.register()
        PaymentSession.objects.update(leased_until=timezone.now() + timedelta(seconds=30))

        refused(api.register, 503, "psp-unavailable")


@pytest.mark.django_db(transaction=True)
class TestARegistrationThatThePspPutsOff:
    @pytest.mark.parametrize(
        ("asked", "lifetime", "waited"),
        [("40", 3600, 40), ("0", 3600, 1), ("3600", 900, 900)],
        ids=["as it asks", "a moment at least", "no longer than the session lives"],
    )
    def test_is_sent_again_when_the_psp_wants(
        self, api: Caller, psp: ReplayingPsp, asked: str, lifetime: int, waited: int
    ) -> None:
        busy = {"error": {"code": "slow_down", "message": "Not now."}}
        psp.will_answer(Reply(429, busy, {"Retry-After": asked}))
        before = timezone.now()

        problem(api.register(expires_in_seconds=lifetime), 503, "psp-unavailable")

        session = PaymentSession.objects.get()
        assert session.due_at is not None
        assert session.leased_until is None
        took = timezone.now() - before
        wait = session.due_at - before
        assert timedelta(seconds=waited) <= wait <= timedelta(seconds=waited) + took
