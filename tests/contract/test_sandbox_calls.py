"""What the sandbox PSP's client sends, to the byte, and what it says it can."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta, timezone

import iso4217
import pytest

from psp_clients.contract import (
    ConfirmMode,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    RefundReference,
)
from psp_clients.http import Transport
from psp_clients.sandbox import SandboxClient
from psp_clients.sandbox.mapping import DIGITS, PAYMENT_STATES, REFUND_STATES

from .dialect import CONFIRMATION, KEY, REF, REGISTRATION
from .sandbox_dialect import SandboxTests
from .servers import ReplayingPsp


class TestTheCalls(SandboxTests):
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
