"""The sandbox PSP's client: the common promises, then what is its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any, ClassVar

import iso4217
import pytest
from standardwebhooks import Webhook

from psp_clients.contract import (
    AuthFailed,
    ConfirmMode,
    DeclinedForNow,
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
    Transaction,
    WebhookNotice,
    WebhookRejected,
    WebhookResponse,
)
from psp_clients.http import Transport
from psp_clients.sandbox import SandboxClient
from psp_clients.sandbox.mapping import DIGITS, PAYMENT_STATES, REFUND_STATES

from .dialect import (
    CONFIRMATION,
    KEY,
    NOW,
    REF,
    REFUND_REF,
    REGISTRATION,
    PspDialect,
)
from .servers import ReplayingPsp, Reply
from .suite import ClientContract
from .webhook_suite import FreshWebhookContract


def secret(letter: str) -> str:
    return "whsec_" + base64.b64encode(letter.encode() * 32).decode()


def refusal(status: int, code: str, field: str | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"code": code, "message": "Because.", "field": field}}, named)


class SandboxDialect(PspDialect):
    """What the sandbox PSP says, as `sandbox/API.md` has it."""

    API_KEY = "sandbox-key-that-nobody-may-see"
    SECRETS = (secret("n"), secret("o"))
    FOREIGN_SECRET = secret("f")
    PAYMENT_WORDS: ClassVar = {
        "open": ReportedState.OPEN,
        "processing": ReportedState.PENDING,
        "authorized": ReportedState.AUTHORIZED,
        "paid": ReportedState.CAPTURED,
        "declined": ReportedState.DECLINED,
        "cancelled": ReportedState.CANCELLED,
        "expired": ReportedState.EXPIRED,
    }
    REFUND_WORDS: ClassVar = {
        "pending": RefundState.PENDING,
        "successful": RefundState.SUCCESSFUL,
        "failed": RefundState.FAILED,
    }
    REFUSALS: ClassVar = {
        "confirm": (
            (refusal(400, "invalid_request", "amount"), InvalidRequest),
            (refusal(401, "unauthorized"), AuthFailed),
            (refusal(403, "forbidden"), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (refusal(404, "not_found"), InDoubt),
            (refusal(409, "idempotency_in_progress", Retry_After="1"), InDoubt),
            (refusal(409, "state_conflict"), StateConflict),
            (refusal(409, "something_else"), InDoubt),
            (refusal(422, "idempotency_mismatch"), InvalidRequest),
            (refusal(429, "slow_down", Retry_After="7"), RetryableRejected),
            (refusal(503, "unavailable", Nothing_Happened="true"), RetryableRejected),
            (refusal(503, "unavailable", Nothing_Happened="false"), InDoubt),
            (refusal(503, "unavailable"), InDoubt),
            (refusal(500, "unavailable", Nothing_Happened="true"), InDoubt),
            (Reply(400, b"<html>"), InDoubt),
            (Reply(409, b"<html>"), InDoubt),
            (Reply(422, {"error": "no"}), InDoubt),
            (Reply(418, {}), InDoubt),
            (Reply(202, {}), InDoubt),
            (Reply(204, b""), InDoubt),
        )
    }
    BAD_CREDENTIALS = refusal(401, "unauthorized")
    MISFITS = tuple(
        Money(amount, currency)
        for amount, currency in [
            ("19.9", "EUR"),
            ("19.999", "EUR"),
            ("19", "EUR"),
            ("019.99", "EUR"),
            (" 19.99", "EUR"),
            ("19.99\n", "EUR"),
            ("+19.99", "EUR"),
            ("-19.99", "EUR"),
            ("1e3", "EUR"),
            ("19,99", "EUR"),
            ("١٩.٩٩", "EUR"),
            ("0.00", "EUR"),
            ("1234567890123.00", "EUR"),
            ("", "EUR"),
            ("500.00", "JPY"),
            ("0", "JPY"),
            ("1.25", "KWD"),
        ]
    )
    UNLISTED = Money("1.00", "XXX")

    def build(self, transport: Transport, now: Callable[[], datetime]) -> SandboxClient:
        return SandboxClient(transport, api_key=self.API_KEY, webhook_secrets=self.SECRETS, now=now)

    def session(self, word: str = "open", **changes: Any) -> dict[str, Any]:
        return {
            "token": "tok_1",
            "reference": "ref-1",
            "checkout_id": "c-1001",
            "status": word,
            "amount": "19.99",
            "currency": "EUR",
            "capture": "automatic",
            "purchase_url": "http://psp.example/psp/purchase/tok_1",
            "return_url": "https://bps.example/return/",
            "expires_at": "2026-11-22T13:00:00Z",
            "charge": "ch_1" if word == "paid" else None,
            "captured_amount": "19.99" if word == "paid" else "0.00",
            "refunded_amount": "0.00",
            "decline_code": "card_declined" if word == "declined" else None,
            "decline_message": "The issuer said no." if word == "declined" else None,
            "metadata": {},
            "created_at": "2026-11-22T12:00:00Z",
            "updated_at": "2026-11-22T12:00:00Z",
            **changes,
        }

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        return {
            "id": "re_1",
            "token": "tok_1",
            "reference": "rf-1",
            "amount": "5.00",
            "currency": "EUR",
            "status": word,
            "created_at": "2026-11-22T12:00:00Z",
            **changes,
        }

    def event(self, **changes: Any) -> dict[str, Any]:
        return {
            "id": "evt_1",
            "type": "session.paid",
            "created_at": "2026-11-22T11:59:58Z",
            "data": {"session": self.session("paid")},
            **changes,
        }

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW, body: bytes | None = None
    ) -> tuple[dict[str, str], bytes]:
        sent = json.dumps(self.event()).encode() if body is None else body
        signatures = [Webhook(one).sign("evt_1", at, sent.decode()) for one in secrets]
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return headers, sent


class TestTheSandboxClientKeepsTheContract(SandboxDialect, ClientContract, FreshWebhookContract):
    """Every promise of the suite."""


class TestTheSandboxClient(SandboxDialect):
    @pytest.fixture
    def client(self, psp: ReplayingPsp) -> SandboxClient:
        transport = Transport(psp.url, connect_timeout=1, money_timeout=2, lookup_timeout=2)
        return self.build(transport, lambda: NOW)

    # Preparing

    def test_prepares_a_registration_to_the_byte(self, client: SandboxClient):
        assert client.prepare_register(REGISTRATION, key=KEY) == PreparedCall(
            operation=Operation.REGISTER,
            method="POST",
            path="/v1/sessions",
            headers={"Content-Type": "application/json", "Idempotency-Key": KEY},
            body=b'{"amount":"19.99","capture":"automatic","checkout_id":"c-1001",'
            b'"currency":"EUR","expires_at":"2026-11-22T13:00:00Z","locale":"en",'
            b'"metadata":{"order":"o-1"},"reference":"ref-1",'
            b'"return_url":"https://bps.example/return/",'
            b'"webhook_url":"https://bps.example/webhooks/"}',
            key=KEY,
        )

    def test_prepares_a_purchase_to_the_byte(self, client: SandboxClient):
        call = client.prepare_confirm(REF, CONFIRMATION, key=KEY)
        assert (call.operation, call.method, call.path) == (
            Operation.CONFIRM,
            "POST",
            "/v1/sessions/tok_1/purchase",
        )
        assert (
            call.body
            == (
                '{"amount":"19.99","currency":"EUR","purchase_info":{"items":'
                '[{"name":"Tasse à café","quantity":1,"unit_amount":"19.99"}]},'
                '"redirect_url":"https://shop.example/thanks",'
                '"webhook_url":"https://bps.example/webhooks/"}'
            ).encode()
        )

    def test_prepares_capture_cancel_and_refund_to_the_byte(self, client: SandboxClient):
        part = Money("5.00", "EUR")
        calls = [
            client.prepare_capture(REF, part, key=KEY),
            client.prepare_cancel(REF, key=KEY),
            client.prepare_refund(REF, part, refund_id="rf-1", reason="late", key=KEY),
        ]
        assert [(call.operation, call.path, call.body) for call in calls] == [
            (
                Operation.CAPTURE,
                "/v1/sessions/tok_1/capture",
                b'{"amount":"5.00","currency":"EUR"}',
            ),
            (Operation.CANCEL, "/v1/sessions/tok_1/cancel", b"{}"),
            (
                Operation.REFUND,
                "/v1/sessions/tok_1/refunds",
                b'{"amount":"5.00","currency":"EUR","reason":"late","reference":"rf-1"}',
            ),
        ]

    def test_the_order_of_names_does_not_change_the_bytes(self, client: SandboxClient):
        one = replace(CONFIRMATION, purchase_info={"a": 1, "b": {"c": 2, "d": 3}})
        other = replace(CONFIRMATION, purchase_info={"b": {"d": 3, "c": 2}, "a": 1})
        assert client.prepare_confirm(REF, one, key=KEY) == client.prepare_confirm(
            REF, other, key=KEY
        )

    def test_times_are_sent_in_utc(self, client: SandboxClient):
        east = timezone(timedelta(hours=2))
        call = client.prepare_register(
            replace(REGISTRATION, expires_at=REGISTRATION.expires_at.astimezone(east)), key=KEY
        )
        assert b'"expires_at":"2026-11-22T13:00:00Z"' in call.body

    def test_a_time_without_an_offset_is_refused(self, client: SandboxClient):
        naive = REGISTRATION.expires_at.replace(tzinfo=None)
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_register(replace(REGISTRATION, expires_at=naive), key=KEY)
        assert caught.value.field == "expires_at"

    @pytest.mark.parametrize("odd", [float("nan"), "\ud800", {1, 2}, {1: 1, "b": 2}])
    def test_purchase_info_that_json_cannot_hold_is_refused(
        self, client: SandboxClient, odd: object
    ):
        with pytest.raises(InvalidRequest, match="does not fit into JSON"):
            client.prepare_confirm(REF, replace(CONFIRMATION, purchase_info={"x": odd}), key=KEY)

    @pytest.mark.parametrize("token", ["", ".", ".."])
    def test_a_token_that_would_name_another_path_is_refused(
        self, client: SandboxClient, psp: ReplayingPsp, token: str
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_cancel(replace(REF, psp_token=token), key=KEY)
        assert caught.value.field == "psp_token"
        with pytest.raises(InvalidRequest):
            client.fetch_refund(replace(REF, psp_token=token), RefundReference("rf-1"))
        assert psp.connections == 0

    def test_an_opaque_token_stays_one_segment_of_the_path(self, client: SandboxClient):
        call = client.prepare_cancel(replace(REF, psp_token="tok/../x?y#z é"), key=KEY)
        assert call.path == "/v1/sessions/tok%2F..%2Fx%3Fy%23z%20%C3%A9/cancel"

    def test_lists_currencies_with_the_digits_of_iso_4217(self):
        assert {code: iso4217.Currency(code).exponent for code in DIGITS} == DIGITS
        assert {"JPY", "KRW", "CLP", "ISK", "EUR", "USD", "GBP"} < set(DIGITS)
        assert {"KWD", "BHD", "TND", "JOD", "OMR"} < set(DIGITS)

    def test_money_of_each_number_of_digits_is_taken(self, client: SandboxClient):
        for money in (Money("500", "JPY"), Money("0.01", "EUR"), Money("1.250", "KWD")):
            call = client.prepare_capture(REF, money, key=KEY)
            assert json.loads(call.body) == {"amount": money.amount, "currency": money.currency}

    def test_says_what_it_can(self, client: SandboxClient):
        can = client.capabilities
        assert client.name == "sandbox"
        assert can.confirm_mode is ConfirmMode.CAPTURES
        assert can.can_poll
        assert can.can_cancel
        assert can.partial_refund
        assert can.manual_capture
        assert can.currencies == frozenset(DIGITS)
        assert can.key_window == timedelta(hours=24)

    def test_remembers_keys_for_as_long_as_its_account_is_set_to(self):
        transport = Transport(
            "http://psp.test", connect_timeout=1, money_timeout=1, lookup_timeout=1
        )
        client = SandboxClient(
            transport, api_key="key", webhook_secrets=(), key_window=timedelta(seconds=40)
        )

        assert client.capabilities.key_window == timedelta(seconds=40)

    def test_translates_exactly_the_documented_words(self):
        assert PAYMENT_STATES == self.PAYMENT_WORDS
        assert REFUND_STATES == self.REFUND_WORDS

    # Answers

    def register(self, client: SandboxClient) -> RegisteredSession:
        return client.register(client.prepare_register(REGISTRATION, key=KEY))

    def confirm(self, client: SandboxClient) -> Report:
        return client.confirm(client.prepare_confirm(REF, CONFIRMATION, key=KEY))

    def give_back(self, client: SandboxClient) -> RefundReport:
        return client.refund(
            client.prepare_refund(
                REF, Money("5.00", "EUR"), refund_id="rf-1", reason="late", key=KEY
            )
        )

    def test_sends_its_key(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, self.session("paid")))
        self.confirm(client)
        client.fetch(REF)
        assert [seen.headers["authorization"] for seen in psp.requests] == [
            f"Bearer {self.API_KEY}"
        ] * 2

    def test_registers(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, self.session()))
        assert self.register(client) == RegisteredSession(
            psp_token="tok_1",
            purchase_url="http://psp.example/psp/purchase/tok_1",
            expires_at=datetime(2026, 11, 22, 13, tzinfo=UTC),
            evidence=self.session(),
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"reference": "ref-2"},
            {"amount": "1.99"},
            {"amount": 19.99},
            {"currency": "USD"},
            {"token": ""},
            {"token": None},
            {"token": "t" * 256},
            {"expires_at": "2026-11-22T13:00:00"},
            {"expires_at": "soon"},
            {"purchase_url": None},
            {"purchase_url": ""},
            {"purchase_url": "javascript:alert(1)"},
            {"purchase_url": "//psp.example/"},
            {"purchase_url": "/purchase"},
            {"purchase_url": "https://"},
            {"purchase_url": "https://[/"},
            {"purchase_url": "https://psp.example/\r\nX: y"},
            {"purchase_url": "https://psp.example/" + "x" * 2000},
        ],
    )
    def test_a_registration_answered_otherwise_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(201, self.session(**change)))
        with pytest.raises(InDoubt):
            self.register(client)

    def test_reports_a_paid_session(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, self.session("paid")))
        assert self.confirm(client) == Report(
            state=ReportedState.CAPTURED,
            psp_word="paid",
            money=Money("19.99", "EUR"),
            captured=Money("19.99", "EUR"),
            payment_reference="ch_1",
            evidence=self.session("paid"),
        )

    def test_reports_a_used_token_as_what_became_of_it(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, self.session("paid"), {"Token-Used": "true"}))
        assert self.confirm(client).state is ReportedState.CAPTURED

    def test_raises_what_is_declined_for_now(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, self.session("open", decline_code="card_declined")))
        with pytest.raises(DeclinedForNow) as caught:
            self.confirm(client)
        assert caught.value.code == "card_declined"

    def test_reports_a_decline_with_the_reason(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, self.session("declined")))
        report = self.confirm(client)
        assert (report.state, report.captured) == (ReportedState.DECLINED, None)
        assert (report.reason_code, report.reason_text) == ("card_declined", "The issuer said no.")

    def test_cuts_a_reason_that_is_too_long_to_keep(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, self.session("declined", decline_message="x" * 300)))
        assert self.confirm(client).reason_text == "x" * 255

    def test_reports_the_amount_that_the_psp_states_not_the_one_we_sent(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, self.session("paid", amount="1.99", captured_amount="1.99")))
        report = self.confirm(client)
        assert (report.money, report.captured) == (Money("1.99", "EUR"), Money("1.99", "EUR"))

    @pytest.mark.parametrize(
        "change",
        [
            {"token": "tok_2"},
            {"token": ".."},
            {"status": None},
            {"status": ""},
            {"status": "w" * 256},
            {"amount": 19.99},
            {"amount": "19.990"},
            {"amount": "1e3"},
            {"captured_amount": None},
            {"currency": "XXX"},
            {"currency": None},
            {"charge": 7},
            {"decline_code": {}},
            {"metadata": {"note": "\ud800"}},
            {"metadata": {"note": "\0"}},
            {"metadata": {"\0": "note"}},
            {"metadata": {"number": float("inf")}},
        ],
    )
    def test_a_purchase_answered_otherwise_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(200, self.session("paid", **change)))
        with pytest.raises(InDoubt):
            self.confirm(client)

    def test_reports_a_refund(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, self.refund("pending")))
        assert self.give_back(client) == RefundReport(
            state=RefundState.PENDING,
            psp_word="pending",
            refund_reference="re_1",
            money=Money("5.00", "EUR"),
            evidence=self.refund("pending"),
        )

    @pytest.mark.parametrize(
        "change",
        [{"token": "tok_2"}, {"reference": "rf-2"}, {"amount": "6.00"}, {"id": ""}, {"id": 1}],
    )
    def test_a_refund_answered_otherwise_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(201, self.refund("successful", **change)))
        with pytest.raises(InDoubt):
            self.give_back(client)

    def test_looks_a_refund_up(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, self.refund("failed")))
        assert client.fetch_refund(REF, REFUND_REF).state is RefundState.FAILED
        assert psp.requests[0].path == "/v1/refunds/re_1"
        with pytest.raises(InDoubt):
            client.fetch_refund(REF, replace(REFUND_REF, refund_reference="re_2"))
        with pytest.raises(InDoubt):
            client.fetch_refund(replace(REF, psp_token="tok_2"), REFUND_REF)

    def test_looks_a_refund_up_by_our_reference_while_its_id_is_not_known(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        others = [self.refund("failed", id="re_0", reference="rf-0")]
        psp.will_answer(Reply(200, {"data": [*others, self.refund("successful")]}))

        report = client.fetch_refund(REF, RefundReference("rf-1"))

        assert (report.state, report.refund_reference) == (RefundState.SUCCESSFUL, "re_1")
        assert psp.requests[0].path == "/v1/sessions/tok_1/refunds"

    @pytest.mark.parametrize("count", [0, 2])
    def test_is_in_doubt_unless_one_refund_bears_our_reference(
        self, client: SandboxClient, psp: ReplayingPsp, count: int
    ):
        psp.will_answer(Reply(200, {"data": [self.refund("successful")] * count}))

        with pytest.raises(InDoubt):
            client.fetch_refund(REF, RefundReference("rf-1"))

    def test_looks_a_payment_up_by_token(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, self.session("processing")))
        assert client.fetch(REF).state is ReportedState.PENDING
        (seen,) = psp.requests
        assert (seen.method, seen.path, seen.body) == ("GET", "/v1/sessions/tok_1", b"")

    def test_looks_a_payment_up_by_our_reference_while_it_has_no_token(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, {"data": [self.session("paid", reference="ref 1&2")]}))
        report = client.fetch(PspReference(psp_token="", reference="ref 1&2"))
        assert report.state is ReportedState.CAPTURED
        assert psp.requests[0].path == "/v1/sessions?reference=ref+1%262"

    @pytest.mark.parametrize("count", [0, 2])
    def test_a_reference_that_finds_not_one_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp, count: int
    ):
        psp.will_answer(Reply(200, {"data": [self.session("paid")] * count}))
        with pytest.raises(InDoubt, match=f"{count} sessions bear the reference"):
            client.fetch(PspReference(psp_token="", reference="ref-1"))

    # Refusals

    @pytest.mark.parametrize(
        ("reply", "wait"),
        [
            (refusal(429, "slow_down", Retry_After="7"), timedelta(seconds=7)),
            (refusal(429, "slow_down", Retry_After="999999999"), timedelta(hours=1)),
            (refusal(429, "slow_down", Retry_After="-1"), None),
            (refusal(429, "slow_down", Retry_After="Sun, 22 Nov 2026 12:00:00 GMT"), None),
            (refusal(429, "slow_down"), None),
            (
                refusal(503, "unavailable", Nothing_Happened="true", Retry_After="2"),
                timedelta(0, 2),
            ),
        ],
    )
    def test_tells_how_long_to_wait(
        self, client: SandboxClient, psp: ReplayingPsp, reply: Reply, wait: timedelta | None
    ):
        psp.will_answer(reply)
        with pytest.raises(RetryableRejected) as caught:
            self.confirm(client)
        assert caught.value.retry_after == wait

    def test_names_the_code_and_the_field_of_a_refusal(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        psp.will_answer(refusal(400, "invalid_request", "amount"))
        with pytest.raises(InvalidRequest) as caught:
            self.confirm(client)
        assert str(caught.value) == "confirm: answered 400 invalid_request"
        assert caught.value.field == "amount"

    # Transactions

    def line(self, number: int, **changes: Any) -> dict[str, Any]:
        return {
            "kind": "charge",
            "id": f"ch_{number}",
            "reference": "ref-1",
            "token": "tok_1",
            "amount": "19.99",
            "currency": "EUR",
            "status": "paid",
            "fee": None,
            "booked_at": "2026-11-22T12:00:00Z",
            **changes,
        }

    def page(self, *lines: dict[str, Any], cursor: str | None = None) -> Reply:
        return Reply(200, {"data": list(lines), "next_cursor": cursor})

    def transactions(self, client: SandboxClient) -> list[Transaction]:
        return list(client.transactions(NOW - timedelta(days=1), NOW))

    def test_lists_transactions_page_by_page(self, client: SandboxClient, psp: ReplayingPsp):
        refund = self.line(2, kind="refund", id="re_1", amount="5.00", fee="0.10")
        psp.will_answer(self.page(self.line(1), cursor="c&2"), self.page(refund))
        charge, given_back = self.transactions(client)
        assert charge == Transaction(
            kind="charge",
            psp_reference="ch_1",
            reference="ref-1",
            psp_token="tok_1",
            money=Money("19.99", "EUR"),
            status="paid",
            booked_at=NOW,
            fee=None,
        )
        assert (given_back.kind, given_back.psp_reference) == ("refund", "re_1")
        assert given_back.fee == Money("0.10", "EUR")
        window = "since=2026-11-21T12%3A00%3A00%2B00%3A00&until=2026-11-22T12%3A00%3A00%2B00%3A00"
        assert [seen.path for seen in psp.requests] == [
            f"/v1/transactions?{window}",
            f"/v1/transactions?{window}&cursor=c%262",
        ]

    def test_a_list_that_repeats_its_cursor_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        psp.will_answer(self.page(self.line(1), cursor="c2"))
        with pytest.raises(InDoubt, match="does not end"):
            self.transactions(client)
        assert len(psp.requests) == 2

    def test_a_list_without_end_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("psp_clients.sandbox.client.MAX_TRANSACTION_PAGES", 3)
        psp.will_answer(*(self.page(cursor=f"c{number}") for number in range(5)))
        with pytest.raises(InDoubt, match="does not end"):
            self.transactions(client)
        assert len(psp.requests) == 3

    @pytest.mark.parametrize(
        "change", [{"kind": "fee"}, {"amount": 5}, {"booked_at": ""}, {"fee": "x"}, {"token": None}]
    )
    def test_a_line_that_cannot_be_read_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(self.page(self.line(1, **change)))
        with pytest.raises(InDoubt):
            self.transactions(client)

    # Webhooks

    def test_reads_a_webhook_as_a_doorbell(self, client: SandboxClient):
        assert client.parse_webhook(*self.webhook(secrets=self.SECRETS)) == [
            WebhookNotice(
                event_id="evt_1",
                event_type="session.paid",
                psp_token="tok_1",
                reference="ref-1",
                occurred_at=NOW - timedelta(seconds=2),
            )
        ]

    def test_takes_the_published_example_of_standard_webhooks(self, psp: ReplayingPsp):
        client = SandboxClient(
            Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1),
            api_key="k",
            webhook_secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            now=lambda: datetime.fromtimestamp(1614265330, UTC),
        )
        headers = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        with pytest.raises(WebhookRejected, match="the body is not a webhook"):
            client.parse_webhook(headers, b'{"test": 2432232314}')

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"[]",
            b"not JSON",
            b'{"id": "evt_1", "type": "session.paid", "data": {"session": []}}',
            b'{"id": "evt_1", "type": "session.paid", "data": null}',
        ],
    )
    def test_a_proved_webhook_that_makes_no_sense_is_rejected(
        self, client: SandboxClient, body: bytes
    ):
        with pytest.raises(WebhookRejected, match="the body is not a webhook"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS, body=body))

    @pytest.mark.parametrize(
        "change", [{"id": "evt_2"}, {"type": None}, {"created_at": "now"}, {"data": {}}]
    )
    def test_a_proved_webhook_with_a_wrong_field_is_rejected(
        self, client: SandboxClient, change: dict[str, Any]
    ):
        body = json.dumps(self.event(**change)).encode()
        with pytest.raises(WebhookRejected, match="the body is not a webhook"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS, body=body))

    def test_takes_one_good_signature_among_others(self, client: SandboxClient):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        good = headers["webhook-signature"]
        for several in (f"v2,abc {good}", f"{good} junk", f"v1a,{'A' * 88} {good}", f" {good} "):
            assert len(client.parse_webhook({**headers, "webhook-signature": several}, body)) == 1

    def test_takes_a_signature_only_as_it_is_written(self, client: SandboxClient):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        good = headers["webhook-signature"]
        forged = [good[3:], f"v2{good[2:]}", f"{good}=", f"{good[:-1]}", f"{good[:9]}!{good[9:]}"]
        for signature in [*forged, *(f"{one},{other}" for one, other in pairwise(forged))]:
            with pytest.raises(WebhookRejected):
                client.parse_webhook({**headers, "webhook-signature": signature}, body)

    @pytest.mark.parametrize(
        "timestamp", ["NaN", "inf", "1e9", "-1", "+1", "01", "1.5", "٣", "9" * 11, "9" * 12]
    )
    def test_a_timestamp_that_is_no_plain_number_of_seconds_is_rejected(
        self, client: SandboxClient, timestamp: str
    ):
        headers, body = self.webhook(secrets=self.SECRETS)
        with pytest.raises(WebhookRejected):
            client.parse_webhook({**headers, "webhook-timestamp": timestamp}, body)

    def test_takes_the_wall_clock_unless_given_another(self, psp: ReplayingPsp):
        client = SandboxClient(
            Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1),
            api_key="k",
            webhook_secrets=self.SECRETS,
        )
        now = datetime.now(UTC)
        assert len(client.parse_webhook(*self.webhook(secrets=self.SECRETS, at=now))) == 1
        with pytest.raises(WebhookRejected, match="too long ago, or in the future"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS, at=NOW + timedelta(36500)))

    def test_answers_webhooks_with_an_empty_200(self, client: SandboxClient):
        assert client.webhook_response() == WebhookResponse(200, b"", "text/plain")

    # Building

    @pytest.mark.parametrize(
        "key", ["", " key", "key ", "clé", "key\n", "key\r\nX: y", "ke\ty", "\x7f"]
    )
    def test_a_key_that_no_header_can_carry_is_refused(self, psp: ReplayingPsp, key: str):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        with pytest.raises(
            ValueError, match=r"^the API key is not made of visible ASCII characters$"
        ):
            SandboxClient(transport, api_key=key, webhook_secrets=())

    @pytest.mark.parametrize(
        "odd", ["", "whsec_", "c2VjcmV0", "whsec_%%%", "whsec_c2Vj cmV0", "whsec_é", "WHSEC_c2Vj"]
    )
    def test_a_webhook_secret_that_is_none_is_refused_without_showing_it(
        self, psp: ReplayingPsp, odd: str
    ):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        with pytest.raises(ValueError, match=r"^a webhook secret is not whsec_<base64>$"):
            SandboxClient(transport, api_key="k", webhook_secrets=[secret("a"), odd])

    def test_without_a_secret_every_webhook_is_rejected(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        client = SandboxClient(transport, api_key="k", webhook_secrets=(), now=lambda: NOW)
        with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS))
