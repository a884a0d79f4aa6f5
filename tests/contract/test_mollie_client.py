"""Mollie's client: what is its own. The common promises are in `test_mollie_contract`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

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

from psp_clients.contract import (
    ConfirmMode,
    ConfirmRequest,
    InDoubt,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
    RetryableRejected,
    StateConflict,
    Unsupported,
)
from psp_clients.mollie import MollieClient
from psp_clients.mollie.calls import LOCALES, locale_for
from psp_clients.mollie.mapping import (
    CAPTURE_FAILED,
    CAPTURE_STATES,
    PAYMENT_STATES,
    REFUND_STATES,
)
from psp_clients.mollie.money import DIGITS, read_money, write_money
from tests.taken import taken

from .mollie_objects import (
    API_KEY,
    KEY,
    NOW,
    OTHER,
    PART,
    PAYMENT_WORDS,
    REF,
    REFUND,
    REFUND_REF,
    REFUND_WORDS,
    REGISTRATION,
    TOKEN,
    capture,
    client_at,
    euros,
    listed,
    payment,
    refund,
    refusal,
)
from .servers import ReplayingPsp, Reply


@pytest.fixture
def client(psp: ReplayingPsp) -> MollieClient:
    return client_at(psp.url)


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

    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
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
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, payment(**change)))
            return register(client)

        assert taken(changes, answered, InDoubt) == []


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

    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
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
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, payment("paid", **change)))
            return client.fetch(REF)

        assert taken(changes, answered, InDoubt) == []

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

    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"paymentId": OTHER},
            {"metadata": {"reference": "ref-1", "refund_id": "rf-2"}},
            {"metadata": None},
            {"amount": euros("6.00")},
            {"id": ""},
            {"id": 1},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, refund("refunded", **change)))
            return give_back(client)

        assert taken(changes, answered, InDoubt) == []

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
