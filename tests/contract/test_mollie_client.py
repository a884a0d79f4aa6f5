"""Mollie's client: the common promises, then what is its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mollie.models import (
    CaptureResponse,
    EntityCapture,
    Locale,
    PaymentRequest,
    PaymentResponse,
    RefundRequest,
    RefundResponse,
)
from mollie.utils.webhooks.signature_validator import (
    InvalidSignatureException,
    SignatureValidator,
)

from psp_clients import mollie
from psp_clients.contract import (
    AuthFailed,
    ConfirmMode,
    ConfirmRequest,
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
    RetryableRejected,
    SessionRequest,
    StateConflict,
    Transaction,
    Unsupported,
    WebhookNotice,
    WebhookRejected,
    WebhookResponse,
)
from psp_clients.http import Transport
from psp_clients.mollie import MollieClient
from psp_clients.mollie.calls import LOCALES, locale_for
from psp_clients.mollie.mapping import (
    CAPTURE_FAILED,
    CAPTURE_STATES,
    PAYMENT_STATES,
    REFUND_STATES,
)
from psp_clients.mollie.money import DIGITS, read_money, write_money
from psp_clients.settings import Mode

from .servers import ReplayingPsp, Reply

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
KEY = "9b2a6c1e-6a0c-4c1e-9b57-3a6a52a7a001"
TOKEN = "tr_5B8cwPMGnU6qLbRvo7qEZo"
OTHER = "tr_5B8cwPMGnU6qLbRvo7qEZ2"
REFUND = "re_4qqhO89gsT"
REF = PspReference(psp_token=TOKEN, reference="ref-1")
REFUND_REF = RefundReference(reference="rf-1", refund_reference=REFUND)
PART = Money("5.00", "EUR")
REGISTRATION = SessionRequest(
    reference="ref-1",
    checkout_id="c-1001",
    money=Money("19.99", "EUR"),
    return_url="https://bps.example/return/",
    webhook_url="https://bps.example/webhooks/mollie/",
    expires_at=NOW + timedelta(hours=1),
    metadata={"order": "o-1"},
)

API_KEY = "test_" + "nobodymayseethis" * 2
SECRETS = ("VpQ3WukU6uSCGQ8TPTD3WPDpac3GyNEj", "oLd3WukU6uSCGQ8TPTD3WPDpac3GyNEj")
FOREIGN_SECRET = "f0re1gnU6uSCGQ8TPTD3WPDpac3GyNEj"
HEADER = "X-Mollie-Signature"

PAYMENT_WORDS = {
    "open": ReportedState.OPEN,
    "pending": ReportedState.PENDING,
    "authorized": ReportedState.AUTHORIZED,
    "paid": ReportedState.CAPTURED,
    "canceled": ReportedState.CANCELLED,
    "expired": ReportedState.EXPIRED,
    "failed": ReportedState.DECLINED,
}
REFUND_WORDS = {
    "queued": RefundState.PENDING,
    "pending": RefundState.PENDING,
    "processing": RefundState.PENDING,
    "refunded": RefundState.SUCCESSFUL,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def euros(value: str) -> dict[str, str]:
    return {"currency": "EUR", "value": value}


def payment(word: str = "open", **changes: Any) -> dict[str, Any]:
    checkout = {"href": "https://www.mollie.com/checkout/select-method/5B8c", "type": "text/html"}
    return {
        "resource": "payment",
        "id": TOKEN,
        "mode": "test",
        "amount": euros("19.99"),
        "description": "c-1001",
        "sequenceType": "oneoff",
        "redirectUrl": "https://bps.example/return/",
        "webhookUrl": "https://bps.example/webhooks/mollie/",
        "metadata": {"checkout_id": "c-1001", "reference": "ref-1", "shop": {"order": "o-1"}},
        "profileId": "pfl_QkEhN94Ba",
        "status": word,
        "createdAt": "2026-11-22T12:00:00+00:00",
        "expiresAt": "2026-11-22T12:15:00+00:00",
        "_links": {"checkout": checkout},
        **changes,
    }


def refund(word: str = "pending", **changes: Any) -> dict[str, Any]:
    return {
        "resource": "refund",
        "id": REFUND,
        "mode": "test",
        "amount": euros("5.00"),
        "status": word,
        "createdAt": "2026-11-22T12:00:00+00:00",
        "description": "late",
        "metadata": {"reference": "ref-1", "refund_id": "rf-1"},
        "paymentId": TOKEN,
        "_links": {},
        **changes,
    }


def capture(word: str = "succeeded", **changes: Any) -> dict[str, Any]:
    return {
        "resource": "capture",
        "id": "cpt_mNepDkEtco6ah3QNPUGYH",
        "mode": "test",
        "amount": euros("5.00"),
        "status": word,
        "metadata": {"reference": "ref-1"},
        "paymentId": TOKEN,
        "createdAt": "2026-11-22T12:00:00+00:00",
        "_links": {},
        **changes,
    }


def listed(name: str, *lines: dict[str, Any], begins: str | None = None) -> Reply:
    following = begins and {
        "href": f"https://api.mollie.com/v2/{name}?from={begins}&limit=5",
        "type": "application/hal+json",
    }
    links = {"self": {}, "previous": None, "next": following, "documentation": {}}
    return Reply(200, {"count": len(lines), "_embedded": {name: list(lines)}, "_links": links})


def refusal(status: int, field: str | None = None, **headers: str) -> Reply:
    told = {"status": status, "title": "No", "detail": "Because.", "_links": {}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {**told, **({"field": field} if field else {})}, named)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "resource": "event",
        "id": "event_GvJ8WHrp5isUdRub9CJyH",
        "type": "payment.paid",
        "entityId": TOKEN,
        "createdAt": "2026-11-22T11:59:58+00:00",
        "_embedded": {"entity": payment("paid")},
        "_links": {},
        **changes,
    }


def signature(body: bytes, *secrets: str) -> str:
    """Sign as Mollie's own library does."""
    return ",".join(
        "sha256=" + SignatureValidator.create_signature(body.decode(), secret) for secret in secrets
    )


def signed(body: bytes, *secrets: str) -> tuple[dict[str, str], bytes]:
    return {HEADER: signature(body, *secrets)}, body


@pytest.fixture
def client(psp: ReplayingPsp) -> MollieClient:
    transport = Transport(psp.url, connect_timeout=1, money_timeout=2, lookup_timeout=2)
    return MollieClient(transport, api_key=API_KEY, webhook_secrets=SECRETS)


def register(client: MollieClient) -> RegisteredSession:
    return client.register(client.prepare_register(REGISTRATION, key=KEY))


def take(client: MollieClient, money: Money = PART) -> Report:
    return client.capture(client.prepare_capture(REF, money, key=KEY))


def cancel(client: MollieClient) -> Report:
    return client.cancel(client.prepare_cancel(REF, key=KEY))


def give_back(client: MollieClient) -> RefundReport:
    return client.refund(client.prepare_refund(REF, PART, refund_id="rf-1", reason="late", key=KEY))


class TestPreparing:
    def test_registers_to_the_byte(self, client: MollieClient):
        assert client.prepare_register(REGISTRATION, key=KEY) == PreparedCall(
            operation=Operation.REGISTER,
            method="POST",
            path="/v2/payments",
            headers={"Content-Type": "application/json", "Idempotency-Key": KEY},
            body=b'{"amount":{"currency":"EUR","value":"19.99"},"description":"c-1001",'
            b'"locale":"en_GB","metadata":{"checkout_id":"c-1001","reference":"ref-1",'
            b'"shop":{"order":"o-1"}},"redirectUrl":"https://bps.example/return/",'
            b'"webhookUrl":"https://bps.example/webhooks/mollie/"}',
            key=KEY,
        )

    def test_asks_for_a_hold_only_where_one_is_wanted(self, client: MollieClient):
        held = client.prepare_register(replace(REGISTRATION, capture="manual"), key=KEY)
        assert json.loads(held.body)["captureMode"] == "manual"
        with pytest.raises(Unsupported):
            client.prepare_register(replace(REGISTRATION, capture="perhaps"), key=KEY)

    def test_captures_cancels_and_refunds_to_the_byte(self, client: MollieClient):
        calls = [
            client.prepare_capture(REF, PART, key=KEY),
            client.prepare_cancel(REF, key=KEY),
            client.prepare_refund(REF, PART, refund_id="rf-1", reason="zu spät", key=KEY),
        ]
        path = f"/v2/payments/{TOKEN}"
        assert [(call.operation, call.method, call.path, call.body) for call in calls] == [
            (
                Operation.CAPTURE,
                "POST",
                f"{path}/captures",
                b'{"amount":{"currency":"EUR","value":"5.00"},"metadata":{"reference":"ref-1"}}',
            ),
            (Operation.CANCEL, "DELETE", path, b""),
            (
                Operation.REFUND,
                "POST",
                f"{path}/refunds",
                '{"amount":{"currency":"EUR","value":"5.00"},"description":"zu spät",'
                '"metadata":{"reference":"ref-1","refund_id":"rf-1"}}'.encode(),
            ),
        ]
        assert calls[1].headers == {"Idempotency-Key": KEY}

    def test_sends_only_what_mollies_own_library_would(self, client: MollieClient):
        manual = replace(REGISTRATION, capture="manual", locale="nl")
        for call, model in (
            (client.prepare_register(manual, key=KEY), PaymentRequest),
            (client.prepare_capture(REF, PART, key=KEY), EntityCapture),
            (
                client.prepare_refund(REF, PART, refund_id="rf-1", reason="", key=KEY),
                RefundRequest,
            ),
        ):
            read = model.model_validate_json(call.body)
            told = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
            assert told == json.loads(call.body)

    def test_a_refund_without_a_reason_is_described_by_its_id(self, client: MollieClient):
        call = client.prepare_refund(REF, PART, refund_id="rf-1", reason="", key=KEY)
        assert json.loads(call.body)["description"] == "rf-1"

    def test_cuts_a_description_at_what_mollie_keeps(self, client: MollieClient):
        call = client.prepare_refund(REF, PART, refund_id="rf-1", reason="x" * 300, key=KEY)
        assert json.loads(call.body)["description"] == "x" * 255

    def test_a_registration_without_a_description_is_refused(self, client: MollieClient):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_register(replace(REGISTRATION, checkout_id=""), key=KEY)
        assert caught.value.field == "checkout_id"

    def test_leaves_notes_out_that_are_larger_than_mollie_keeps(self, client: MollieClient):
        def kept(note: str) -> dict[str, Any]:
            noted = replace(REGISTRATION, metadata={"note": note})
            call = client.prepare_register(noted, key=KEY)
            metadata: dict[str, Any] = json.loads(call.body)["metadata"]
            return metadata

        ours = {"checkout_id": "c-1001", "reference": "ref-1"}
        room = 1000 - len(json.dumps({**ours, "shop": {"note": ""}}, separators=(",", ":")))
        assert kept("x" * room) == {**ours, "shop": {"note": "x" * room}}
        assert kept("x" * (room + 1)) == ours
        assert kept("é" * (room // 2 + 1)) == ours

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("en", "en_GB"),
            ("de", "de_DE"),
            ("fr", "fr_FR"),
            ("es", "es_ES"),
            ("nl", "nl_NL"),
            ("nl-BE", "nl_BE"),
            ("de_LU", "de_LU"),
            ("de-XX", "de_DE"),
            ("ar", None),
            ("", None),
        ],
    )
    def test_shows_the_page_in_a_language_that_mollie_has(
        self, client: MollieClient, ours: str, theirs: str | None
    ):
        call = client.prepare_register(replace(REGISTRATION, locale=ours), key=KEY)
        assert json.loads(call.body).get("locale") == theirs

    def test_knows_every_language_that_mollies_own_library_does(self):
        assert set(LOCALES) == {one.value for one in Locale}
        assert all(locale_for(one) == one for one in LOCALES)

    def test_has_nothing_to_confirm(self, client: MollieClient, psp: ReplayingPsp):
        purchase = ConfirmRequest(PART, {}, "https://shop.example/", "https://bps.example/")
        with pytest.raises(Unsupported):
            client.prepare_confirm(REF, purchase, key=KEY)
        with pytest.raises(Unsupported):
            client.confirm(client.prepare_capture(REF, PART, key=KEY))
        assert psp.connections == 0

    @pytest.mark.parametrize("odd", [float("nan"), "\ud800", {1, 2}])
    def test_what_json_cannot_hold_is_refused(self, client: MollieClient, odd: Any):
        with pytest.raises(InvalidRequest, match="does not fit into JSON"):
            client.prepare_register(replace(REGISTRATION, metadata={"x": odd}), key=KEY)

    @pytest.mark.parametrize("token", ["", ".", ".."])
    def test_a_token_that_would_name_another_path_is_refused(
        self, client: MollieClient, psp: ReplayingPsp, token: str
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_cancel(replace(REF, psp_token=token), key=KEY)
        assert caught.value.field == "psp_token"
        with pytest.raises(InvalidRequest):
            client.fetch_refund(replace(REF, psp_token=token), RefundReference("rf-1"))
        assert psp.connections == 0

    def test_an_opaque_token_stays_one_segment_of_the_path(self, client: MollieClient):
        call = client.prepare_cancel(replace(REF, psp_token="tr_/../x?y#z é"), key=KEY)
        assert call.path == "/v2/payments/tr_%2F..%2Fx%3Fy%23z%20%C3%A9"


class TestMoney:
    def test_is_listed_with_the_digits_of_mollies_page(self):
        none = {code for code, digits in DIGITS.items() if digits == 0}
        assert none == {"ISK", "JPY"}
        assert set(DIGITS.values()) == {0, 2}
        assert len(DIGITS) == 27

    @pytest.mark.parametrize(
        ("currency", "five"),
        [("ISK", "5"), ("JPY", "5"), ("HUF", "5.00"), ("TWD", "5.00"), ("EUR", "5.00")],
    )
    def test_of_five_whole_units_is_written_as_mollie_reads_it(
        self, client: MollieClient, currency: str, five: str
    ):
        call = client.prepare_capture(REF, Money(five, currency), key=KEY)
        assert json.loads(call.body)["amount"] == {"currency": currency, "value": five}
        for wrong in {"5", "5.0", "5.00", "5.000"} - {five}:
            with pytest.raises(InvalidRequest) as caught:
                client.prepare_capture(REF, Money(wrong, currency), key=KEY)
            assert caught.value.field == "amount"

    @pytest.mark.parametrize("currency", ["CLP", "CVE", "IDR", "UGX", "MGA", "KWD", "BGN", "RUB"])
    def test_that_mollies_page_does_not_list_is_refused_with_any_digits(
        self, client: MollieClient, currency: str
    ):
        assert currency not in client.capabilities.currencies
        for amount in ("5", "5.00", "5.000"):
            with pytest.raises(Unsupported):
                client.prepare_register(
                    replace(REGISTRATION, money=Money(amount, currency)), key=KEY
                )

    @given(currency=st.sampled_from(sorted(DIGITS)), units=st.integers(1, 10**12 - 1))
    def test_of_every_listed_currency_comes_back_as_it_went(self, currency: str, units: int):
        whole, part = divmod(units, 10 ** DIGITS[currency])
        amount = f"{whole}.{part:02}" if DIGITS[currency] else str(whole)
        money = Money(amount, currency)
        assert read_money({"amount": write_money(money)}, "amount") == money


class TestCapabilities:
    def test_are_what_mollie_can_do(self, client: MollieClient):
        can = client.capabilities
        assert client.name == "mollie"
        assert can.confirm_mode is ConfirmMode.READS
        assert (can.can_poll, can.can_cancel) == (True, True)
        assert (can.partial_refund, can.manual_capture) == (True, True)
        assert can.currencies == frozenset(DIGITS)
        assert can.key_window == timedelta(hours=1)
        assert not can.ends_at_expiry


class TestWords:
    def test_are_exactly_the_documented_ones(self):
        assert PAYMENT_STATES == PAYMENT_WORDS
        assert REFUND_STATES == REFUND_WORDS

    def test_are_all_that_mollies_own_library_knows(self):
        def words_of(model: Any) -> set[str]:
            return {word.value for word in model.model_fields["status"].annotation}

        assert words_of(PaymentResponse) == set(PAYMENT_STATES)
        assert words_of(RefundResponse) == set(REFUND_STATES)
        assert words_of(CaptureResponse) == {*CAPTURE_STATES, CAPTURE_FAILED}


class TestRegistering:
    def test_gives_the_token_and_mollies_page(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, payment()))
        assert register(client) == RegisteredSession(
            psp_token=TOKEN,
            purchase_url="https://www.mollie.com/checkout/select-method/5B8c",
            expires_at=NOW + timedelta(minutes=15),
            evidence=payment(),
        )
        assert psp.requests[0].headers["authorization"] == f"Bearer {API_KEY}"

    def test_may_be_answered_without_an_expiry(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, payment(expiresAt=None)))
        assert register(client).expires_at is None

    @pytest.mark.parametrize(
        "change",
        [
            {"id": ""},
            {"id": None},
            {"metadata": None},
            {"metadata": "ref-1"},
            {"metadata": {"reference": "ref-2"}},
            {"metadata": {"reference": ["ref-1"]}},
            {"amount": euros("1.99")},
            {"amount": {"currency": "USD", "value": "19.99"}},
            {"amount": "19.99"},
            {"expiresAt": "soon"},
            {"expiresAt": "2026-11-22T12:15:00"},
            {"_links": None},
            {"_links": {}},
            {"_links": {"checkout": {"href": "javascript:alert(1)"}}},
            {"_links": {"checkout": {"href": "//www.mollie.com/"}}},
            {"_links": {"checkout": {"href": "https://[/"}}},
            {"_links": {"checkout": {"href": "https://www.mollie.com/" + "x" * 2000}}},
        ],
    )
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: MollieClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(201, payment(**change)))
        with pytest.raises(InDoubt):
            register(client)


class TestFetching:
    def test_asks_by_token(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, payment("pending")))
        assert client.fetch(REF).state is ReportedState.PENDING
        (seen,) = psp.requests
        assert (seen.method, seen.path, seen.body) == ("GET", f"/v2/payments/{TOKEN}", b"")

    def test_reports_a_paid_payment(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, payment("paid")))
        assert client.fetch(REF) == Report(
            state=ReportedState.CAPTURED,
            psp_word="paid",
            money=Money("19.99", "EUR"),
            captured=Money("19.99", "EUR"),
            payment_reference=TOKEN,
            evidence=payment("paid"),
        )

    def test_reports_the_amount_that_mollie_states_not_the_one_we_sent(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, payment("paid", amount=euros("1.99"))))
        report = client.fetch(REF)
        assert (report.money, report.captured) == (Money("1.99", "EUR"), Money("1.99", "EUR"))

    @pytest.mark.parametrize(
        ("word", "captured", "seen"),
        [
            ("open", "0.00", (ReportedState.OPEN, None)),
            ("authorized", "0.00", (ReportedState.AUTHORIZED, None)),
            ("authorized", "5.00", (ReportedState.CAPTURED, PART)),
            ("paid", "5.00", (ReportedState.CAPTURED, PART)),
            ("paid", "19.99", (ReportedState.CAPTURED, Money("19.99", "EUR"))),
            ("paid", "0.00", (ReportedState.CAPTURED, None)),
            ("canceled", "0.00", (ReportedState.CANCELLED, None)),
        ],
    )
    def test_reports_what_was_captured_of_a_hold(
        self, client: MollieClient, psp: ReplayingPsp, word: str, captured: str, seen: object
    ):
        psp.will_answer(Reply(200, payment(word, amountCaptured=euros(captured))))
        report = client.fetch(REF)
        assert (report.state, report.captured) == seen

    def test_tells_why_a_payment_failed_and_keeps_no_more_of_the_shopper(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        why = {"failureReason": "card_declined", "failureMessage": "Your card was declined."}
        shopper = {"cardHolder": "A. Shopper", "consumerAccount": "NL53ABNA0627535577"}
        psp.will_answer(Reply(200, payment("failed", details={**shopper, **why})))
        report = client.fetch(REF)
        assert (report.reason_code, report.reason_text) == tuple(why.values())
        assert report.evidence["details"] == why

    def test_tells_why_a_terminal_refused(self, client: MollieClient, psp: ReplayingPsp):
        why = {"code": "insufficient_funds", "message": "Too little."}
        psp.will_answer(Reply(200, payment("failed", details=None, statusReason=why)))
        report = client.fetch(REF)
        assert (report.reason_code, report.reason_text) == ("insufficient_funds", "Too little.")

    @pytest.mark.parametrize(
        "change",
        [
            {"id": OTHER},
            {"metadata": {"reference": "ref-2"}},
            {"metadata": None},
            {"status": None},
            {"status": ""},
            {"amount": 19.99},
            {"amount": euros("19.990")},
            {"amount": euros("1e3")},
            {"amount": {"currency": "XXX", "value": "19.99"}},
            {"amount": {"currency": "ISK", "value": "19.99"}},
            {"amountCaptured": "all"},
            {"details": {"failureReason": {}}},
            {"description": "\0"},
        ],
    )
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: MollieClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(200, payment("paid", **change)))
        with pytest.raises(InDoubt):
            client.fetch(REF)

    def test_searches_the_newest_by_our_reference_while_there_is_no_token(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        others = [payment(id=OTHER, metadata=odd) for odd in (None, "ref-1", {"reference": "r"})]
        psp.will_answer(
            listed("payments", *others, begins=OTHER),
            listed("payments", *others, payment("paid")),
        )
        report = client.fetch(PspReference(psp_token="", reference="ref-1"))
        assert (report.state, report.payment_reference) == (ReportedState.CAPTURED, TOKEN)
        assert [seen.path for seen in psp.requests] == [
            "/v2/payments?limit=100",
            f"/v2/payments?limit=100&from={OTHER}",
        ]

    def test_is_in_doubt_where_two_bear_our_reference(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(listed("payments", payment("paid"), payment(id=OTHER)))
        with pytest.raises(InDoubt, match="2 bear the reference"):
            client.fetch(PspReference(psp_token="", reference="ref-1"))

    def test_gives_up_searching_after_a_thousand(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(*(listed("payments", begins=f"tr_{number}") for number in range(12)))
        with pytest.raises(InDoubt, match="none of the newest payments bears the reference"):
            client.fetch(PspReference(psp_token="", reference="ref-1"))
        assert len(psp.requests) == 10


class TestCapturing:
    def test_takes_a_part(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, capture()))
        assert take(client) == Report(
            state=ReportedState.CAPTURED,
            psp_word="succeeded",
            money=None,
            captured=PART,
            payment_reference=TOKEN,
            evidence=capture(),
        )

    def test_that_is_under_way_leaves_the_hold_as_it_was(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(201, capture("pending")))
        report = take(client)
        assert (report.state, report.captured) == (ReportedState.AUTHORIZED, None)

    def test_that_failed_has_the_payment_looked_at(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, capture("failed")))
        with pytest.raises(StateConflict, match="the capture failed"):
            take(client)

    def test_with_a_word_that_no_table_lists_is_pending_and_marked(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(201, capture("reviewing")))
        report = take(client)
        assert (report.state, report.known, report.captured) == (
            ReportedState.PENDING,
            False,
            None,
        )

    @pytest.mark.parametrize(
        "change",
        [{"paymentId": OTHER}, {"paymentId": None}, {"amount": euros("6.00")}, {"status": 1}],
    )
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: MollieClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(201, capture(**change)))
        with pytest.raises(InDoubt):
            take(client)


class TestCancelling:
    def test_is_a_fence_once_mollie_says_so(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, payment("canceled")))
        assert cancel(client).state is ReportedState.CANCELLED
        (seen,) = psp.requests
        assert (seen.method, seen.path, seen.body) == ("DELETE", f"/v2/payments/{TOKEN}", b"")

    def test_that_is_only_accepted_is_in_doubt(self, client: MollieClient, psp: ReplayingPsp):
        for status in (202, 204):
            psp.will_answer(Reply(status, b""))
            with pytest.raises(InDoubt):
                cancel(client)

    def test_of_another_payment_is_in_doubt(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, payment("canceled", id=OTHER)))
        with pytest.raises(InDoubt):
            cancel(client)


class TestRefunding:
    def test_reports_the_refund(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, refund()))
        assert give_back(client) == RefundReport(
            state=RefundState.PENDING,
            psp_word="pending",
            refund_reference=REFUND,
            money=PART,
            evidence=refund(),
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"paymentId": OTHER},
            {"metadata": {"reference": "ref-1", "refund_id": "rf-2"}},
            {"metadata": None},
            {"amount": euros("6.00")},
            {"id": ""},
            {"id": 1},
        ],
    )
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: MollieClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(201, refund("refunded", **change)))
        with pytest.raises(InDoubt):
            give_back(client)

    def test_is_looked_up_by_its_id(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, refund("failed")))
        assert client.fetch_refund(REF, REFUND_REF).state is RefundState.FAILED
        assert psp.requests[0].path == f"/v2/payments/{TOKEN}/refunds/{REFUND}"
        for ref, wanted in (
            (REF, replace(REFUND_REF, refund_reference="re_2")),
            (REF, replace(REFUND_REF, reference="rf-2")),
            (replace(REF, psp_token=OTHER), REFUND_REF),
        ):
            with pytest.raises(InDoubt):
                client.fetch_refund(ref, wanted)

    def test_is_looked_up_by_our_id_while_theirs_is_not_known(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        others = [refund(id="re_0", metadata=odd) for odd in (None, {"refund_id": "rf-0"})]
        psp.will_answer(
            listed("refunds", *others, begins="re_1"), listed("refunds", refund("refunded"))
        )
        report = client.fetch_refund(REF, RefundReference("rf-1"))
        assert (report.state, report.refund_reference) == (RefundState.SUCCESSFUL, REFUND)
        path = f"/v2/payments/{TOKEN}/refunds?limit=100"
        assert [seen.path for seen in psp.requests] == [path, f"{path}&from=re_1"]

    @pytest.mark.parametrize("count", [0, 2])
    def test_is_in_doubt_unless_one_bears_our_id(
        self, client: MollieClient, psp: ReplayingPsp, count: int
    ):
        psp.will_answer(listed("refunds", *([refund("refunded")] * count)))
        with pytest.raises(InDoubt, match=f"{count} bear the reference"):
            client.fetch_refund(REF, RefundReference("rf-1"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            (refusal(400), InvalidRequest),  # a key used for something else, too
            (refusal(401), AuthFailed),
            (refusal(403), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (refusal(404), InDoubt),
            (refusal(405), InDoubt),
            (refusal(409), InDoubt),
            (refusal(410), InDoubt),
            (refusal(415), InDoubt),
            (refusal(422), InvalidRequest),
            (refusal(422, "amount"), InvalidRequest),
            (refusal(429), RetryableRejected),
            (refusal(500), InDoubt),
            (refusal(502), InDoubt),
            (refusal(503), RetryableRejected),
            (refusal(504), InDoubt),
            (Reply(400, b"<html>"), InDoubt),
            (Reply(422, {"status": 400}), InDoubt),
            (Reply(422, []), InDoubt),
            (Reply(503, b"<html>"), InDoubt),
            (Reply(202, payment()), InDoubt),
            (Reply(204, b""), InDoubt),
            (Reply(418, {}), InDoubt),
        ],
    )
    def test_of_a_registration_are_translated(
        self, client: MollieClient, psp: ReplayingPsp, reply: Reply, expected: type[PspError]
    ):
        psp.will_answer(reply)
        with pytest.raises(PspError) as caught:
            register(client)
        assert type(caught.value) is expected

    @pytest.mark.parametrize("verb", [take, cancel, give_back])
    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            (refusal(422), StateConflict),
            (refusal(422, "amount"), InvalidRequest),
            (Reply(422, b"<html>"), InDoubt),
            (refusal(400), InvalidRequest),
            (refusal(404), InDoubt),
            (refusal(409), InDoubt),
            (refusal(410), InDoubt),
            (refusal(503), InDoubt),
        ],
    )
    def test_of_what_moves_or_frees_money_are_translated(
        self,
        client: MollieClient,
        psp: ReplayingPsp,
        verb: Callable[[MollieClient], object],
        reply: Reply,
        expected: type[PspError],
    ):
        psp.will_answer(reply)
        with pytest.raises(PspError) as caught:
            verb(client)
        assert type(caught.value) is expected

    @pytest.mark.parametrize(
        ("value", "wait"),
        [
            ("7", timedelta(seconds=7)),
            ("999999999", timedelta(hours=1)),
            ("-1", None),
            ("Sun, 22 Nov 2026 12:00:00 GMT", None),
        ],
    )
    def test_tell_how_long_to_wait(
        self, client: MollieClient, psp: ReplayingPsp, value: str, wait: timedelta | None
    ):
        psp.will_answer(refusal(429, Retry_After=value))
        with pytest.raises(RetryableRejected) as caught:
            client.fetch(REF)
        assert caught.value.retry_after == wait

    def test_name_the_field_and_nothing_that_mollie_wrote_beside_it(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(refusal(422, "amount.currency"))
        with pytest.raises(InvalidRequest) as caught:
            register(client)
        assert (str(caught.value), caught.value.field) == (
            "register: answered 422 amount.currency",
            "amount.currency",
        )
        psp.will_answer(refusal(422, f"Bearer {API_KEY}"))
        with pytest.raises(InvalidRequest) as caught:
            register(client)
        assert (str(caught.value), caught.value.field) == ("register: answered 422", "")


class TestTheList:
    def lines(self, client: MollieClient) -> list[Transaction]:
        return list(client.transactions(NOW - timedelta(days=1), NOW))

    def paid(self, at: str, **changes: Any) -> dict[str, Any]:
        return payment("paid", createdAt=at, paidAt=at, **changes)

    def test_has_charges_and_refunds_page_by_page(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(
            listed("payments", self.paid("2026-11-22T11:59:59+00:00"), begins=OTHER),
            listed("payments", payment("open", createdAt="2026-11-22T11:00:00+00:00")),
            listed("refunds", refund("refunded", createdAt="2026-11-21T12:00:00+00:00")),
        )
        assert self.lines(client) == [
            Transaction(
                kind="charge",
                psp_reference=TOKEN,
                reference="ref-1",
                psp_token=TOKEN,
                money=Money("19.99", "EUR"),
                status="successful",
                booked_at=NOW - timedelta(seconds=1),
            ),
            Transaction(
                kind="refund",
                psp_reference=REFUND,
                reference="ref-1",
                psp_token=TOKEN,
                money=PART,
                status="successful",
                booked_at=NOW - timedelta(days=1),
            ),
        ]
        assert [seen.path for seen in psp.requests] == [
            "/v2/payments?limit=100",
            f"/v2/payments?limit=100&from={OTHER}",
            "/v2/refunds?limit=100",
        ]

    def test_goes_back_to_what_may_have_been_paid_only_now(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        late = payment(
            "paid", createdAt="2026-10-21T12:00:00+00:00", paidAt="2026-11-22T00:00:00+00:00"
        )
        too_old = payment("paid", createdAt="2026-10-21T11:59:59+00:00", paidAt="unread")
        psp.will_answer(
            listed("payments", late, too_old, begins=OTHER),
            listed("refunds", refund(createdAt="2026-11-21T11:59:59+00:00"), begins="re_1"),
        )
        [line] = self.lines(client)
        assert line.booked_at == NOW - timedelta(hours=12)
        assert len(psp.requests) == 2

    def test_leaves_out_what_was_booked_outside_the_period(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(
            listed(
                "payments",
                self.paid("2026-11-22T12:00:00+00:00"),
                self.paid("2026-11-21T11:59:59+00:00"),
            ),
            listed("refunds", refund(createdAt="2026-11-22T12:00:00+00:00")),
        )
        assert self.lines(client) == []

    def test_names_no_payment_of_ours_where_the_metadata_is_not_ours(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        at = "2026-11-22T00:00:00+00:00"
        psp.will_answer(
            listed("payments", self.paid(at, metadata="by hand")),
            listed("refunds", refund("queued", createdAt=at, metadata=None)),
        )
        assert [(line.reference, line.psp_token, line.status) for line in self.lines(client)] == [
            ("", TOKEN, "successful"),
            ("", TOKEN, "pending"),
        ]

    def test_has_a_part_of_a_hold_when_it_was_captured(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        held = payment(
            "authorized", createdAt="2026-11-20T00:00:00+00:00", amountCaptured=euros("5.00")
        )
        psp.will_answer(
            listed("payments", held),
            listed(
                "captures",
                capture("failed", createdAt="2026-11-22T11:00:00+00:00"),
                capture(createdAt="2026-11-22T10:00:00+00:00"),
            ),
            listed("refunds"),
        )
        [line] = self.lines(client)
        assert (line.money, line.booked_at) == (PART, NOW - timedelta(hours=2))
        assert psp.requests[1].path == f"/v2/payments/{TOKEN}/captures?limit=100"

    @pytest.mark.parametrize(
        "change",
        [
            {"createdAt": None},
            {"paidAt": None},
            {"paidAt": "2026-11-22T11:00:00"},
            {"amount": euros("5")},
            {"amountCaptured": euros("0.00")},
            {"id": None},
            {"status": None},
        ],
    )
    def test_with_a_line_that_cannot_be_read_is_in_doubt(
        self, client: MollieClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        at = "2026-11-22T11:00:00+00:00"
        psp.will_answer(listed("payments", {**self.paid(at), **change}))
        with pytest.raises(InDoubt):
            self.lines(client)

    def test_captured_without_a_capture_is_in_doubt(self, client: MollieClient, psp: ReplayingPsp):
        held = payment("authorized", createdAt="2026-11-20T00:00:00+00:00")
        psp.will_answer(
            listed("payments", {**held, "amountCaptured": euros("5.00")}), listed("captures")
        )
        with pytest.raises(InDoubt, match="captured, without a capture"):
            self.lines(client)

    def test_that_repeats_its_page_is_in_doubt(self, client: MollieClient, psp: ReplayingPsp):
        psp.will_answer(listed("payments", begins=OTHER))
        with pytest.raises(InDoubt, match="does not end"):
            self.lines(client)
        assert len(psp.requests) == 2

    def test_without_end_is_in_doubt(
        self, client: MollieClient, psp: ReplayingPsp, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("psp_clients.mollie.wire.MAX_PAGES", 3)
        psp.will_answer(*(listed("payments", begins=f"tr_{number}") for number in range(5)))
        with pytest.raises(InDoubt, match="does not end"):
            self.lines(client)
        assert len(psp.requests) == 3

    @pytest.mark.parametrize(
        "following",
        [
            "tr_1",
            {},
            {"href": None},
            {"href": "https://api.mollie.com/v2/payments"},
            {"href": "https://api.mollie.com/v2/payments?from="},
            {"href": "https://api.mollie.com/v2/payments?from=tr_1&from=tr_2"},
            {"href": "https://api.mollie.com/v2/payments?from=../balances"},
            {"href": "https://[?from=tr_1"},
        ],
    )
    def test_whose_next_page_is_not_an_id_is_in_doubt(
        self, client: MollieClient, psp: ReplayingPsp, following: object
    ):
        page = {"_embedded": {"payments": []}, "_links": {"next": following}}
        psp.will_answer(Reply(200, page))
        with pytest.raises(InDoubt, match="next does not say"):
            self.lines(client)

    def test_follows_no_address_to_another_host(self, client: MollieClient, psp: ReplayingPsp):
        away = {"href": "https://evil.example/v2/settlements?from=tr_9", "type": "text/html"}
        page = {"_embedded": {"payments": []}, "_links": {"next": away}}
        psp.will_answer(Reply(200, page), listed("payments"), listed("refunds"))
        assert self.lines(client) == []
        assert psp.requests[1].path == "/v2/payments?limit=100&from=tr_9"


class TestAClassicWebhook:
    def test_is_a_doorbell_without_an_event(self, client: MollieClient):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.parse_webhook(form, f"id={TOKEN}".encode()) == [
            WebhookNotice(
                event_id="",
                event_type="payment.changed",
                psp_token=TOKEN,
                reference="",
                occurred_at=None,
            )
        ]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"id=",
            b"id=tr_",
            b"ID=tr_1",
            b"id=re_1",
            b"id=ord_1",
            b"id=tr_1\n",
            b" id=tr_1",
            b"id=tr_1&id=tr_2",
            b"id=tr_1&status=paid",
            b"id=tr_1%2F..",
            b"id=tr_../payments",
            b"id=tr_\xc3\xa9",
            b"id=tr_" + b"x" * 65,
            b'{"id":"tr_1"}',
            b"\xff",
        ],
    )
    def test_is_one_id_to_the_byte(self, client: MollieClient, body: bytes):
        with pytest.raises(WebhookRejected, match="neither signed nor a classic webhook's one id"):
            client.parse_webhook({}, body)

    def test_with_a_signature_that_does_not_hold_is_rejected(self, client: MollieClient):
        body = f"id={TOKEN}".encode()
        for header in ("", "sha256=", signature(body, FOREIGN_SECRET)):
            with pytest.raises(WebhookRejected):
                client.parse_webhook({HEADER.lower(): header}, body)

    def test_is_answered_with_an_empty_200(self, client: MollieClient):
        assert client.webhook_response() == WebhookResponse(200, b"", "text/plain")


class TestASignedWebhook:
    def body(self, **changes: Any) -> bytes:
        return json.dumps(event(**changes)).encode()

    def read(self, client: MollieClient, **changes: Any) -> list[WebhookNotice]:
        return client.parse_webhook(*signed(self.body(**changes), SECRETS[0]))

    def test_names_its_event_and_payment(self, client: MollieClient):
        assert self.read(client) == [
            WebhookNotice(
                event_id="event_GvJ8WHrp5isUdRub9CJyH",
                event_type="payment.paid",
                psp_token=TOKEN,
                reference="ref-1",
                occurred_at=NOW - timedelta(seconds=2),
            )
        ]

    def test_may_embed_nothing(self, client: MollieClient):
        for embedded in ({"_embedded": None}, {"type": "payment.expired", "_embedded": None}):
            [notice] = self.read(client, **embedded)
            assert (notice.psp_token, notice.reference) == (TOKEN, "")

    def test_about_a_refund_names_refund_and_payment(self, client: MollieClient):
        told = {"type": "refund.failed", "entityId": REFUND}
        [notice] = self.read(client, **told, _embedded={"entity": refund("failed")})
        assert (notice.psp_token, notice.reference) == (TOKEN, "ref-1")
        assert notice.refund == REFUND_REF
        [bare] = self.read(client, **told, _embedded=None)
        assert (bare.psp_token, bare.refund) == ("", RefundReference("", REFUND))

    def test_about_a_capture_names_the_payment(self, client: MollieClient):
        entity = capture()
        [notice] = self.read(
            client, type="capture.succeeded", entityId=entity["id"], _embedded={"entity": entity}
        )
        assert (notice.psp_token, notice.refund, notice.attention) == (TOKEN, None, "")

    @pytest.mark.parametrize(
        ("event_type", "attention"),
        [
            ("chargeback.received", "A chargeback was received."),
            ("chargeback.reversed", "A chargeback was reversed."),
        ],
    )
    def test_about_a_chargeback_asks_for_a_person(
        self, client: MollieClient, event_type: str, attention: str
    ):
        entity = {"resource": "chargeback", "id": "chb_n9z0tp", "paymentId": TOKEN}
        [notice] = self.read(
            client, type=event_type, entityId="chb_n9z0tp", _embedded={"entity": entity}
        )
        assert (notice.psp_token, notice.attention) == (TOKEN, attention)

    @pytest.mark.parametrize("event_type", ["payment-link.paid", "payout.completed", "hook.ping"])
    def test_about_nothing_that_we_started_says_nothing(
        self, client: MollieClient, event_type: str
    ):
        assert self.read(client, type=event_type, entityId="pl_1", _embedded=None) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"resource": "payment"},
            {"id": ""},
            {"id": None},
            {"type": None},
            {"entityId": None},
            {"createdAt": "now"},
            {"_embedded": []},
            {"_embedded": {}},
            {"_embedded": {"entity": None}},
            {"_embedded": {"entity": payment(id=OTHER)}},
            {"type": "refund.failed", "entityId": REFUND, "_embedded": {"entity": {"id": REFUND}}},
        ],
    )
    def test_that_is_proved_and_makes_no_sense_is_rejected(
        self, client: MollieClient, change: dict[str, Any]
    ):
        with pytest.raises(WebhookRejected, match="the body is not an event"):
            self.read(client, **change)

    @pytest.mark.parametrize("body", [b"", b"[]", b"not JSON", b"id=tr_1", b'{"a":1,"a":2}'])
    def test_that_is_proved_and_no_event_is_rejected(self, client: MollieClient, body: bytes):
        with pytest.raises(WebhookRejected, match="the body is not an event"):
            client.parse_webhook(*signed(body, SECRETS[0]))

    def test_is_taken_if_either_secret_signed_it(self, client: MollieClient):
        new, old = SECRETS
        for by in ((new,), (old,), (new, old), (FOREIGN_SECRET, old)):
            assert len(client.parse_webhook(*signed(self.body(), *by))) == 1

    def test_is_taken_in_every_way_that_mollie_writes_signatures(self, client: MollieClient):
        body = self.body()
        foreign, good = signature(body, FOREIGN_SECRET), signature(body, SECRETS[0])
        bare = good.removeprefix("sha256=")
        for written in (bare, f"{foreign}, {good}", f"{good},{foreign}", f"{foreign},{bare}"):
            assert len(client.parse_webhook({HEADER.upper(): written}, body)) == 1

    def test_is_rejected_with_a_signature_written_otherwise(self, client: MollieClient):
        body = self.body()
        good = signature(body, SECRETS[0])
        for header in (
            "",
            " ",
            ",",
            "sha256=",
            good[:-1],
            f"{good}0",
            good.upper(),
            good.replace("sha256=", "sha512="),
            good.replace("sha256=", "sha256=sha256="),
            good.replace("=", " "),
            f"{good[:20]} {good[20:]}",
            f"{good}\n",
            "é",
            "\udcff",
            "x" * 2000,
        ):
            with pytest.raises(WebhookRejected):
                client.parse_webhook({HEADER: header}, body)

    def test_is_rejected_once_a_byte_differs(self, client: MollieClient):
        headers, body = signed(self.body(), SECRETS[0])
        reserialised = json.dumps(json.loads(body), separators=(",", ":")).encode()
        for changed in (b"", body + b" ", body.replace(b"paid", b"open"), reserialised):
            with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
                client.parse_webhook(headers, changed)

    def test_by_another_secret_is_rejected(self, client: MollieClient):
        with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
            client.parse_webhook(*signed(self.body(), FOREIGN_SECRET))

    def test_without_its_signature_is_rejected(self, client: MollieClient):
        with pytest.raises(WebhookRejected, match="neither signed"):
            client.parse_webhook({}, self.body())

    def test_cannot_be_proved_where_no_secret_is_known(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        secretless = MollieClient(transport, api_key=API_KEY)
        with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
            secretless.parse_webhook(*signed(self.body(), SECRETS[0]))
        assert len(secretless.parse_webhook({}, b"id=tr_1")) == 1

    @given(text=st.text(), by=st.sampled_from([*SECRETS, FOREIGN_SECRET]), start=st.integers(0, 9))
    def test_is_judged_as_mollies_own_library_judges(
        self, client: MollieClient, text: str, by: str, start: int
    ):
        body = text.encode("utf-8", "replace")
        header = signature(body, by)[start:]
        try:
            proved = SignatureValidator.validate(body.decode(), list(SECRETS), header)
        except InvalidSignatureException:
            proved = False
        with pytest.raises(WebhookRejected) as caught:  # an honest signature, but never an event
            client.parse_webhook({HEADER: header}, body)
        assert str(caught.value).startswith("the body is not an event") is proved


class TestSettings:
    VALUES: ClassVar = {
        "URL": "https://api.mollie.com",
        "API_KEY": API_KEY,
        "WEBHOOK_SECRETS": ", ".join(SECRETS),
    }

    def faults(self, **changes: str) -> list[str]:
        values = {**self.VALUES, **changes}
        return [
            f"{setting.name} {fault}"
            for setting in mollie.SETTINGS
            if (fault := setting.fault_in(values[setting.name]))
        ]

    def test_are_an_address_a_key_and_perhaps_secrets(self):
        assert [(one.name, one.default, one.is_secret) for one in mollie.SETTINGS] == [
            ("URL", "https://api.mollie.com", False),
            ("API_KEY", None, True),
            ("WEBHOOK_SECRETS", "", True),
        ]
        assert self.faults() == self.faults(WEBHOOK_SECRETS="") == []
        assert self.faults(URL="http://127.0.0.1:9") == []

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"URL": ""}, "URL is not an http(s) address"),
            ({"URL": "api.mollie.com"}, "URL is not an http(s) address"),
            ({"URL": "https://["}, "URL is not an http(s) address"),
            (
                {"URL": "http://api.mollie.com"},
                "URL is not https, so that the API key could be read on the way",
            ),
            ({"API_KEY": ""}, "API_KEY is not test_… or live_… as Mollie hands keys out"),
            ({"API_KEY": "access_" + "x" * 30}, "API_KEY is not test_… or live_…"),
            ({"API_KEY": "test_short"}, "API_KEY is not test_… or live_…"),
            ({"API_KEY": "live_" + "é" * 30}, "API_KEY is not test_… or live_…"),
            ({"WEBHOOK_SECRETS": f"{SECRETS[0]},short"}, "WEBHOOK_SECRETS is not secrets of 8 to"),
            ({"WEBHOOK_SECRETS": "has a blank"}, "WEBHOOK_SECRETS is not secrets of 8 to"),
        ],
    )
    def test_that_are_wrong_are_told_in_plain_words_and_not_repeated(
        self, change: dict[str, str], fault: str
    ):
        [told] = self.faults(**change)
        assert told.startswith(fault)
        [value] = change.values()
        assert not value or value not in told

    def test_tell_play_from_money_by_the_key(self):
        assert mollie.mode(self.VALUES) is Mode.TEST
        assert mollie.mode({**self.VALUES, "API_KEY": "live_" + "x" * 30}) is Mode.LIVE

    def test_build_a_client_that_shows_no_secret(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        built = mollie.build(self.VALUES, transport)
        body = json.dumps(event()).encode()
        for secret in SECRETS:
            assert len(built.parse_webhook(*signed(body, secret))) == 1
        shown = repr(built) + str(built)
        assert not any(secret in shown for secret in (API_KEY, *SECRETS))
        without = {name: self.VALUES[name] for name in ("URL", "API_KEY")}
        assert len(mollie.build(without, transport).parse_webhook({}, b"id=tr_1")) == 1

    def test_that_are_wrong_build_nothing(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        with pytest.raises(ValueError, match=r"^the API key is not test_… or live_…$"):
            MollieClient(transport, api_key="live_\n" + "x" * 30)
        with pytest.raises(ValueError, match=r"^a webhook secret is not 8 to 255"):
            MollieClient(transport, api_key=API_KEY, webhook_secrets=[SECRETS[0], "short"])
