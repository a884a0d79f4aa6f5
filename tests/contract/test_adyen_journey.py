"""Whole payments at a fake Adyen, through our client: what we report is what its books say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

import pytest

from psp_clients import adyen as package
from psp_clients.adyen import AdyenClient
from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Money,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundState,
    ReportedState,
    RetryableRejected,
    SessionRequest,
    WebhookNotice,
    WebhookRejected,
)
from psp_clients.http import Transport
from tests.psp_fakes.adyen import Book, FakeAdyen, Fault

from .servers import ReplayingPsp, Reply

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOTAL = Money("19.99", "EUR")
PART = Money("5.00", "EUR")


@pytest.fixture
def adyen() -> Iterator[FakeAdyen]:
    with FakeAdyen() as fake:
        fake.clock = lambda: NOON
        yield fake


@pytest.fixture
def client(adyen: FakeAdyen) -> AdyenClient:
    return client_of(adyen)


def client_of(
    fake: FakeAdyen, changes: Mapping[str, str] = MappingProxyType({}), *, patience: float = 5.0
) -> AdyenClient:
    values = {
        "URL": fake.url,
        "API_KEY": fake.api_key,
        "MERCHANT_ACCOUNT": fake.account,
        "HMAC_KEYS": fake.hmac_key,
        "THEME_ID": "",
        **changes,
    }
    assert not any(one.fault_in(values[one.name]) for one in package.SETTINGS)
    transport = Transport(
        fake.url, connect_timeout=patience, money_timeout=patience, lookup_timeout=5.0
    )
    return package.build(values, transport)


def registration(
    client: AdyenClient,
    reference: str = "ref-1",
    *,
    money: Money = TOTAL,
    capture: str = "automatic",
    **terms: Any,
) -> PreparedCall:
    request = SessionRequest(
        reference=reference,
        checkout_id=f"c-{reference}",
        money=money,
        return_url=f"https://bps.example/return/?session={reference}",
        webhook_url="https://bps.example/webhooks/adyen/",
        expires_at=NOON + timedelta(hours=1),
        capture=capture,
        **{"locale": "nl", "metadata": {"order": "o-1"}, **terms},
    )
    return client.prepare_register(request, key=f"register-{reference}")


def register(
    client: AdyenClient, reference: str = "ref-1", *, capture: str = "automatic"
) -> PspReference:
    registered = client.register(registration(client, reference, capture=capture))
    return PspReference(psp_token=registered.psp_token, reference=reference)


def news(fake: FakeAdyen, client: AdyenClient) -> list[WebhookNotice]:
    """Take what Adyen would send, and read it."""
    waiting, fake.outbox = fake.outbox, []
    return [notice for body in waiting for notice in client.parse_webhook({}, body)]


def state_told(fake: FakeAdyen, client: AdyenClient) -> ReportedState:
    [notice] = news(fake, client)
    assert notice.report is not None
    return notice.report.state


def paid(fake: FakeAdyen, client: AdyenClient, ref: PspReference) -> PspReference:
    """Have the shopper pay, and learn Adyen's id of the payment."""
    fake.shopper_pays(ref.psp_token)
    [notice] = news(fake, client)
    return replace(ref, payment_reference=notice.payment_reference)


class TestAPayment:
    def test_is_registered_paid_and_told_captured(self, adyen: FakeAdyen, client: AdyenClient):
        registered = client.register(registration(client))
        assert registered.psp_token.startswith("CS")
        assert registered.purchase_url == f"{adyen.url}/page/{registered.psp_token}"
        assert registered.expires_at == NOON + timedelta(hours=1)
        assert "sessionData" not in registered.evidence

        adyen.shopper_pays(registered.psp_token)

        [notice] = news(adyen, client)
        [payment] = adyen.sessions[registered.psp_token].payments
        assert (notice.psp_token, notice.reference) == (registered.psp_token, "ref-1")
        assert notice.event_id == f"{payment.psp_reference}:AUTHORISATION:true"
        assert notice.report is not None
        assert notice.report.state is ReportedState.CAPTURED
        assert (notice.report.money, notice.report.captured) == (TOTAL, TOTAL)
        assert notice.report.payment_reference == payment.psp_reference
        assert adyen.books() == {"ref-1": Book("EUR", charged=1999)}

    def test_is_found_authorised_by_what_the_browser_brought_back(
        self, adyen: FakeAdyen, client: AdyenClient
    ):
        ref = register(client)
        query = adyen.shopper_pays(ref.psp_token)
        assert parse_qs(query).keys() == {"session", "sessionId", "sessionResult"}

        report = client.fetch(replace(ref, return_query=query))

        [payment] = adyen.sessions[ref.psp_token].payments
        assert (report.state, report.psp_word) == (ReportedState.AUTHORIZED, "completed")
        assert (report.money, report.captured) == (TOTAL, None)
        assert report.payment_reference == payment.psp_reference

    def test_may_be_refused_first_and_paid_in_the_same_session(
        self, adyen: FakeAdyen, client: AdyenClient
    ):
        ref = register(client)
        query = adyen.shopper_is_refused(ref.psp_token, "Insufficient Funds")
        assert client.fetch(replace(ref, return_query=query)).state is ReportedState.OPEN
        [refused] = news(adyen, client)
        assert refused.report is not None
        assert (refused.report.state, refused.report.payment_reference) == (ReportedState.OPEN, "")
        assert refused.report.reason_text == "Insufficient Funds"

        adyen.shopper_pays(ref.psp_token)

        assert state_told(adyen, client) is ReportedState.CAPTURED
        assert adyen.books()["ref-1"] == Book("EUR", charged=1999)

    def test_is_declined_for_good_after_too_many_refusals(
        self, adyen: FakeAdyen, client: AdyenClient
    ):
        ref = register(client)
        queries = [adyen.shopper_is_refused(ref.psp_token) for _ in range(5)]
        assert [client.fetch(replace(ref, return_query=query)).state for query in queries] == [
            *[ReportedState.OPEN] * 4,
            ReportedState.DECLINED,
        ]
        assert adyen.books()["ref-1"] == Book("EUR")

    def test_may_follow_a_cancel_on_the_page(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client)
        query = adyen.shopper_cancels(ref.psp_token)
        report = client.fetch(replace(ref, return_query=query))
        assert (report.state, report.psp_word) == (ReportedState.OPEN, "canceled")
        adyen.shopper_pays(ref.psp_token)
        assert state_told(adyen, client) is ReportedState.CAPTURED
        assert client.fetch(replace(ref, return_query=query)) == report

    def test_may_follow_an_offer_that_was_left_behind(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client)
        offer = adyen.shopper_walks_away(ref.psp_token)
        adyen.shopper_pays(ref.psp_token)
        adyen.offer_closes(offer)
        states = [notice.report and notice.report.state for notice in news(adyen, client)]
        assert states == [ReportedState.CAPTURED, ReportedState.OPEN]

    def test_may_be_promised_first(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client)
        query = adyen.shopper_promises(ref.psp_token)
        assert client.fetch(replace(ref, return_query=query)).state is ReportedState.PENDING
        assert state_told(adyen, client) is ReportedState.PENDING
        [payment] = adyen.sessions[ref.psp_token].payments
        adyen.bank_pays(payment.psp_reference)
        assert state_told(adyen, client) is ReportedState.CAPTURED

    def test_of_a_part_tells_what_was_really_taken(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client)
        adyen.shopper_pays(ref.psp_token, value=500)
        [notice] = news(adyen, client)
        assert notice.report is not None
        assert (notice.report.money, notice.report.captured) == (PART, PART)
        assert adyen.books()["ref-1"] == Book("EUR", charged=500)

    def test_that_nobody_makes_expires(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client)
        adyen.clock = lambda: NOON + timedelta(hours=1)
        query = adyen.comes_back_late(ref.psp_token)
        assert client.fetch(replace(ref, return_query=query)).state is ReportedState.EXPIRED
        with pytest.raises(ValueError, match="a session that is expired offers nothing"):
            adyen.shopper_pays(ref.psp_token)

    @pytest.mark.parametrize(
        ("money", "units"),
        [
            (Money("5", "ISK"), 500),
            (Money("500", "CLP"), 50000),
            (Money("5.00", "CVE"), 5),
            (Money("20000.00", "IDR"), 20000),
            (Money("500", "JPY"), 500),
            (Money("1.250", "KWD"), 1250),
        ],
    )
    def test_takes_what_was_asked_for_in_adyens_units(
        self, adyen: FakeAdyen, client: AdyenClient, money: Money, units: int
    ):
        registered = client.register(registration(client, money=money))
        adyen.shopper_pays(registered.psp_token)
        [notice] = news(adyen, client)
        assert notice.report is not None
        assert notice.report.captured == money
        assert adyen.books()["ref-1"] == Book(money.currency, charged=units)


class TestManualCapture:
    def test_is_authorised_then_taken(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client, capture="manual")
        adyen.authorises(ref.psp_token)
        [notice] = news(adyen, client)
        assert notice.report is not None
        assert (notice.report.state, notice.report.captured) == (ReportedState.AUTHORIZED, None)
        assert adyen.books()["ref-1"] == Book("EUR")

        ref = replace(ref, payment_reference=notice.payment_reference)
        report = client.capture(client.prepare_capture(ref, TOTAL, key="capture-1"))
        assert (report.state, report.psp_word) == (ReportedState.PENDING, "received")
        assert report.payment_reference == ref.payment_reference
        assert adyen.books()["ref-1"] == Book("EUR")

        adyen.processes()
        [captured] = news(adyen, client)
        assert (captured.event_type, captured.reference) == ("CAPTURE", "ref-1")
        assert captured.payment_reference == ref.payment_reference
        assert captured.report is not None
        assert (captured.report.state, captured.report.captured) == (ReportedState.CAPTURED, TOTAL)
        assert adyen.books()["ref-1"] == Book("EUR", charged=1999)

    def test_takes_a_part(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client, capture="manual"))
        client.capture(client.prepare_capture(ref, PART, key="capture-1"))
        adyen.processes()
        [notice] = news(adyen, client)
        assert notice.report is not None
        assert (notice.report.state, notice.report.captured) == (ReportedState.CAPTURED, PART)
        assert adyen.books()["ref-1"] == Book("EUR", charged=500)

    def test_of_too_much_is_refused_later(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client, capture="manual"))
        client.capture(client.prepare_capture(ref, Money("20.00", "EUR"), key="capture-1"))
        adyen.processes()
        [notice] = news(adyen, client)
        assert notice.report is None
        assert notice.attention == (
            "Adyen says CAPTURE false (20.00 EUR): the capture was refused: nothing was taken by"
            " it. Its reason: Insufficient balance"
        )
        assert adyen.books()["ref-1"] == Book("EUR")

    def test_is_cancelled_by_adyens_reference(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client, capture="manual"))
        report = client.cancel(client.prepare_cancel(ref, key="cancel-1"))
        assert report.state is ReportedState.PENDING
        adyen.processes()
        [notice] = news(adyen, client)
        assert (notice.event_type, notice.reference) == ("CANCELLATION", "ref-1")
        assert notice.report is not None
        assert notice.report.state is ReportedState.CANCELLED

    def test_is_cancelled_by_our_reference(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client, capture="manual")
        adyen.authorises(ref.psp_token)
        adyen.outbox.clear()
        report = client.cancel(client.prepare_cancel(ref, key="cancel-1"))
        assert (report.state, report.payment_reference) == (ReportedState.PENDING, "")
        adyen.processes()
        [notice] = news(adyen, client)
        assert (notice.event_type, notice.reference) == ("TECHNICAL_CANCEL", "ref-1")
        assert notice.report is not None
        assert notice.report.state is ReportedState.CANCELLED

    def test_runs_out_if_nobody_captures(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client, capture="manual"))
        adyen.authorisation_expires(ref.payment_reference)
        assert state_told(adyen, client) is ReportedState.EXPIRED


class TestACancel:
    def test_of_what_nobody_paid_fences_nothing(self, adyen: FakeAdyen, client: AdyenClient):
        ref = register(client)
        assert client.cancel(client.prepare_cancel(ref, key="cancel-1")).state is (
            ReportedState.PENDING
        )
        adyen.processes()
        assert state_told(adyen, client) is ReportedState.OPEN
        adyen.shopper_pays(ref.psp_token)
        assert state_told(adyen, client) is ReportedState.CAPTURED

    def test_of_what_was_captured_calls_for_a_person(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client))
        client.cancel(client.prepare_cancel(ref, key="cancel-1"))
        adyen.processes()
        [notice] = news(adyen, client)
        assert (notice.report, notice.refund) == (None, None)
        assert notice.attention == (
            "Adyen says CANCELLATION false (19.99 EUR): the cancel was refused: the authorisation"
            " stands. Its reason: Already captured"
        )


class TestARefund:
    def give_back(
        self, client: AdyenClient, ref: PspReference, money: Money, refund_id: str
    ) -> RefundReference:
        call = client.prepare_refund(
            ref, money, refund_id=refund_id, reason="return", key=f"refund-{refund_id}"
        )
        report = client.refund(call)
        assert (report.state, report.money) == (RefundState.PENDING, money)
        return RefundReference(refund_id, report.refund_reference)

    def test_of_a_part_and_of_the_rest_succeed(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client))
        part = self.give_back(client, ref, PART, "rf-1")
        rest = self.give_back(client, ref, Money("14.99", "EUR"), "rf-2")
        assert adyen.books()["ref-1"] == Book("EUR", charged=1999)

        adyen.processes()

        told = news(adyen, client)
        assert [notice.refund for notice in told] == [part, rest]
        assert [(notice.reference, notice.report) for notice in told] == [("", None)] * 2
        assert {notice.payment_reference for notice in told} == {ref.payment_reference}
        reports = [notice.refund_report for notice in told]
        assert [report and (report.state, report.money) for report in reports] == [
            (RefundState.SUCCESSFUL, PART),
            (RefundState.SUCCESSFUL, Money("14.99", "EUR")),
        ]
        assert adyen.books()["ref-1"] == Book("EUR", charged=1999, refunded=1999)

    def test_of_too_much_is_refused_later(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client))
        self.give_back(client, ref, TOTAL, "rf-1")
        too_much = self.give_back(client, ref, PART, "rf-2")
        adyen.processes()
        [_, notice] = news(adyen, client)
        assert notice.refund == too_much
        assert notice.refund_report is not None
        assert notice.refund_report.state is RefundState.FAILED
        assert notice.refund_report.reason_code == "Insufficient balance on payment"
        assert adyen.books()["ref-1"] == Book("EUR", charged=1999, refunded=1999)

    @pytest.mark.parametrize("code", ["REFUND_FAILED", "REFUNDED_REVERSED"])
    def test_may_come_back_after_it_had_succeeded(
        self, adyen: FakeAdyen, client: AdyenClient, code: str
    ):
        ref = paid(adyen, client, register(client))
        refund = self.give_back(client, ref, PART, "rf-1")
        adyen.processes()
        adyen.bank_sends_refund_back(refund.refund_reference, code)
        [_, notice] = news(adyen, client)
        assert (notice.refund, notice.event_type) == (refund, code)
        assert notice.refund_report is not None
        assert notice.refund_report.state is RefundState.FAILED
        assert adyen.books()["ref-1"] == Book("EUR", charged=1999)

    def test_is_made_once_however_often_it_is_sent(self, adyen: FakeAdyen, client: AdyenClient):
        ref = paid(adyen, client, register(client))
        call = client.prepare_refund(ref, PART, refund_id="rf-1", reason="", key="refund-1")
        adyen.next_fault = Fault.DROP
        with pytest.raises(InDoubt):
            client.refund(call)
        assert client.refund(call) == client.refund(call)
        adyen.processes()
        assert len(news(adyen, client)) == 1
        assert adyen.books()["ref-1"] == Book("EUR", charged=1999, refunded=500)


class TestEveryKindOfCheckout:
    """From its registration by its capture to the return of a part, as shops differ."""

    @pytest.mark.parametrize(
        ("whole", "taken", "given", "reason", "terms"),
        [
            (Money("5", "ISK"), "4", "3", "fraud", {"locale": "de"}),
            (Money("9990", "CLP"), "9990", "1", "RETURN", {"locale": "es", "metadata": {}}),
            (Money("150000.00", "IDR"), "75000.00", "5.00", "other", {"locale": "en"}),
            (Money("1.250", "KWD"), "1.249", "0.001", "Duplicate", {"locale": "ar"}),
            (Money("980", "JPY"), "980", "980", "customer request", {"locale": "ja-JP"}),
            (Money("4500.00", "HUF"), "0.01", "0.01", "no reason of theirs", {"locale": "hu"}),
            (Money("0.75", "USD"), "0.70", "0.69", "", {"locale": "en-US"}),
            (Money("500.00", "CVE"), "300.00", "100.00", "", {"locale": "pt_PT"}),
            (Money("12000", "UGX"), "12000", "6000", "return", {"locale": "fr"}),
            (Money("77.70", "TWD"), "77.70", "0.70", "", {"locale": "zz"}),
            (Money("99.95", "GBP"), "99.95", "9.95", "", {"metadata": {"note": 'a "b" \\ c:ü'}}),
            (Money("1.00", "CHF"), "0.50", "0.25", "", {"metadata": {"a": "1", "b": "2"}}),
        ],
        ids=lambda value: value.currency if isinstance(value, Money) else "",
    )
    def test_is_taken_and_given_back_in_part(
        self,
        adyen: FakeAdyen,
        client: AdyenClient,
        *,
        whole: Money,
        taken: str,
        given: str,
        reason: str,
        terms: dict[str, Any],
    ):
        reference = f"ref-{whole.currency}"
        call = registration(client, reference, money=whole, capture="manual", **terms)
        ref = PspReference(client.register(call).psp_token, reference)
        ref = paid(adyen, client, ref)
        capture, refund = Money(taken, whole.currency), Money(given, whole.currency)

        client.capture(client.prepare_capture(ref, capture, key="capture-1"))
        adyen.processes()
        [captured] = news(adyen, client)
        client.refund(
            client.prepare_refund(ref, refund, refund_id="rf-1", reason=reason, key="refund-1")
        )
        adyen.processes()
        [refunded] = news(adyen, client)

        assert captured.report is not None
        assert captured.report.captured == capture
        assert refunded.refund_report is not None
        assert (refunded.refund_report.state, refunded.refund_report.money) == (
            RefundState.SUCCESSFUL,
            refund,
        )

    @pytest.mark.parametrize("is_known", [True, False], ids=["by theirs", "by ours"])
    @pytest.mark.parametrize("reference", ["ref-1", "0192f0c0-0000-7000-8000-000000000001"])
    def test_is_let_go_by_whichever_reference_is_known(
        self, adyen: FakeAdyen, client: AdyenClient, reference: str, is_known: bool
    ):
        ref = register(client, reference, capture="manual")
        known = paid(adyen, client, ref)

        client.cancel(client.prepare_cancel(known if is_known else ref, key="cancel-1"))
        adyen.processes()

        assert state_told(adyen, client) is ReportedState.CANCELLED


class TestWhenThingsGoWrong:
    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
    def test_a_lost_answer_is_had_by_the_same_key(
        self, adyen: FakeAdyen, client: AdyenClient, fault: Fault
    ):
        call = registration(client)
        adyen.next_fault = fault
        with pytest.raises(InDoubt):
            client.register(call)
        registered = client.register(call)
        assert list(adyen.sessions) == [registered.psp_token]

    def test_the_key_of_a_call_that_still_runs_is_in_doubt(
        self, adyen: FakeAdyen, client: AdyenClient
    ):
        call = registration(client)
        adyen.next_fault = Fault.HOLD
        with ThreadPoolExecutor(max_workers=1) as elsewhere:
            first = elsewhere.submit(client.register, call)
            assert adyen.is_holding.wait(5)
            with pytest.raises(InDoubt, match="register: answered 422 704"):
                client.register(call)
            adyen.let_go()
            answered = first.result()
        assert client.register(call) == answered
        assert len(adyen.sessions) == 1

    def test_an_answer_that_comes_too_late_is_in_doubt(self, adyen: FakeAdyen, client: AdyenClient):
        adyen.next_fault = Fault.HOLD
        with pytest.raises(InDoubt):
            client_of(adyen, patience=0.2).register(registration(client))
        assert len(adyen.sessions) == 1

    def test_what_adyen_calls_transient_did_not_happen(self, adyen: FakeAdyen, client: AdyenClient):
        call = registration(client)
        adyen.next_fault = Fault.TRANSIENT
        with pytest.raises(RetryableRejected, match="register: answered 503 703"):
            client.register(call)
        assert adyen.sessions == {}
        assert client.register(call).psp_token in adyen.sessions

    def test_a_wrong_key_or_account_is_refused(self, adyen: FakeAdyen):
        for change in ({"API_KEY": "AQEother"}, {"MERCHANT_ACCOUNT": "Another"}):
            client = client_of(adyen, change)
            with pytest.raises(AuthFailed):
                client.register(registration(client))
        assert adyen.sessions == {}

    def test_a_session_of_more_than_a_day_is_refused(self, adyen: FakeAdyen, client: AdyenClient):
        adyen.clock = lambda: NOON - timedelta(hours=24)
        with pytest.raises(InvalidRequest, match="register: answered 422 14_007"):
            client.register(registration(client))

    def test_a_result_of_another_session_is_refused(self, adyen: FakeAdyen, client: AdyenClient):
        ref, other = register(client), register(client, "ref-2")
        query = adyen.shopper_pays(other.psp_token)
        result = query.partition("sessionResult=")[2]
        with pytest.raises(InvalidRequest):
            client.fetch(replace(ref, return_query=f"sessionResult={result}"))

    def test_a_modification_of_an_unknown_payment_is_refused(
        self, adyen: FakeAdyen, client: AdyenClient
    ):
        ref = replace(register(client), payment_reference="AAAABBBBCCCCDDDD")
        with pytest.raises(InvalidRequest, match="capture: answered 422 167"):
            client.capture(client.prepare_capture(ref, TOTAL, key="capture-1"))

    def test_money_that_goes_back_to_the_card_calls_for_a_person(
        self, adyen: FakeAdyen, client: AdyenClient
    ):
        ref = paid(adyen, client, register(client))
        adyen.scheme_rejects_capture(ref.payment_reference)
        adyen.shopper_charges_back(ref.payment_reference)
        told = news(adyen, client)
        assert [(one.event_type, one.report, one.payment_reference) for one in told] == [
            ("CAPTURE_FAILED", None, ref.payment_reference),
            ("CHARGEBACK", None, ref.payment_reference),
        ]
        assert all(one.attention for one in told)


class TestWebhooks:
    def test_are_delivered_and_answered_as_adyen_wants(
        self, adyen: FakeAdyen, client: AdyenClient, psp: ReplayingPsp
    ):
        response = client.webhook_response()
        psp.will_answer(Reply(response.status, response.body))
        ref = register(client)
        adyen.shopper_pays(ref.psp_token)

        assert adyen.deliver(f"{psp.url}/webhooks/adyen/") == [200]

        [seen] = psp.requests
        [notice] = client.parse_webhook(seen.headers, seen.body)
        assert notice.reference == "ref-1"

    def test_signed_by_another_key_are_rejected_until_it_is_known(self, adyen: FakeAdyen):
        client = client_of(adyen, {"HMAC_KEYS": "a0" * 32})
        ref = register(client)
        adyen.shopper_pays(ref.psp_token)
        [body] = adyen.outbox
        with pytest.raises(WebhookRejected):
            client.parse_webhook({}, body)
        rotated = client_of(adyen, {"HMAC_KEYS": f"{'a0' * 32}, {adyen.hmac_key}"})
        assert len(rotated.parse_webhook({}, body)) == 1
