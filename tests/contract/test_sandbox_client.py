"""How the sandbox PSP's client reads answers and refusals, and what it is built of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from psp_clients.contract import (
    DeclinedForNow,
    InDoubt,
    InvalidRequest,
    Money,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
    RetryableRejected,
)
from psp_clients.http import Transport
from psp_clients.sandbox import SandboxClient
from tests.taken import taken

from .dialect import CONFIRMATION, KEY, REF, REFUND_REF, REGISTRATION
from .sandbox_dialect import SandboxTests, refusal, secret
from .servers import ReplayingPsp, Reply


class TestTheSandboxClient(SandboxTests):
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

    def test_a_registration_answered_otherwise_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
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
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, self.session(**change)))
            return self.register(client)

        assert taken(changes, answered, InDoubt) == []

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

    def test_a_purchase_answered_otherwise_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
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
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, self.session("paid", **change)))
            return self.confirm(client)

        assert taken(changes, answered, InDoubt) == []

    def test_reports_a_refund(self, client: SandboxClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, self.refund("pending")))
        assert self.give_back(client) == RefundReport(
            state=RefundState.PENDING,
            psp_word="pending",
            refund_reference="re_1",
            money=Money("5.00", "EUR"),
            evidence=self.refund("pending"),
        )

    def test_a_refund_answered_otherwise_is_in_doubt(
        self, client: SandboxClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"token": "tok_2"},
            {"reference": "rf-2"},
            {"amount": "6.00"},
            {"id": ""},
            {"id": 1},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, self.refund("successful", **change)))
            return self.give_back(client)

        assert taken(changes, answered, InDoubt) == []

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
