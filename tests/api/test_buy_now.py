"""Buy Now: accepted once, with the right token, for a checkout that is open."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from payments.models import Event, PaymentSession, PspCall, Purchase, Shop
from tests.api.answers import each_refused, reasons, refused
from tests.api.caller import PURCHASE_INFO, Caller
from tests.builders import make_purchase, make_session

ITEM = PURCHASE_INFO["items"][0]


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a registered session."""
    return make_session(shop=shop)


def body(session: PaymentSession, **info: Any) -> dict[str, Any]:
    """Return a right body but for changes of its purchase info; None leaves a member out."""
    changed = {**PURCHASE_INFO, **info}
    kept = {name: value for name, value in changed.items() if value is not None}
    return {"psp_token": session.psp_token, "purchase_info": kept}


def buying_with(
    api: Caller, session: PaymentSession, infos: list[dict[str, Any]], field: str
) -> list[dict[str, Any]]:
    """Expect that each change of the purchase info is refused by the name of a field."""
    return each_refused(
        lambda info: api.buy(session, body(session, **info)), infos, 400, "invalid-request", field
    )


@pytest.mark.django_db
class TestBuyNow:
    def test_stores_purchase_event_and_call_and_sends_nothing_when_async(
        self, api: Caller, session: PaymentSession
    ) -> None:
        response = api.buy(session)

        purchase = Purchase.objects.get()
        call = PspCall.objects.get()
        assert response.status_code == 202
        assert response.json() == {
            "checkout_id": session.checkout_id,
            "purchase": {
                "id": purchase.public_id,
                "status": "started",
                "phase": "submitting",
                "reason": None,
                "amount": "19.99",
                "currency": "EUR",
                "captured_amount": "0.00",
                "refunded_amount": "0.00",
                "surplus": False,
                "next_action": None,
                "next_check_at": purchase.due_at and purchase.due_at.isoformat(),
                "finished_at": None,
            },
            "result_url": f"http://bps.test/result/{session.public_token}",
            "redirect_url": session.return_url,
        }
        assert purchase.purchase_info == PURCHASE_INFO
        assert (call.operation, call.sends, call.first_sent_at) == ("confirm", 0, None)
        assert list(Event.objects.values_list("name", "phase_after")) == [
            ("purchase.started", "submitting")
        ]

    def test_pressed_again_is_the_same_purchase(self, api: Caller, session: PaymentSession) -> None:
        first = api.buy(session)
        second = api.buy(session)

        assert (first.status_code, second.status_code) == (202, 202)
        assert second.json() == first.json()
        assert Purchase.objects.get().presses == 2
        assert PspCall.objects.count() == 1
        assert Event.objects.order_by("-position")[0].name == "buy_now.pressed_again"

    @pytest.mark.parametrize(
        ("phase", "status"),
        [
            ("captured", "successful"),
            ("declined", "failed"),
            ("cancelled", "failed"),
            ("expired", "failed"),
            ("errored", "failed"),
        ],
    )
    def test_pressed_after_the_end_is_answered_with_the_outcome(
        self, api: Caller, session: PaymentSession, phase: str, status: str
    ) -> None:
        purchase = make_purchase(session, phase=phase)

        response = api.buy(session)

        assert response.status_code == 200
        assert response.json()["purchase"]["id"] == purchase.public_id
        assert response.json()["purchase"]["status"] == status
        assert PspCall.objects.count() == 0


@pytest.mark.django_db
class TestABody:
    @pytest.mark.parametrize(
        ("given", "slug"),
        [
            (b"{", "unreadable-body"),
            (b'{"psp_token": "a", "psp_token": "b"}', "unreadable-body"),
            (b"[" * 1000, "unreadable-body"),
            (b"[]", "invalid-request"),
            (b"null", "invalid-request"),
        ],
    )
    def test_that_is_no_object_is_refused(
        self, api: Caller, session: PaymentSession, given: bytes, slug: str
    ) -> None:
        refused(lambda: api.buy(session, given), 400, slug, "body")

    def test_with_a_member_that_nobody_asked_for_is_refused(
        self, api: Caller, session: PaymentSession
    ) -> None:
        given = {**body(session), "amount": "0.01"}

        refused(lambda: api.buy(session, given), 400, "invalid-request", "amount")


@pytest.mark.django_db
class TestAToken:
    def test_that_is_not_the_checkout_s_is_refused(
        self, api: Caller, shop: Shop, session: PaymentSession
    ) -> None:
        with_white_space, another_s = f" {session.psp_token}", make_session(shop=shop).psp_token

        each_refused(
            lambda token: api.buy(session, {**body(session), "psp_token": token}),
            ["wrong", "tok", "TOK_1", "' OR 1=1", with_white_space, another_s],
            422,
            "token-mismatch",
            "psp_token",
        )

    @pytest.mark.parametrize("phase", ["submitting", "captured", "declined"])
    def test_is_asked_for_when_a_purchase_is_there_already(
        self, api: Caller, session: PaymentSession, phase: str
    ) -> None:
        make_purchase(session, phase=phase)
        given = {**body(session), "psp_token": "wrong"}

        refused(lambda: api.buy(session, given), 422, "token-mismatch", "psp_token")

    def test_that_is_no_token_is_named(self, api: Caller, session: PaymentSession) -> None:
        each_refused(
            lambda token: api.buy(session, {**body(session), "psp_token": token}),
            [7, None, True, [], {}, "", "t" * 256],
            400,
            "invalid-request",
            "psp_token",
        )

    def test_that_is_missing_is_named(self, api: Caller, session: PaymentSession) -> None:
        given = {"purchase_info": PURCHASE_INFO}

        refused(lambda: api.buy(session, given), 400, "invalid-request", "psp_token")


@pytest.mark.django_db
class TestACheckout:
    @pytest.mark.parametrize("status", ["expired", "cancelled", "completed"])
    def test_that_has_ended_is_refused(self, api: Caller, shop: Shop, status: str) -> None:
        session = make_session(shop=shop, status=status)

        refused(lambda: api.buy(session), 409, f"checkout-{status}", "checkout_id")

    def test_whose_time_has_passed_is_refused_before_anybody_ends_it(
        self, api: Caller, shop: Shop
    ) -> None:
        session = make_session(shop=shop, expires_at=timezone.now() - timedelta(seconds=1))

        refused(lambda: api.buy(session), 409, "checkout-expired", "checkout_id")

    def test_that_is_being_cancelled_is_refused(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, cancel_requested_at=timezone.now())

        refused(lambda: api.buy(session), 409, "checkout-cancelled", "checkout_id")

    def test_that_has_no_token_yet_is_refused(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, status="created")

        refused(
            lambda: api.buy(session, {**body(session), "psp_token": "tok"}),
            409,
            "not-registered",
            "checkout_id",
        )

    def test_that_no_psp_would_register_is_refused_for_good(self, api: Caller, shop: Shop) -> None:
        session = make_session(shop=shop, status="failed")

        refused(
            lambda: api.buy(session, {**body(session), "psp_token": "tok"}),
            409,
            "checkout-failed",
            "checkout_id",
        )


@pytest.mark.django_db
class TestPurchaseInfo:
    def test_that_is_not_as_documented_is_named(self, api: Caller, session: PaymentSession) -> None:
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"items": None}, "purchase_info.items"),
            ({"items": []}, "purchase_info.items"),
            ({"items": {}}, "purchase_info.items"),
            ({"items": "Tulips"}, "purchase_info.items"),
            ({"items": [ITEM] * 201}, "purchase_info.items"),
            ({"items": ["Tulips"]}, "purchase_info.items.0"),
            ({"items": [ITEM, {**ITEM, "name": 7}]}, "purchase_info.items.1.name"),
            ({"items": [{**ITEM, "name": ""}]}, "purchase_info.items.0.name"),
            ({"items": [{**ITEM, "name": "x" * 201}]}, "purchase_info.items.0.name"),
            ({"items": [{**ITEM, "price": "1"}]}, "purchase_info.items.0.price"),
            ({"items": [{**ITEM, "unit_amount": 9.99}]}, "purchase_info.items.0.unit_amount"),
            ({"items": [{**ITEM, "unit_amount": "1e3"}]}, "purchase_info.items.0.unit_amount"),
            ({"items": [{**ITEM, "unit_amount": "NaN"}]}, "purchase_info.items.0.unit_amount"),
            ({"items": [{**ITEM, "unit_amount": "ten"}]}, "purchase_info.items.0.unit_amount"),
            ({"items": [{**ITEM, "unit_amount": "1,00"}]}, "purchase_info.items.0.unit_amount"),
            ({"customer_reference": 7}, "purchase_info.customer_reference"),
            ({"customer_reference": "x" * 101}, "purchase_info.customer_reference"),
            ({"card": "x"}, "purchase_info.card"),
        ]
        cases_by_field: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for info, field in wrong:
            cases_by_field[field].append(info)

        for field, infos in cases_by_field.items():
            buying_with(api, session, infos, field)

    def test_has_quantities_that_are_whole_numbers(
        self, api: Caller, session: PaymentSession
    ) -> None:
        quantities = [0, -1, 1_000_001, 1.5, "two", True, None, [], "2", " 2 ", "1_000", "٢", 2.0]
        infos = [{"items": [{**ITEM, "quantity": quantity}]} for quantity in quantities]

        buying_with(api, session, infos, "purchase_info.items.0.quantity")

    def test_is_an_object_or_refused(self, api: Caller, session: PaymentSession) -> None:
        each_refused(
            lambda info: api.buy(session, {**body(session), "purchase_info": info}),
            [None, "text", [], 7],
            400,
            "invalid-request",
            "purchase_info",
        )

    @pytest.mark.parametrize("place", ["items.0.name", "items.0.unit_amount", "customer_reference"])
    def test_with_a_card_number_is_refused(
        self, api: Caller, session: PaymentSession, place: str
    ) -> None:
        member = place.removeprefix("items.0.")
        cards = [{member: card} for card in ("4111111111111111", "4111 1111 1111 1111")]
        infos = cards if member == place else [{"items": [ITEM | card]} for card in cards]

        answers = buying_with(api, session, infos, f"purchase_info.{place}")

        assert reasons(answers, f"purchase_info.{place}") == {
            "looks like a card number, which BPS must never be given"
        }


@pytest.mark.usefixtures("closed_circuit")
@pytest.mark.django_db(transaction=True)
class TestBuyNowWhileThePspIsAway:
    def test_is_accepted_and_tried_again_soon(self, api: Caller, session: PaymentSession) -> None:
        before = timezone.now()
        response = api.buy(session, prefer="")

        shown = response.json()["purchase"]
        purchase, call = Purchase.objects.get(), PspCall.objects.get()
        assert response.status_code == 202
        assert (shown["status"], shown["phase"]) == ("started", "submitting")
        assert purchase.due_at is not None
        assert shown["next_check_at"] == purchase.due_at.isoformat()
        assert before < purchase.due_at < timezone.now() + timedelta(seconds=2)
        assert purchase.leased_until is None
        assert (call.sends, call.outcome, call.first_sent_at) == (1, "not_sent", None)
