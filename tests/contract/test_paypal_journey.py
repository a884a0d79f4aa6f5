"""Whole payments at a fake PayPal, through our client: what we report is what its books say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, partial

import pytest

from psp_clients.contract import (
    AuthFailed,
    ConfirmRequest,
    Declined,
    DeclinedForNow,
    InDoubt,
    Money,
    NotSent,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    Report,
    ReportedState,
    RetryableRejected,
    SessionRequest,
    StateConflict,
    WebhookNotice,
    WebhookRejected,
)
from psp_clients.http import Transport
from psp_clients.paypal import PayPalClient
from psp_clients.paypal.money import CURRENCIES, WHOLE
from tests.psp_fakes.paypal import CLIENT_ID, CLIENT_SECRET, FakePayPal, Fault
from tests.psp_fakes.paypal_signer import WEBHOOK_ID, Signer

from .servers import ReplayingPsp, Reply

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOTAL = Money("19.99", "EUR")
NOTHING: dict[str, Decimal] = {}


@cache
def authority() -> Signer:
    """Return PayPal's certificate for all tests of this file."""
    return Signer(valid_from=NOON - timedelta(days=1))


@pytest.fixture
def paypal() -> Iterator[FakePayPal]:
    with FakePayPal(signer=authority()) as fake:
        fake.clock = lambda: NOON
        yield fake


@pytest.fixture
def client(paypal: FakePayPal) -> PayPalClient:
    return client_of(paypal)


def client_of(
    paypal: FakePayPal, *, secret: str = CLIENT_SECRET, patience: float = 5.0
) -> PayPalClient:
    transport = Transport(
        paypal.url, connect_timeout=patience, money_timeout=patience, lookup_timeout=5.0
    )
    return PayPalClient(
        transport,
        client_id=CLIENT_ID,
        client_secret=secret,
        webhook_id=WEBHOOK_ID,
        roots=[authority().root],
        now=paypal.now,
    )


def registration(
    client: PayPalClient, reference: str = "ref-1", money: Money = TOTAL
) -> PreparedCall:
    request = SessionRequest(
        reference=reference,
        checkout_id=f"c-{reference}",
        money=money,
        return_url="https://bps.example/return/",
        webhook_url="https://bps.example/webhooks/paypal/",
        expires_at=NOON + timedelta(hours=1),
        locale="de-AT",
    )
    return client.prepare_register(request, key=f"key-{reference}")


def register(client: PayPalClient, reference: str = "ref-1", money: Money = TOTAL) -> PspReference:
    registered = client.register(registration(client, reference, money))
    return PspReference(psp_token=registered.psp_token, reference=reference)


def purchase(
    client: PayPalClient, ref: PspReference, money: Money = TOTAL, key: str = ""
) -> PreparedCall:
    request = ConfirmRequest(money, {}, "https://shop.example/", "https://bps.example/")
    return client.prepare_confirm(ref, request, key=key or f"buy-{ref.reference}")


def buy(client: PayPalClient, ref: PspReference, money: Money = TOTAL) -> Report:
    return client.confirm(purchase(client, ref, money))


def state_of(client: PayPalClient, ref: PspReference) -> ReportedState:
    return client.fetch(ref).state


class TestAPayment:
    def test_is_registered_approved_captured_and_found_so(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        registered = client.register(registration(client))
        ref = PspReference(psp_token=registered.psp_token, reference="ref-1")
        assert registered.purchase_url == (
            f"https://www.sandbox.paypal.com/checkoutnow?token={ref.psp_token}"
        )
        assert state_of(client, ref) is ReportedState.OPEN

        paypal.payer_approves(ref.psp_token)
        assert (state_of(client, ref), paypal.charged()) == (ReportedState.OPEN, NOTHING)

        report = buy(client, ref)
        assert (report.state, report.psp_word) == (ReportedState.CAPTURED, "COMPLETED")
        assert (report.money, report.captured) == (TOTAL, TOTAL)
        assert list(paypal.books.captures) == [report.payment_reference]
        assert client.fetch(ref) == report
        assert paypal.charged() == {"EUR": Decimal("19.99")}
        assert "shopper@example.com" not in repr(report)

    @pytest.mark.parametrize(
        ("money", "value"),
        [
            (Money("500", "JPY"), "500"),
            (Money("500.00", "HUF"), "500"),
            (Money("500.00", "TWD"), "500"),
            (Money("0.01", "USD"), "0.01"),
        ],
    )
    def test_is_of_the_amount_that_was_meant(
        self, paypal: FakePayPal, client: PayPalClient, money: Money, value: str
    ):
        ref = register(client, money=money)
        paypal.payer_approves(ref.psp_token)
        report = buy(client, ref, money)
        assert (report.money, report.captured) == (money, money)
        assert paypal.charged() == {money.currency: Decimal(value)}

    def test_that_was_not_approved_is_declined_for_now_and_takes_nothing(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        ref = register(client)
        with pytest.raises(DeclinedForNow) as caught:
            buy(client, ref)
        assert caught.value.code == "ORDER_NOT_APPROVED"
        assert paypal.charged() == NOTHING

    @pytest.mark.parametrize(
        ("end", "state"),
        [("COMPLETED", ReportedState.CAPTURED), ("DECLINED", ReportedState.DECLINED)],
    )
    def test_may_be_on_its_way_and_arrive_or_not(
        self, paypal: FakePayPal, client: PayPalClient, end: str, state: ReportedState
    ):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        paypal.next_capture_is("PENDING", "ECHECK")
        report = buy(client, ref)
        assert (report.state, report.reason_code) == (ReportedState.PENDING, "ECHECK")
        paypal.pending_ends(report.payment_reference, end)
        assert state_of(client, ref) is state
        assert bool(paypal.charged()) is (state is ReportedState.CAPTURED)

    def test_may_be_captured_and_refused_in_one_breath(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        paypal.next_capture_is("DECLINED")
        report = buy(client, ref)
        assert (report.state, report.captured) == (ReportedState.DECLINED, None)
        assert (state_of(client, ref), paypal.charged()) == (ReportedState.DECLINED, NOTHING)

    def test_of_another_account_is_refused_before_it_begins(self, paypal: FakePayPal):
        with pytest.raises(AuthFailed, match="nothing was sent"):
            register(client_of(paypal, secret="of-another"))
        assert (paypal.requests, paypal.asides) == ([], ["/v1/oauth2/token"])

    def test_outlives_its_tokens(self, paypal: FakePayPal, client: PayPalClient):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        paypal.forgets_tokens()
        assert buy(client, ref).state is ReportedState.CAPTURED
        assert paypal.asides == ["/v1/oauth2/token"] * 2
        first, again = paypal.requests[1:]
        assert first == again
        assert paypal.charged() == {"EUR": Decimal("19.99")}


class TestADecline:
    def test_ends_the_purchase_and_another_checkout_of_the_order_succeeds(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        declined = register(client, "ref-1")
        paypal.payer_approves(declined.psp_token)
        paypal.declines_next("TRANSACTION_REFUSED")
        with pytest.raises(Declined) as caught:
            buy(client, declined)
        assert caught.value.code == "TRANSACTION_REFUSED"
        assert (state_of(client, declined), paypal.charged()) == (ReportedState.OPEN, NOTHING)

        second = register(client, "ref-2")
        paypal.payer_approves(second.psp_token)
        assert buy(client, second).state is ReportedState.CAPTURED
        assert paypal.charged() == {"EUR": Decimal("19.99")}

    def test_stays_one_when_it_is_sent_again(self, paypal: FakePayPal, client: PayPalClient):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        paypal.declines_next("INSTRUMENT_DECLINED")
        for code in ("INSTRUMENT_DECLINED", "ORDER_NOT_APPROVED"):
            with pytest.raises(DeclinedForNow) as caught:
                buy(client, ref)
            assert caught.value.code == code
        assert paypal.charged() == NOTHING

    def test_may_be_followed_by_a_success_of_the_same_order_which_is_found(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        paypal.declines_next("INSTRUMENT_DECLINED")
        with pytest.raises(DeclinedForNow):
            buy(client, ref)
        # PayPal's page takes the shopper back; a try of ours that was thought lost then arrives.
        paypal.payer_approves(ref.psp_token)
        client.confirm(purchase(client, ref, key="thought-lost"))
        report = client.fetch(ref)
        assert (report.state, report.captured) == (ReportedState.CAPTURED, TOTAL)
        assert paypal.charged() == {"EUR": Decimal("19.99")}


class TestALostAnswer:
    @pytest.fixture
    def ref(self, paypal: FakePayPal, client: PayPalClient) -> PspReference:
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        return ref

    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
    def test_to_a_registration_is_given_again_under_its_key(
        self, paypal: FakePayPal, client: PayPalClient, fault: Fault
    ):
        call = registration(client)
        paypal.fails_next("orders", fault)
        with pytest.raises(InDoubt):
            client.register(call)
        assert list(paypal.books.orders) == [client.register(call).psp_token]

    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
    def test_to_a_purchase_is_found_by_a_look_up(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference, fault: Fault
    ):
        paypal.fails_next("capture", fault)
        with pytest.raises(InDoubt):
            buy(client, ref)
        report = client.fetch(ref)
        assert (report.state, report.captured) == (ReportedState.CAPTURED, TOTAL)
        assert paypal.charged() == {"EUR": Decimal("19.99")}

    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR, Fault.LOST])
    def test_to_a_purchase_is_given_again_under_its_key(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference, fault: Fault
    ):
        call = purchase(client, ref)
        paypal.fails_next("capture", fault)
        with pytest.raises(InDoubt):
            client.confirm(call)
        assert client.confirm(call).captured == TOTAL
        assert len(paypal.books.captures) == 1

    def test_is_the_latest_state_and_not_the_first_answer(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        call = purchase(client, ref)
        paypal.next_capture_is("PENDING")
        paypal.fails_next("capture", Fault.DROP)
        with pytest.raises(InDoubt):
            client.confirm(call)
        (capture_id,) = paypal.books.captures
        paypal.pending_ends(capture_id, "COMPLETED")
        assert client.confirm(call).state is ReportedState.CAPTURED

    def test_under_a_forgotten_key_conflicts_with_what_happened(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        call = purchase(client, ref)
        paypal.fails_next("capture", Fault.DROP)
        with pytest.raises(InDoubt):
            client.confirm(call)
        paypal.clock = lambda: NOON + client.capabilities.key_window
        with pytest.raises(StateConflict, match="ORDER_ALREADY_CAPTURED"):
            client.confirm(call)
        assert client.fetch(ref).captured == TOTAL
        assert paypal.charged() == {"EUR": Decimal("19.99")}

    def test_stays_in_doubt_while_the_first_try_still_runs(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        impatient = client_of(paypal, patience=0.2)
        call = purchase(impatient, ref)
        paypal.fails_next("capture", Fault.HOLD)
        for _ in range(2):  # no answer in time, then 409: the key is in use
            with pytest.raises(InDoubt):
                impatient.confirm(call)
        assert impatient.fetch(ref).captured == TOTAL

    def test_to_a_login_leaves_nothing_sent(self, paypal: FakePayPal, client: PayPalClient):
        paypal.fails_next("token", Fault.DROP)
        with pytest.raises(NotSent):
            register(client)
        assert (paypal.requests, list(paypal.books.orders)) == ([], [])

    def test_is_none_where_paypal_wants_us_to_slow_down(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        paypal.fails_next("capture", Fault.SLOW_DOWN)
        with pytest.raises(RetryableRejected) as caught:
            buy(client, ref)
        assert caught.value.retry_after == timedelta(seconds=7)
        assert paypal.charged() == NOTHING

    def test_about_an_order_that_is_gone_is_never_called_uncharged(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        paypal.fails_next("capture", Fault.LOST)
        with pytest.raises(InDoubt):
            buy(client, ref)
        paypal.approval_expires(ref.psp_token)
        with pytest.raises(InDoubt, match="404"):
            client.fetch(ref)
        with pytest.raises(InDoubt, match="404"):
            buy(client, ref)
        assert paypal.charged() == NOTHING


class TestARefund:
    @pytest.fixture
    def ref(self, paypal: FakePayPal, client: PayPalClient) -> PspReference:
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        return replace(ref, payment_reference=buy(client, ref).payment_reference)

    def give_back(
        self, client: PayPalClient, ref: PspReference, amount: str, refund_id: str = "rf-1"
    ) -> RefundReport:
        call = client.prepare_refund(
            ref, Money(amount, "EUR"), refund_id=refund_id, reason="late", key=f"k-{refund_id}"
        )
        return client.refund(call)

    def test_is_given_whole_and_the_payment_stays_captured(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        report = self.give_back(client, ref, "19.99")
        assert (report.state, report.money) == (RefundState.SUCCESSFUL, TOTAL)
        assert paypal.refunded() == {"EUR": Decimal("19.99")}
        seen = client.fetch(ref)
        assert (seen.state, seen.psp_word) == (ReportedState.CAPTURED, "REFUNDED")
        assert (seen.captured, seen.payment_reference) == (TOTAL, ref.payment_reference)

    def test_may_come_in_parts_but_never_exceeds_what_was_captured(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        self.give_back(client, ref, "10.00", "rf-1")
        self.give_back(client, ref, "9.98", "rf-2")
        with pytest.raises(StateConflict, match="REFUND_AMOUNT_EXCEEDED"):
            self.give_back(client, ref, "0.02", "rf-3")
        assert paypal.refunded() == {"EUR": Decimal("19.98")}
        assert client.fetch(ref).psp_word == "PARTIALLY_REFUNDED"

    def test_is_given_in_part_in_every_currency_that_paypal_takes(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        for number, currency in enumerate(sorted(CURRENCIES), start=11):
            cents = "" if currency == "JPY" else ".00" if currency in WHOLE else ".75"
            whole, part = Money(f"{number}{cents}", currency), Money(f"7{cents}", currency)
            ref = register(client, f"ref-{currency}", whole)
            paypal.payer_approves(ref.psp_token)
            ref = replace(ref, payment_reference=buy(client, ref, whole).payment_reference)
            call = client.prepare_refund(
                ref, part, refund_id=f"rf-{currency}", reason="", key=f"k-{currency}"
            )
            assert client.refund(call).money == part
        assert paypal.charged().keys() == paypal.refunded().keys() == CURRENCIES

    def test_may_be_pending_and_end_either_way(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        paypal.next_refund_is("PENDING")
        first = self.give_back(client, ref, "5.00")
        refund = RefundReference("rf-1", first.refund_reference)
        seen = [first.state]
        for word in ("COMPLETED", "FAILED"):
            paypal.refund_becomes(first.refund_reference, word)
            seen.append(client.fetch_refund(ref, refund).state)
        assert seen == [RefundState.PENDING, RefundState.SUCCESSFUL, RefundState.FAILED]
        assert paypal.refunded() == NOTHING

    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
    def test_whose_answer_is_lost_is_given_once_and_found_by_our_id(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference, fault: Fault
    ):
        self.give_back(client, ref, "1.00", "rf-0")
        paypal.fails_next("refund", fault)
        with pytest.raises(InDoubt):
            self.give_back(client, ref, "5.00")
        found = client.fetch_refund(ref, RefundReference("rf-1"))
        assert self.give_back(client, ref, "5.00") == found
        assert paypal.refunded() == {"EUR": Decimal("6.00")}

    def test_sent_again_long_after_is_recognised_by_its_invoice_number(
        self, paypal: FakePayPal, client: PayPalClient, ref: PspReference
    ):
        first = self.give_back(client, ref, "5.00")
        paypal.clock = lambda: NOON + timedelta(days=46)
        with pytest.raises(InDoubt, match="DUPLICATE_INVOICE_ID"):
            self.give_back(client, ref, "5.00")
        assert client.fetch_refund(ref, RefundReference("rf-1")) == first
        assert paypal.refunded() == {"EUR": Decimal("5.00")}

    def test_of_money_that_is_not_there_yet_conflicts(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        ref = register(client, "ref-2")
        paypal.payer_approves(ref.psp_token)
        paypal.next_capture_is("PENDING")
        pending = replace(ref, payment_reference=buy(client, ref).payment_reference)
        with pytest.raises(StateConflict, match="PENDING_CAPTURE"):
            self.give_back(client, pending, "5.00")

    def test_that_was_never_made_is_in_doubt(self, client: PayPalClient, ref: PspReference):
        for refund in (RefundReference("rf-9"), RefundReference("rf-9", "NOWHERE")):
            with pytest.raises(InDoubt):
                client.fetch_refund(ref, refund)


class TestTheList:
    def test_says_what_the_books_say(self, paypal: FakePayPal, client: PayPalClient):
        refs = []
        for number in range(3):
            ref = register(client, f"ref-{number}")
            paypal.payer_approves(ref.psp_token)
            refs.append(replace(ref, payment_reference=buy(client, ref).payment_reference))
        for refund_id, ref in (("rf-0", refs[0]), ("rf-1", refs[1])):
            amount = TOTAL if refund_id == "rf-0" else Money("5.00", "EUR")
            client.refund(
                client.prepare_refund(ref, amount, refund_id=refund_id, reason="", key=refund_id)
            )
        paypal.next_capture_is("PENDING")
        waiting = register(client, "ref-9")
        paypal.payer_approves(waiting.psp_token)
        buy(client, waiting)

        listed = list(client.transactions(NOON - timedelta(days=1), NOON))

        assert [(one.kind, one.reference, one.status) for one in listed] == [
            ("charge", "ref-0", "successful"),
            ("charge", "ref-1", "successful"),
            ("charge", "ref-2", "successful"),
            ("refund", "ref-0", "successful"),
            ("refund", "ref-1", "successful"),
        ]
        charges = [one for one in listed if one.kind == "charge"]
        assert [one.psp_reference for one in charges] == [one.payment_reference for one in refs]
        assert {one.fee for one in charges} == {Money("0.60", "EUR")}
        taken = sum(Decimal(one.money.amount) for one in charges)
        given = sum(Decimal(one.money.amount) for one in listed if one.kind == "refund")
        assert ({"EUR": taken}, {"EUR": given}) == (paypal.charged(), paypal.refunded())

    def test_that_is_too_long_is_read_in_parts(self, paypal: FakePayPal, client: PayPalClient):
        for number in range(4):
            at = NOON + timedelta(hours=number - 1, minutes=7)
            paypal.clock = partial(datetime.fromtimestamp, at.timestamp(), UTC)
            ref = register(client, f"ref-{number}")
            paypal.payer_approves(ref.psp_token)
            buy(client, ref)
        paypal.clock = lambda: NOON + timedelta(hours=3)
        paypal.longest_list = 1
        listed = list(client.transactions(NOON - timedelta(hours=1), NOON + timedelta(hours=3)))
        assert [one.reference for one in listed] == ["ref-0", "ref-1", "ref-2", "ref-3"]

    def test_that_is_behind_is_asked_for_later(self, paypal: FakePayPal, client: PayPalClient):
        paypal.list_is_behind = timedelta(hours=4)
        with pytest.raises(RetryableRejected):
            list(client.transactions(NOON - timedelta(days=1), NOON))
        paypal.list_is_behind = timedelta(hours=3)
        assert list(client.transactions(NOON - timedelta(days=1), NOON)) == []


class TestAWebhook:
    def notices(self, paypal: FakePayPal, client: PayPalClient) -> list[WebhookNotice]:
        return [
            notice
            for one in paypal.outbox
            for notice in client.parse_webhook(one.headers, one.body)
        ]

    def test_tells_of_approval_capture_refund_and_dispute(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        capture_id = buy(client, ref).payment_reference
        paid = replace(ref, payment_reference=capture_id)
        call = client.prepare_refund(
            paid, Money("5.00", "EUR"), refund_id="rf-1", reason="", key="k-r"
        )
        refund_id = client.refund(call).refund_reference
        paypal.payer_disputes(capture_id)

        approved, captured, refunded, disputed = self.notices(paypal, client)

        assert approved.event_type == "CHECKOUT.ORDER.APPROVED"
        assert (approved.psp_token, approved.reference) == (ref.psp_token, "ref-1")
        assert (captured.psp_token, captured.payment_reference) == (ref.psp_token, capture_id)
        assert (refunded.reference, refunded.payment_reference) == ("ref-1", capture_id)
        assert refunded.refund == RefundReference("rf-1", refund_id)
        assert (disputed.reference, disputed.payment_reference) == ("ref-1", capture_id)
        assert "PP-000-042-663-135" in disputed.attention
        assert len({one.event_id for one in (approved, captured, refunded, disputed)}) == 4
        certificates = [path for path in paypal.asides if "/certs/" in path]
        assert certificates == [paypal.signer.path]

    def test_of_a_late_success_leads_to_the_truth(self, paypal: FakePayPal, client: PayPalClient):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        paypal.fails_next("capture", Fault.DROP)
        with pytest.raises(InDoubt):
            buy(client, ref)
        late = self.notices(paypal, client)[-1]
        assert (late.event_type, late.psp_token) == ("PAYMENT.CAPTURE.COMPLETED", ref.psp_token)
        assert client.fetch(ref).captured == TOTAL

    def test_of_an_approval_that_was_reversed_names_the_order(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        paypal.approval_expires(ref.psp_token)
        *_, reversal = self.notices(paypal, client)
        assert (reversal.psp_token, reversal.reference) == (ref.psp_token, "ref-1")

    def test_is_vouched_for_by_paypal_where_its_authority_is_not_known(
        self, paypal: FakePayPal, client: PayPalClient
    ):
        stranger = PayPalClient(
            Transport(paypal.url, connect_timeout=5, money_timeout=5, lookup_timeout=5),
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            webhook_id=WEBHOOK_ID,
            now=paypal.clock,
        )
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        (approved,) = paypal.outbox
        (notice,) = stranger.parse_webhook(approved.headers, approved.body)
        assert notice.psp_token == ref.psp_token
        written_anew = approved.body.replace(b"\n", b"")
        with pytest.raises(WebhookRejected):
            stranger.parse_webhook(approved.headers, written_anew)

    def test_is_posted_to_the_address_of_the_app(
        self, paypal: FakePayPal, client: PayPalClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, b""))
        ref = register(client)
        paypal.payer_approves(ref.psp_token)
        assert paypal.deliver(f"{psp.url}/webhooks/paypal/") == [200]
        (seen,) = psp.requests
        assert (seen.method, seen.path) == ("POST", "/webhooks/paypal/")
        (notice,) = client.parse_webhook(seen.headers, seen.body)
        assert notice.psp_token == ref.psp_token
