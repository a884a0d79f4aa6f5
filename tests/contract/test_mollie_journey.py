"""Whole payments at a fake Mollie, through our client: what we report is what its books say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Money,
    PspReference,
    RefundReference,
    RefundState,
    ReportedState,
    SessionRequest,
    StateConflict,
    Transaction,
)
from psp_clients.http import Transport
from psp_clients.mollie import MollieClient
from tests.psp_fakes.mollie import Book, FakeMollie, Fault

from .servers import ReplayingPsp, Reply

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOTAL = Money("19.99", "EUR")
SECRETS = ("VpQ3WukU6uSCGQ8TPTD3WPDpac3GyNEj", "wHf7old3TPTD3WPDpac3GyNEjVpQ3Wuk")


@pytest.fixture
def mollie() -> Iterator[FakeMollie]:
    with FakeMollie() as fake:
        fake.clock = lambda: NOON
        yield fake


@pytest.fixture
def client(mollie: FakeMollie) -> MollieClient:
    return client_of(mollie)


def client_of(mollie: FakeMollie, *, api_key: str = "", patience: float = 5.0) -> MollieClient:
    transport = Transport(
        mollie.url, connect_timeout=patience, money_timeout=patience, lookup_timeout=5.0
    )
    return MollieClient(transport, api_key=api_key or mollie.api_key, webhook_secrets=SECRETS)


def request(
    reference: str = "ref-1", *, capture: str = "automatic", webhook_url: str = ""
) -> SessionRequest:
    return SessionRequest(
        reference=reference,
        checkout_id=f"c-{reference}",
        money=TOTAL,
        return_url="https://bps.example/return/",
        webhook_url=webhook_url or "https://bps.example/webhooks/mollie/",
        expires_at=NOON + timedelta(hours=1),
        locale="nl",
        capture=capture,
    )


def register(client: MollieClient, reference: str = "ref-1", **terms: str) -> PspReference:
    registered = client.register(
        client.prepare_register(request(reference, **terms), key=f"key-{reference}")
    )
    return PspReference(psp_token=registered.psp_token, reference=reference)


def state_of(client: MollieClient, ref: PspReference) -> ReportedState:
    return client.fetch(ref).state


def book_of(mollie: FakeMollie, ref: PspReference) -> tuple[str, str]:
    book = mollie.books()[ref.psp_token]
    return str(book.charged), str(book.refunded)


class TestAPayment:
    def test_is_registered_paid_and_found_captured(self, mollie: FakeMollie, client: MollieClient):
        registered = client.register(client.prepare_register(request(), key="k-1"))
        ref = PspReference(psp_token=registered.psp_token, reference="ref-1")
        assert registered.purchase_url == f"{mollie.url}/checkout/{ref.psp_token}"
        assert registered.expires_at == NOON + timedelta(minutes=30)
        assert state_of(client, ref) is ReportedState.OPEN

        mollie.shopper_pays(ref.psp_token, "ideal")

        report = client.fetch(ref)
        assert (report.state, report.psp_word) == (ReportedState.CAPTURED, "paid")
        assert (report.money, report.captured) == (TOTAL, TOTAL)
        assert report.payment_reference == ref.psp_token
        assert book_of(mollie, ref) == ("19.99", "0")

    def test_may_be_declined_first_and_paid_in_the_same_session(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client)
        mollie.shopper_is_declined(ref.psp_token)
        assert state_of(client, ref) is ReportedState.OPEN
        mollie.shopper_pays(ref.psp_token)
        assert state_of(client, ref) is ReportedState.CAPTURED

    def test_that_fails_for_good_is_declined_and_says_why(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client)
        mollie.fails(ref.psp_token, "possible_fraud")
        report = client.fetch(ref)
        assert (report.state, report.captured) == (ReportedState.DECLINED, None)
        assert (report.reason_code, report.reason_text) == (
            "possible_fraud",
            "Your card was declined.",
        )
        assert book_of(mollie, ref) == ("0", "0")

    def test_that_the_bank_has_yet_to_answer_is_pending(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client)
        mollie.shopper_waits_for_bank(ref.psp_token)
        assert state_of(client, ref) is ReportedState.PENDING
        mollie.shopper_pays(ref.psp_token, "banktransfer")
        assert state_of(client, ref) is ReportedState.CAPTURED

    @pytest.mark.parametrize(
        ("end", "state"),
        [
            (FakeMollie.expires, ReportedState.EXPIRED),
            (FakeMollie.shopper_cancels, ReportedState.CANCELLED),
        ],
    )
    def test_may_end_without_money(
        self,
        mollie: FakeMollie,
        client: MollieClient,
        end: Callable[[FakeMollie, str], None],
        state: ReportedState,
    ):
        ref = register(client)
        end(mollie, ref.psp_token)
        assert (state_of(client, ref), book_of(mollie, ref)) == (state, ("0", "0"))

    def test_that_the_shopper_may_still_pay_cannot_be_cancelled(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client)
        with pytest.raises(StateConflict, match="cancel: answered 422"):
            client.cancel(client.prepare_cancel(ref, key="k-c"))
        assert state_of(client, ref) is ReportedState.OPEN

    def test_by_bank_transfer_is_cancelled_and_only_once(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client)
        mollie.shopper_chooses_bank_transfer(ref.psp_token)
        cancel = client.prepare_cancel(ref, key="k-c")
        assert client.cancel(cancel).state is ReportedState.CANCELLED
        with pytest.raises(StateConflict):
            client.cancel(cancel)
        assert state_of(client, ref) is ReportedState.CANCELLED

    def test_stays_captured_when_it_is_charged_back(self, mollie: FakeMollie, client: MollieClient):
        ref = register(client)
        mollie.shopper_pays(ref.psp_token)
        mollie.shopper_charges_back(ref.psp_token)
        report = client.fetch(ref)
        assert report.state is ReportedState.CAPTURED
        assert report.evidence["amountChargedBack"] == {"currency": "EUR", "value": "19.99"}

    def test_of_another_account_is_refused_before_it_begins(self, mollie: FakeMollie):
        stranger = client_of(mollie, api_key="test_" + "x" * 30)
        with pytest.raises(AuthFailed):
            register(stranger)
        assert mollie.books() == {}

    def test_sends_nothing_but_what_mollie_documents(
        self, mollie: FakeMollie, client: MollieClient
    ):
        register(client)
        [seen] = mollie.requests
        assert (seen["psp"], seen["method"], seen["path"]) == ("mollie", "POST", "/v2/payments")
        assert json.loads(seen["body"]) == {
            "amount": {"currency": "EUR", "value": "19.99"},
            "description": "c-ref-1",
            "locale": "nl_NL",
            "metadata": {"reference": "ref-1", "checkout_id": "c-ref-1", "shop": {}},
            "redirectUrl": "https://bps.example/return/",
            "webhookUrl": "https://bps.example/webhooks/mollie/",
        }


class TestALostRegistration:
    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
    def test_is_answered_again_under_its_key(
        self, mollie: FakeMollie, client: MollieClient, fault: Fault
    ):
        call = client.prepare_register(request(), key="k-1")
        mollie.next_fault = fault
        with pytest.raises(InDoubt):
            client.register(call)
        again = client.register(call)
        assert list(mollie.payments) == [again.psp_token]

    def test_is_found_by_our_reference(self, mollie: FakeMollie, client: MollieClient):
        other = register(client, "ref-0")
        mollie.next_fault = Fault.DROP
        with pytest.raises(InDoubt):
            register(client, "ref-1")
        for number in range(120):  # more than one page of newer ones
            register(client, f"later-{number}")
        report = client.fetch(PspReference(psp_token="", reference="ref-1"))
        assert report.state is ReportedState.OPEN
        assert report.payment_reference in mollie.payments
        assert report.payment_reference != other.psp_token
        with pytest.raises(InDoubt, match="none of the newest payments"):
            client.fetch(PspReference(psp_token="", reference="ref-x"))

    def test_stays_in_doubt_while_the_first_try_still_runs(self, mollie: FakeMollie):
        impatient = client_of(mollie, patience=0.2)
        call = impatient.prepare_register(request(), key="k-1")
        mollie.next_fault = Fault.HOLD
        for _ in range(2):  # no answer in time, then 409: the key is in use
            with pytest.raises(InDoubt):
                impatient.register(call)
        assert len(mollie.payments) == 1
        ref = PspReference(psp_token="", reference="ref-1")
        assert impatient.fetch(ref).payment_reference in mollie.payments

    def test_under_a_key_that_was_used_for_another_is_invalid(
        self, mollie: FakeMollie, client: MollieClient
    ):
        client.register(client.prepare_register(request("ref-1"), key="k-1"))
        with pytest.raises(InvalidRequest):
            client.register(client.prepare_register(request("ref-2"), key="k-1"))
        assert len(mollie.payments) == 1

    def test_is_made_anew_once_mollie_has_forgotten_the_key(
        self, mollie: FakeMollie, client: MollieClient
    ):
        call = client.prepare_register(request(), key="k-1")
        first = client.register(call)
        mollie.clock = lambda: NOON + client.capabilities.key_window
        assert client.register(call) == first
        mollie.clock = lambda: NOON + client.capabilities.key_window + timedelta(seconds=1)
        assert client.register(call) != first


class TestAHold:
    @pytest.fixture
    def ref(self, mollie: FakeMollie, client: MollieClient) -> PspReference:
        ref = register(client, capture="manual")
        mollie.authorises(ref.psp_token)
        return ref

    def test_takes_no_money(self, mollie: FakeMollie, client: MollieClient, ref: PspReference):
        report = client.fetch(ref)
        assert (report.state, report.captured) == (ReportedState.AUTHORIZED, None)
        assert book_of(mollie, ref) == ("0", "0")

    @pytest.mark.parametrize("amount", ["19.99", "5.00"])
    def test_is_captured_in_full_or_in_part(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference, amount: str
    ):
        taken = Money(amount, "EUR")
        report = client.capture(client.prepare_capture(ref, taken, key="k-2"))
        assert (report.state, report.captured) == (ReportedState.CAPTURED, taken)
        looked_up = client.fetch(ref)
        assert (looked_up.state, looked_up.captured) == (ReportedState.CAPTURED, taken)
        assert book_of(mollie, ref) == (amount, "0")

    def test_is_authorised_while_its_capture_is_under_way(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        mollie.captures_are_slow = True
        report = client.capture(client.prepare_capture(ref, TOTAL, key="k-2"))
        assert (report.state, report.psp_word) == (ReportedState.AUTHORIZED, "pending")
        assert state_of(client, ref) is ReportedState.AUTHORIZED
        mollie.settles_captures(ref.psp_token)
        assert state_of(client, ref) is ReportedState.CAPTURED

    def test_is_captured_once_under_one_key(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        call = client.prepare_capture(ref, Money("5.00", "EUR"), key="k-2")
        mollie.next_fault = Fault.DROP
        with pytest.raises(InDoubt):
            client.capture(call)
        assert client.capture(call).captured == Money("5.00", "EUR")
        assert book_of(mollie, ref) == ("5.00", "0")

    def test_is_not_captured_beyond_its_amount(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.capture(client.prepare_capture(ref, Money("20.00", "EUR"), key="k-2"))
        assert caught.value.field == "amount"
        assert book_of(mollie, ref) == ("0", "0")

    def test_that_was_never_given_cannot_be_captured(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client, "ref-2", capture="manual")
        with pytest.raises(StateConflict):
            client.capture(client.prepare_capture(ref, TOTAL, key="k-3"))

    def test_cannot_be_cancelled_as_a_payment(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        with pytest.raises(StateConflict):
            client.cancel(client.prepare_cancel(ref, key="k-c"))
        assert state_of(client, ref) is ReportedState.AUTHORIZED


class TestARefund:
    @pytest.fixture
    def ref(self, mollie: FakeMollie, client: MollieClient) -> PspReference:
        ref = register(client)
        mollie.shopper_pays(ref.psp_token)
        return ref

    def give_back(
        self, client: MollieClient, ref: PspReference, amount: str, refund_id: str = "rf-1"
    ) -> str:
        call = client.prepare_refund(
            ref, Money(amount, "EUR"), refund_id=refund_id, reason="late", key=f"k-{refund_id}"
        )
        return client.refund(call).refund_reference

    def test_is_pending_until_the_bank_has_moved_it(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        refund = RefundReference("rf-1", self.give_back(client, ref, "19.99"))
        seen = [client.fetch_refund(ref, refund).state]
        for word in ("processing", "refunded", "failed"):
            mollie.bank_moves_refund(refund.refund_reference, word)
            seen.append(client.fetch_refund(ref, refund).state)
        assert seen == [
            RefundState.PENDING,
            RefundState.PENDING,
            RefundState.SUCCESSFUL,
            RefundState.FAILED,
        ]
        assert book_of(mollie, ref) == ("19.99", "0")

    def test_may_come_in_parts_but_never_exceeds_what_was_captured(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        self.give_back(client, ref, "10.00", "rf-1")
        self.give_back(client, ref, "9.98", "rf-2")
        with pytest.raises(InvalidRequest) as caught:
            self.give_back(client, ref, "0.02", "rf-3")
        assert caught.value.field == "amount"
        assert book_of(mollie, ref) == ("19.99", "19.98")
        assert state_of(client, ref) is ReportedState.CAPTURED

    def test_whose_answer_is_lost_is_given_once_and_found_by_our_id(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        self.give_back(client, ref, "1.00", "rf-0")
        mollie.next_fault = Fault.DROP
        with pytest.raises(InDoubt):
            self.give_back(client, ref, "5.00")
        found = client.fetch_refund(ref, RefundReference("rf-1")).refund_reference
        assert self.give_back(client, ref, "5.00") == found
        assert book_of(mollie, ref) == ("19.99", "6.00")

    def test_that_mollie_takes_for_a_duplicate_is_in_doubt_and_found(
        self, mollie: FakeMollie, client: MollieClient, ref: PspReference
    ):
        first = self.give_back(client, ref, "5.00")
        mollie.forget_keys()
        with pytest.raises(InDoubt):
            self.give_back(client, ref, "5.00")
        assert client.fetch_refund(ref, RefundReference("rf-1")).refund_reference == first
        assert book_of(mollie, ref) == ("19.99", "5.00")

    def test_that_was_never_made_is_in_doubt(self, client: MollieClient, ref: PspReference):
        for refund in (RefundReference("rf-9"), RefundReference("rf-9", "re_nowhere")):
            with pytest.raises(InDoubt):
                client.fetch_refund(ref, refund)

    def test_of_an_unpaid_payment_conflicts_with_its_state(
        self, mollie: FakeMollie, client: MollieClient
    ):
        with pytest.raises(StateConflict):
            self.give_back(client, register(client, "ref-2"), "5.00")


class TestTheList:
    def lines(self, client: MollieClient, since: datetime, until: datetime) -> list[Transaction]:
        return list(client.transactions(since, until))

    def test_agrees_with_the_books(self, mollie: FakeMollie, client: MollieClient):
        for number in range(130):
            ref = register(client, f"ref-{number}")
            if number % 3:
                mollie.shopper_pays(ref.psp_token)
            if number % 3 == 2:
                call = client.prepare_refund(
                    ref, Money("5.00", "EUR"), refund_id=f"rf-{number}", reason="", key=f"r{number}"
                )
                client.refund(call)
        books = {token: Book("EUR") for token in mollie.payments}
        for line in self.lines(client, NOON, NOON + timedelta(hours=1)):
            assert line.reference == mollie.payments[line.psp_token].about["metadata"]["reference"]
            amount = Decimal(line.money.amount)
            if line.kind == "charge":
                books[line.psp_token].charged += amount
            else:
                books[line.psp_token].refunded += amount
        assert books == mollie.books()

    def test_goes_by_the_time_of_the_money_not_of_the_registration(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client)
        mollie.clock = lambda: NOON + timedelta(days=12)
        mollie.shopper_pays(ref.psp_token, "banktransfer")
        paid_at = mollie.clock()
        assert self.lines(client, NOON, paid_at) == []
        assert self.lines(client, paid_at, paid_at + timedelta(hours=1)) == [
            Transaction(
                kind="charge",
                psp_reference=ref.psp_token,
                reference="ref-1",
                psp_token=ref.psp_token,
                money=TOTAL,
                status="successful",
                booked_at=paid_at,
            )
        ]

    def test_has_a_part_of_a_hold_at_the_time_of_its_capture(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client, capture="manual")
        mollie.authorises(ref.psp_token)
        mollie.clock = lambda: NOON + timedelta(days=2)
        client.capture(client.prepare_capture(ref, Money("5.00", "EUR"), key="k-2"))
        captured_at = mollie.clock()
        [line] = self.lines(client, captured_at, captured_at + timedelta(hours=1))
        assert (line.money, line.booked_at) == (Money("5.00", "EUR"), captured_at)
        assert self.lines(client, NOON, NOON + timedelta(hours=1)) == []


class TestAWebhook:
    def test_says_only_whose_state_changed_and_the_look_up_is_the_proof(
        self, mollie: FakeMollie, client: MollieClient
    ):
        ref = register(client)
        mollie.shopper_pays(ref.psp_token)
        [delivery] = mollie.outbox
        assert delivery.body == f"id={ref.psp_token}".encode()
        [notice] = client.parse_webhook(delivery.headers, delivery.body)
        assert (notice.event_id, notice.psp_token) == ("", ref.psp_token)
        assert client.fetch(ref).state is ReportedState.CAPTURED

    def test_comes_signed_to_a_subscriber_also_during_a_rotation(
        self, mollie: FakeMollie, client: MollieClient
    ):
        mollie.subscribe("https://bps.example/webhooks/mollie/", "yet-unknown-to-us", SECRETS[1])
        ref = register(client)
        mollie.shopper_pays(ref.psp_token)
        _, signed = mollie.outbox
        [notice] = client.parse_webhook(signed.headers, signed.body)
        assert notice.event_id.startswith("event_")
        assert (notice.event_type, notice.psp_token, notice.reference) == (
            "payment.paid",
            ref.psp_token,
            "ref-1",
        )

    def test_about_a_refund_or_a_chargeback_names_the_payment(
        self, mollie: FakeMollie, client: MollieClient
    ):
        mollie.subscribe("https://bps.example/webhooks/mollie/", SECRETS[0])
        ref = register(client)
        mollie.shopper_pays(ref.psp_token)
        call = client.prepare_refund(
            ref, Money("5.00", "EUR"), refund_id="rf-1", reason="", key="k-r"
        )
        refund_reference = client.refund(call).refund_reference
        mollie.bank_moves_refund(refund_reference, "refunded")
        mollie.shopper_charges_back(ref.psp_token)
        given_back, charged_back = (
            client.parse_webhook(one.headers, one.body)[0] for one in mollie.outbox[3::2]
        )
        assert given_back.refund == RefundReference("rf-1", refund_reference)
        assert given_back.psp_token == charged_back.psp_token == ref.psp_token
        assert (given_back.attention, charged_back.attention) == ("", "A chargeback was received.")

    def test_is_posted_to_the_address_that_the_payment_was_registered_with(
        self, mollie: FakeMollie, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, b""))
        ref = register(client, webhook_url=f"{psp.url}/webhooks/mollie/")
        mollie.shopper_pays(ref.psp_token)
        assert mollie.deliver() == [200]
        [seen] = psp.requests
        assert (seen.method, seen.path) == ("POST", "/webhooks/mollie/")
        assert seen.body == f"id={ref.psp_token}".encode()
