"""Captures and voids: asked for once per key, of what is reserved, never beyond it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from payments.models import IdempotencyRecord, Instruction, PaymentSession, PspCall, Shop
from tests.api.answers import reason, refused
from tests.api.caller import Caller
from tests.builders import make_purchase, make_session


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a session on which 20.00 EUR is reserved for the shop to take."""
    session = make_session(shop=shop, amount="20.00", capture="manual")
    make_purchase(session, phase="authorized")
    return session


def capture(api: Caller, session: PaymentSession | str, body: Any = None, key: str = "k-1") -> Any:
    """Ask for a capture."""
    return api.send("POST", f"/{session}/captures", body or {}, Idempotency_Key=key)


def void(api: Caller, session: PaymentSession | str, body: Any = None) -> Any:
    """Ask for a void."""
    return api.send("POST", f"/{session}/void", body or {})


@pytest.mark.django_db
class TestACapture:
    def test_of_a_part_is_taken_on_with_its_exact_call(
        self, api: Caller, session: PaymentSession
    ) -> None:
        response = capture(api, session, {"amount": "5.5", "reason": "first parcel"})

        stored = Instruction.objects.get()
        assert response.status_code == 202
        assert response.json() == {
            "id": stored.public_id,
            "state": "pending",
            "amount": "5.50",
            "currency": "EUR",
            "reason": "first parcel",
            "why_failed": None,
            "created_at": stored.created_at.isoformat(),
            "finished_at": None,
        }
        assert stored.public_id.startswith("cap_")
        assert stored.due_at is not None
        call = PspCall.objects.get(instruction=stored)
        assert bytes(call.body) == b'{"amount":"5.50","currency":"EUR"}'
        assert call.sends == 0
        assert session.events.get(name="capture.started").actor == session.shop.name

    def test_without_an_amount_is_of_all_that_is_reserved(
        self, api: Caller, session: PaymentSession
    ) -> None:
        assert capture(api, session).json()["amount"] == "20.00"

    def test_whose_answer_was_lost_is_found_by_its_key(
        self, api: Caller, session: PaymentSession
    ) -> None:
        first = capture(api, session, {"amount": "5.00"})
        IdempotencyRecord.objects.all().delete()

        again = capture(api, session, {"amount": "5.00"})

        assert again.json() == first.json()
        assert Instruction.objects.count() == 1

    def test_of_another_sum_with_a_used_key_is_refused(
        self, api: Caller, session: PaymentSession
    ) -> None:
        capture(api, session, {"amount": "5.00"})
        IdempotencyRecord.objects.all().delete()

        refused(
            lambda: capture(api, session, {"amount": "6.00"}),
            422,
            "idempotency-key-reused",
            "Idempotency-Key",
        )

    def test_beyond_what_is_reserved_is_refused(self, api: Caller, session: PaymentSession) -> None:
        answer = refused(
            lambda: capture(api, session, {"amount": "20.01"}), 409, "capture-too-large", "amount"
        )

        assert reason(answer, "amount") == "must be at most 20.00"

    def test_while_another_is_under_way_is_refused(
        self, api: Caller, session: PaymentSession
    ) -> None:
        capture(api, session, {"amount": "5.00"}, "k-1")

        refused(
            lambda: capture(api, session, {"amount": "5.00"}, "k-2"),
            409,
            "capture-in-progress",
            "checkout_id",
        )

    @pytest.mark.parametrize("phase", ["submitting", "in_doubt", "pending", "captured", "declined"])
    def test_of_what_is_not_reserved_is_refused(self, api: Caller, shop: Shop, phase: str) -> None:
        session = make_session(shop=shop, capture="manual")
        make_purchase(session, phase=phase)

        for ask in (capture, void):
            refused(partial(ask, api, session), 409, "nothing-reserved", "checkout_id")

    def test_of_what_the_psp_captures_by_itself_is_refused(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop)
        make_purchase(session, phase="authorized")

        refused(lambda: capture(api, session), 409, "nothing-reserved", "checkout_id")

    def test_of_what_nobody_bought_is_refused(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, capture="manual")

        for ask in (capture, void):
            refused(partial(ask, api, session), 409, "nothing-reserved", "checkout_id")

    def test_of_a_foreign_or_unknown_checkout_is_refused(
        self, foreign_api: Caller, session: PaymentSession
    ) -> None:
        for checkout in (session, "c-none"):
            for ask in (capture, void):
                asked = partial(ask, foreign_api, checkout)
                refused(asked, 404, "checkout-unknown", "checkout_id")

    def test_without_a_key_is_refused(self, api: Caller, session: PaymentSession) -> None:
        refused(
            lambda: api.send("POST", f"/{session}/captures", {}),
            400,
            "idempotency-key-missing",
            "Idempotency-Key",
        )

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"amount": 5}, "amount"),
            ({"amount": "0.00"}, "amount"),
            ({"currency": "EUR"}, "currency"),
        ],
    )
    def test_that_is_malformed_is_refused(
        self, api: Caller, session: PaymentSession, body: dict[str, Any], field: str
    ) -> None:
        refused(lambda: capture(api, session, body), 400, "invalid-request", field)

    def test_is_listed(self, api: Caller, session: PaymentSession) -> None:
        made = capture(api, session, {"amount": "5.00"}).json()

        assert api.get(f"/{session}/captures").json() == {"results": [made]}


@pytest.mark.django_db
class TestAVoid:
    def test_is_taken_on_once(self, api: Caller, session: PaymentSession) -> None:
        first, again = void(api, session, {"reason": "out of stock"}), void(api, session)

        stored = Instruction.objects.get()
        assert first.status_code == again.status_code == 202
        assert first.json() == again.json()
        assert first.json()["id"] == stored.public_id
        assert stored.public_id.startswith("void_")
        assert session.events.get(name="void.started").data["reason"] == "out of stock"

    def test_while_a_capture_is_under_way_is_refused(
        self, api: Caller, session: PaymentSession
    ) -> None:
        capture(api, session)

        refused(lambda: void(api, session), 409, "capture-in-progress", "checkout_id")
