"""What is PayPal's own: the bytes of its calls, its objects and reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from psp_clients.contract import (
    Declined,
    DeclinedForNow,
    InDoubt,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    PspError,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
    Unsupported,
)
from psp_clients.paypal import PayPalClient
from psp_clients.paypal.mapping import CAPTURE_STATES, ORDER_STATES, REFUND_STATES
from psp_clients.paypal.refusals import (
    DECLINES,
    DECLINES_FOR_NOW,
    MISTAKES,
    PURCHASE_CONFLICTS,
    REFUND_CONFLICTS,
)
from tests.taken import taken

from .dialect import CONFIRMATION, KEY, REGISTRATION
from .paypal_dialect import (
    API,
    CAPTURE_ID,
    ORDER_ID,
    PAGE,
    REFUND_ID,
    TOKEN,
    PayPalDialect,
    client_at,
    unprocessable,
)
from .servers import ReplayingPsp, Reply

SAYS = PayPalDialect()
REF, REFUND_REF, PART = SAYS.REF, SAYS.REFUND_REF, SAYS.PART
TOTAL = Money("19.99", "EUR")


@pytest.fixture
def psp() -> Iterator[ReplayingPsp]:
    server = SAYS.server()
    yield server
    server.stop()


@pytest.fixture
def client(psp: ReplayingPsp) -> PayPalClient:
    return client_at(psp.url)


def euros(value: str) -> dict[str, str]:
    return {"currency_code": "EUR", "value": value}


def register(client: PayPalClient) -> RegisteredSession:
    return client.register(client.prepare_register(REGISTRATION, key=KEY))


def confirm(client: PayPalClient) -> Report:
    return client.confirm(client.prepare_confirm(REF, CONFIRMATION, key=KEY))


def give_back(client: PayPalClient) -> RefundReport:
    return client.refund(client.prepare_refund(REF, PART, refund_id="rf-1", reason="late", key=KEY))


class TestPreparing:
    def test_registers_to_the_byte(self, client: PayPalClient):
        assert client.prepare_register(REGISTRATION, key=KEY) == PreparedCall(
            operation=Operation.REGISTER,
            method="POST",
            path="/v2/checkout/orders",
            headers={
                "Content-Type": "application/json",
                "PayPal-Request-Id": KEY,
                "Prefer": "return=representation",
            },
            body=b'{"intent":"CAPTURE","payment_source":{"paypal":{"experience_context":{'
            b'"cancel_url":"https://bps.example/return/","return_url":"https://bps.example/return/",'
            b'"shipping_preference":"NO_SHIPPING","user_action":"CONTINUE"}}},"purchase_units":[{'
            b'"amount":{"currency_code":"EUR","value":"19.99"},"custom_id":"ref-1",'
            b'"invoice_id":"ref-1","reference_id":"ref-1"}]}',
            key=KEY,
        )

    def test_confirms_and_refunds_to_the_byte(self, client: PayPalClient):
        given = b'"amount":{"currency_code":"EUR","value":"5.00"}'
        calls = [
            client.prepare_confirm(REF, CONFIRMATION, key=KEY),
            client.prepare_refund(REF, PART, refund_id="rf-1", reason="zu spät", key=KEY),
        ]
        assert [(call.operation, call.method, call.path, call.body) for call in calls] == [
            (Operation.CONFIRM, "POST", f"/v2/checkout/orders/{ORDER_ID}/capture", b"{}"),
            (
                Operation.REFUND,
                "POST",
                f"/v2/payments/captures/{CAPTURE_ID}/refund",
                b"{" + given + b',"custom_id":"ref-1","invoice_id":"rf-1"}',
            ),
        ]
        assert {call.headers["PayPal-Request-Id"] for call in calls} == {KEY}

    @pytest.mark.parametrize(
        ("ours", "theirs"), [("de-AT", "de-AT"), ("en", None), ("de_AT", None), ("", None)]
    )
    def test_names_a_locale_only_where_it_is_one_of_paypals(
        self, client: PayPalClient, ours: str, theirs: str | None
    ):
        call = client.prepare_register(replace(REGISTRATION, locale=ours), key=KEY)
        source = json.loads(call.body)["payment_source"]["paypal"]
        assert source["experience_context"].get("locale") == theirs

    def test_takes_keys_as_long_as_paypal_does(self, client: PayPalClient):
        longest = "k" * 108
        call = client.prepare_register(REGISTRATION, key=longest)
        assert call.headers["PayPal-Request-Id"] == longest
        with pytest.raises(InvalidRequest):
            client.prepare_register(REGISTRATION, key="k" * 109)

    @pytest.mark.parametrize("reference", ["", "r" * 128, "a b", "ä", 'a"b', "a\n"])
    def test_refuses_references_that_paypal_would_not_keep(
        self, client: PayPalClient, reference: str
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_register(replace(REGISTRATION, reference=reference), key=KEY)
        assert caught.value.field == "reference"
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_refund(REF, PART, refund_id=reference, reason="", key=KEY)
        assert caught.value.field == "refund_id"

    @pytest.mark.parametrize("token", ["", ".", ".."])
    def test_refuses_a_token_that_would_name_another_path(
        self, client: PayPalClient, psp: ReplayingPsp, token: str
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_confirm(replace(REF, psp_token=token), CONFIRMATION, key=KEY)
        assert caught.value.field == "psp_token"
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_refund(
                replace(REF, payment_reference=token), PART, refund_id="rf-1", reason="", key=KEY
            )
        assert caught.value.field == "payment_reference"
        assert psp.connections == 0

    def test_keeps_an_opaque_token_one_segment_of_the_path(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        odd = replace(REF, psp_token="O/../x?y#z")
        call = client.prepare_confirm(odd, CONFIRMATION, key=KEY)
        assert call.path == "/v2/checkout/orders/O%2F..%2Fx%3Fy%23z/capture"
        psp.will_answer(Reply(201, SAYS.session("COMPLETED", id="O/../x?y#z")))
        assert client.confirm(call).state is ReportedState.CAPTURED


class TestCapabilities:
    def test_are_what_paypal_can_do(self, client: PayPalClient):
        can = client.capabilities
        assert client.name == "paypal"
        assert (can.can_poll, can.can_cancel) == (True, False)
        assert (can.partial_refund, can.manual_capture) == (True, False)
        assert len(can.currencies) == 25
        assert can.key_window == timedelta(hours=6)
        assert can.ends_at_expiry


class TestWords:
    def test_are_exactly_the_documented_ones(self):
        assert {**CAPTURE_STATES, **ORDER_STATES} == SAYS.PAYMENT_WORDS
        assert REFUND_STATES == SAYS.REFUND_WORDS

    def test_of_a_refusal_mean_one_thing_each(self):
        of_a_purchase = [PURCHASE_CONFLICTS, DECLINES, DECLINES_FOR_NOW, MISTAKES]
        said = sorted(word for words in of_a_purchase for word in words)
        assert len(said) == len(set(said))
        assert not REFUND_CONFLICTS & PURCHASE_CONFLICTS
        assert "DUPLICATE_INVOICE_ID" not in REFUND_CONFLICTS


class TestRegistering:
    def test_tells_until_when_a_payer_can_be_sent_to_paypal(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        made = SAYS.session("PAYER_ACTION_REQUIRED", create_time="2030-01-01T12:00:00Z")
        psp.will_answer(Reply(201, made))
        assert register(client).expires_at == datetime(2030, 1, 1, 15, tzinfo=UTC)

    def test_gives_the_token_and_paypals_page(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, SAYS.session("PAYER_ACTION_REQUIRED")))
        assert register(client) == RegisteredSession(
            psp_token=ORDER_ID,
            purchase_url=PAGE,
            expires_at=datetime(2026, 11, 22, 14, 59, tzinfo=UTC),
            evidence=SAYS.session("PAYER_ACTION_REQUIRED"),
        )
        assert psp.requests[0].headers["authorization"] == f"Bearer {TOKEN}"

    def test_may_be_answered_as_a_repeat_and_with_the_older_link(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        page = "https://www.paypal.com/checkoutnow?token=1"
        links = [{"rel": "self", "href": API}, {"rel": "approve", "href": page}]
        psp.will_answer(Reply(200, SAYS.session("CREATED", links=links)))
        assert register(client).purchase_url == page

    def unit(self, **changes: Any) -> dict[str, Any]:
        (unit,) = SAYS.session()["purchase_units"]
        return {**unit, **changes}

    def test_takes_the_same_amount_written_otherwise(self, client: PayPalClient, psp: ReplayingPsp):
        unit = self.unit(amount={**euros("19.990"), "breakdown": {}})
        psp.will_answer(Reply(201, SAYS.session(purchase_units=[unit])))
        assert register(client).psp_token == ORDER_ID

    def test_wants_our_reference_and_money_repeated(self, client: PayPalClient, psp: ReplayingPsp):
        changes: list[dict[str, Any]] = [
            {"custom_id": "ref-2"},
            {"custom_id": ["ref-1"]},
            {"amount": euros("1.99")},
            {"amount": {"currency_code": "USD", "value": "19.99"}},
            {"amount": "19.99"},
            {"amount": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, SAYS.session(purchase_units=[self.unit(**change)])))
            return register(client)

        assert taken(changes, answered, InDoubt) == []

    def test_without_a_token_or_a_page_is_in_doubt(self, client: PayPalClient, psp: ReplayingPsp):
        changes: list[dict[str, Any]] = [
            {"id": ""},
            {"id": None},
            {"purchase_units": []},
            {"purchase_units": None},
            {"links": []},
            {"links": "here"},
            {"links": [{"rel": "self", "href": PAGE}]},
            *(
                {"links": [{"rel": "payer-action", "href": address}]}
                for address in (
                    "javascript:alert(1)",
                    "/checkoutnow",
                    "https://",
                    "https://a b",
                    "https://[/",
                    5,
                )
            ),
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, SAYS.session(**change)))
            return register(client)

        assert taken(changes, answered, InDoubt) == []

    def test_has_an_order_with_two_units_in_doubt(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, SAYS.session(purchase_units=[self.unit(), self.unit()])))
        with pytest.raises(InDoubt, match="2 purchase units"):
            register(client)


def captured_order(*captures: dict[str, Any]) -> dict[str, Any]:
    order = SAYS.session("COMPLETED")
    order["purchase_units"][0]["payments"] = {"captures": list(captures)}
    return order


class TestConfirming:
    def test_takes_the_money_and_names_the_capture(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, SAYS.session("COMPLETED")))
        report = confirm(client)
        assert (report.state, report.psp_word) == (ReportedState.CAPTURED, "COMPLETED")
        assert (report.money, report.captured) == (TOTAL, TOTAL)
        assert report.payment_reference == CAPTURE_ID

    def test_says_why_the_money_is_on_its_way(self, client: PayPalClient, psp: ReplayingPsp):
        pending = SAYS.capture_of("PENDING", status_details={"reason": "ECHECK"})
        psp.will_answer(Reply(201, captured_order(pending)))
        report = confirm(client)
        assert (report.state, report.reason_code) == (ReportedState.PENDING, "ECHECK")
        assert report.captured is None

    @pytest.mark.parametrize(
        ("issue", "refused"),
        [("TRANSACTION_REFUSED", Declined), ("INSTRUMENT_DECLINED", DeclinedForNow)],
    )
    def test_is_declined_with_paypals_word_and_debug_id(
        self,
        client: PayPalClient,
        psp: ReplayingPsp,
        issue: str,
        refused: type[PspError],
    ):
        psp.will_answer(unprocessable(issue))
        with pytest.raises(refused) as caught:
            confirm(client)
        assert vars(caught.value) == {"code": issue}
        assert str(caught.value) == f"confirm: answered 422 {issue} (debug id 90957fca61718)"

    def test_believes_no_answer_about_another_order(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, SAYS.session("COMPLETED", id=SAYS.OTHER_TOKEN)))
        with pytest.raises(InDoubt, match="another order"):
            confirm(client)

    def test_reports_another_amount_as_what_it_is(self, client: PayPalClient, psp: ReplayingPsp):
        dollars = {"currency_code": "USD", "value": "1.00"}
        psp.will_answer(Reply(201, captured_order(SAYS.capture_of("COMPLETED", amount=dollars))))
        report = confirm(client)
        assert (report.money, report.captured) == (TOTAL, Money("1.00", "USD"))

    def test_adds_up_whatever_was_captured(self, client: PayPalClient, psp: ReplayingPsp):
        order = captured_order(
            SAYS.capture_of("DECLINED", id="first"),
            SAYS.capture_of("COMPLETED"),
            SAYS.capture_of("PARTIALLY_REFUNDED", id="third"),
        )
        psp.will_answer(Reply(200, order))
        report = client.fetch(REF)
        assert (report.state, report.captured) == (ReportedState.CAPTURED, Money("39.98", "EUR"))
        assert report.payment_reference == CAPTURE_ID

    def test_waits_for_a_pending_capture_beside_a_declined_one(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        order = captured_order(
            SAYS.capture_of("DECLINED", id="first"), SAYS.capture_of("PENDING", id="second")
        )
        psp.will_answer(Reply(200, order))
        report = client.fetch(REF)
        assert (report.state, report.payment_reference) == (ReportedState.PENDING, "second")

    def test_that_does_not_say_what_was_captured_is_in_doubt(
        self, client: PayPalClient, psp: ReplayingPsp
    ):
        all_captures: list[list[dict[str, Any]]] = [
            [],
            [{"status": "COMPLETED"}],
            [SAYS.capture_of("COMPLETED", amount=None)],
            [SAYS.capture_of("COMPLETED", status=None)],
            [
                SAYS.capture_of("COMPLETED"),
                SAYS.capture_of("COMPLETED", amount={"currency_code": "USD", "value": "1.00"}),
            ],
        ]

        def answered(captures: list[dict[str, Any]]) -> object:
            psp.will_answer(Reply(200, captured_order(*captures)))
            return client.fetch(REF)

        assert taken(all_captures, answered, InDoubt) == []


class TestFetching:
    def test_asks_for_the_order(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, SAYS.session("APPROVED")))
        report = client.fetch(REF)
        assert (report.state, report.psp_word) == (ReportedState.OPEN, "APPROVED")
        assert (report.money, report.captured, report.payment_reference) == (TOTAL, None, "")
        (seen,) = psp.requests
        assert (seen.method, seen.path, seen.body) == (
            "GET",
            f"/v2/checkout/orders/{ORDER_ID}",
            b"",
        )

    def test_needs_the_token(self, client: PayPalClient, psp: ReplayingPsp):
        with pytest.raises(Unsupported):
            client.fetch(PspReference(psp_token="", reference="ref-1"))
        assert psp.connections == 0

    def test_knows_our_reference_by_either_name(self, client: PayPalClient, psp: ReplayingPsp):
        order = SAYS.session("APPROVED")
        del order["purchase_units"][0]["custom_id"]
        psp.will_answer(Reply(200, order))
        assert client.fetch(REF).state is ReportedState.OPEN

    def test_keeps_nothing_about_the_person_who_paid(self, client: PayPalClient, psp: ReplayingPsp):
        order = SAYS.session("COMPLETED", payer={"email_address": "shopper@example.com"})
        order["payment_source"] = {"paypal": {"name": {"surname": "Shopper"}}}
        order["purchase_units"][0]["shipping"] = {"address": {"postal_code": "1010"}}
        psp.will_answer(Reply(200, order))
        assert client.fetch(REF).evidence == SAYS.session("COMPLETED")


class TestRefunding:
    def test_gives_back_and_names_the_refund(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, SAYS.refund("COMPLETED")))
        assert give_back(client) == RefundReport(
            state=RefundState.SUCCESSFUL,
            psp_word="COMPLETED",
            refund_reference=REFUND_ID,
            money=PART,
            evidence=SAYS.refund("COMPLETED"),
        )

    def test_says_why_it_is_pending(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, SAYS.refund("PENDING", status_details={"reason": "ECHECK"})))
        report = give_back(client)
        assert (report.state, report.reason_code) == (RefundState.PENDING, "ECHECK")

    def test_believes_no_answer_about_another_refund(self, client: PayPalClient, psp: ReplayingPsp):
        changes: list[dict[str, Any]] = [
            {"id": None},
            {"status": None},
            {"invoice_id": "rf-2"},
            {"invoice_id": None},
            {"amount": euros("6.00")},
            {"amount": {"currency_code": "USD", "value": "5.00"}},
            {"amount": None},
            {"links": [{"rel": "up", "href": f"{API}/v2/payments/captures/OTHER"}]},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, SAYS.refund("COMPLETED", **change)))
            return give_back(client)

        assert taken(changes, answered, InDoubt) == []

    def test_may_be_answered_without_saying_of_what(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, SAYS.refund("COMPLETED", links=[])))
        assert give_back(client).state is RefundState.SUCCESSFUL


def refunded_order(*refunds: dict[str, Any]) -> dict[str, Any]:
    order = SAYS.session("COMPLETED")
    order["purchase_units"][0]["payments"]["refunds"] = list(refunds)
    return order


class TestLookingForARefund:
    def test_asks_for_it_by_paypals_id(self, client: PayPalClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, SAYS.refund("COMPLETED")))
        assert client.fetch_refund(REF, REFUND_REF).refund_reference == REFUND_ID
        assert [seen.path for seen in psp.requests] == [f"/v2/payments/refunds/{REFUND_ID}"]

    def test_finds_it_among_the_orders_by_ours(self, client: PayPalClient, psp: ReplayingPsp):
        other = SAYS.refund("FAILED", id="OTHER", invoice_id="rf-0")
        psp.will_answer(Reply(200, refunded_order(other, SAYS.refund("COMPLETED"))))
        report = client.fetch_refund(REF, RefundReference("rf-1"))
        assert (report.state, report.refund_reference) == (RefundState.SUCCESSFUL, REFUND_ID)
        assert [seen.path for seen in psp.requests] == [f"/v2/checkout/orders/{ORDER_ID}"]

    @pytest.mark.parametrize("count", [0, 2])
    def test_is_in_doubt_unless_exactly_one_bears_our_id(
        self, client: PayPalClient, psp: ReplayingPsp, count: int
    ):
        psp.will_answer(Reply(200, refunded_order(*[SAYS.refund("COMPLETED")] * count)))
        with pytest.raises(InDoubt, match=f"{count} refunds bear the reference"):
            client.fetch_refund(REF, RefundReference("rf-1"))

    @pytest.mark.parametrize(
        "change",
        [
            {"id": "OTHER"},
            {"invoice_id": "rf-2"},
            {"links": [{"rel": "up", "href": f"{API}/v2/payments/captures/OTHER"}]},
        ],
    )
    def test_believes_no_answer_about_another(
        self, client: PayPalClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(200, SAYS.refund("COMPLETED", **change)))
        with pytest.raises(InDoubt):
            client.fetch_refund(REF, REFUND_REF)
