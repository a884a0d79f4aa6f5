"""Whole payments at a fake Stripe, through our client: what we report is what its books say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from psp_clients.contract import (
    InDoubt,
    InvalidRequest,
    Money,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    ReportedState,
    RetryableRejected,
    SessionRequest,
    StateConflict,
    Transaction,
    WebhookNotice,
    WebhookRejected,
)
from psp_clients.http import Transport
from psp_clients.stripe import StripeClient
from psp_clients.stripe.money import write_money
from tests.psp_fakes.stripe import Book, FakeStripe, Fault

from .servers import ReplayingPsp, Reply

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOTAL = Money("19.99", "EUR")
PART = Money("5.00", "EUR")
SECRETS = ("whsec_" + "n" * 32, "whsec_" + "o" * 32)


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        fake.clock = lambda: NOON
        fake.webhook_secrets = SECRETS
        yield fake


@pytest.fixture
def client(stripe: FakeStripe) -> StripeClient:
    return client_of(stripe)


def client_of(stripe: FakeStripe, *, patience: float = 5.0) -> StripeClient:
    def now() -> datetime:
        return stripe.clock()  # which a test may change

    transport = Transport(
        stripe.url, connect_timeout=patience, money_timeout=patience, lookup_timeout=5.0
    )
    return StripeClient(transport, api_key=stripe.api_key, webhook_secrets=SECRETS, now=now)


def request(
    reference: str = "ref-1", *, capture: str = "automatic", money: Money = TOTAL
) -> SessionRequest:
    return SessionRequest(
        reference=reference,
        checkout_id=f"c-{reference}",
        money=money,
        return_url="https://bps.example/return/",
        webhook_url="https://bps.example/webhooks/stripe/",
        expires_at=NOON + timedelta(hours=1),
        locale="nl",
        capture=capture,
        metadata={"order": "o-1"},
    )


def register(
    client: StripeClient,
    reference: str = "ref-1",
    *,
    capture: str = "automatic",
    money: Money = TOTAL,
) -> PspReference:
    registration = request(reference, capture=capture, money=money)
    call = client.prepare_register(registration, key=f"key-{reference}")
    return PspReference(psp_token=client.register(call).psp_token, reference=reference)


def state_of(client: StripeClient, ref: PspReference) -> ReportedState:
    return client.fetch(ref).state


def found(client: StripeClient, ref: PspReference) -> PspReference:
    """Return a reference as it is known after a look."""
    return replace(ref, payment_reference=client.fetch(ref).payment_reference)


def refund_call(
    client: StripeClient, ref: PspReference, money: Money, refund_id: str = "rf-1"
) -> PreparedCall:
    return client.prepare_refund(
        ref, money, refund_id=refund_id, reason="late", key=f"k-{refund_id}"
    )


def give_back(
    client: StripeClient, ref: PspReference, money: Money, refund_id: str = "rf-1"
) -> RefundReport:
    return client.refund(refund_call(client, ref, money, refund_id))


def book_of(stripe: FakeStripe, ref: PspReference) -> tuple[int, int]:
    book = stripe.books()[ref.psp_token]
    return book.charged, book.refunded


class TestAPayment:
    def test_is_registered_paid_and_found_captured(self, stripe: FakeStripe, client: StripeClient):
        registered = client.register(client.prepare_register(request(), key="k-1"))
        ref = PspReference(psp_token=registered.psp_token, reference="ref-1")
        assert registered.purchase_url.startswith("https://checkout.stripe.com/c/pay/cs_test_")
        assert registered.expires_at == NOON + timedelta(hours=1)
        assert state_of(client, ref) is ReportedState.OPEN

        stripe.shopper_pays(ref.psp_token)

        report = client.fetch(ref)
        assert (report.state, report.psp_word) == (ReportedState.CAPTURED, "complete/succeeded")
        assert (report.money, report.captured) == (TOTAL, TOTAL)
        assert report.payment_reference in stripe.intents
        assert book_of(stripe, ref) == (1999, 0)

    def test_may_be_declined_first_and_paid_in_the_same_session(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_is_declined(ref.psp_token, "lost_card")
        declined = client.fetch(ref)
        assert (declined.state, declined.reason_code) == (ReportedState.OPEN, "lost_card")
        assert declined.payment_reference == ""
        stripe.shopper_is_challenged(ref.psp_token)
        assert state_of(client, ref) is ReportedState.PENDING
        stripe.shopper_pays(ref.psp_token)
        assert state_of(client, ref) is ReportedState.CAPTURED
        assert book_of(stripe, ref) == (1999, 0)

    def test_that_settles_days_later_is_pending_until_it_does(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_pays_by_debit(ref.psp_token)
        assert state_of(client, ref) is ReportedState.PENDING
        assert book_of(stripe, ref) == (0, 0)
        stripe.clock = lambda: NOON + timedelta(days=5)
        stripe.bank_settles(ref.psp_token)
        assert state_of(client, ref) is ReportedState.CAPTURED
        assert book_of(stripe, ref) == (1999, 0)

    def test_that_bounces_days_later_is_declined(self, stripe: FakeStripe, client: StripeClient):
        ref = register(client)
        stripe.shopper_pays_by_debit(ref.psp_token)
        stripe.bank_refuses(ref.psp_token)
        report = client.fetch(ref)
        assert (report.state, report.captured) == (ReportedState.DECLINED, None)
        assert report.reason_code == "debit_not_authorized"
        assert book_of(stripe, ref) == (0, 0)

    def test_that_nobody_makes_expires(self, stripe: FakeStripe, client: StripeClient):
        walked_away, left_open = register(client, "ref-1"), register(client, "ref-2")
        stripe.shopper_walks_away(walked_away.psp_token)
        assert state_of(client, walked_away) is ReportedState.EXPIRED
        assert state_of(client, left_open) is ReportedState.OPEN
        stripe.clock = lambda: NOON + timedelta(hours=1)
        assert state_of(client, left_open) is ReportedState.EXPIRED

    def test_cannot_be_made_once_its_session_was_cancelled(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_is_declined(ref.psp_token)
        cancel = client.prepare_cancel(found(client, ref), key="k-c")
        assert client.cancel(cancel).state is ReportedState.EXPIRED
        assert client.cancel(cancel).state is ReportedState.EXPIRED
        with pytest.raises(AssertionError, match="the page shows that the session is expired"):
            stripe.shopper_pays(ref.psp_token)
        assert book_of(stripe, ref) == (0, 0)

    def test_is_not_cancelled_by_who_comes_too_late(self, stripe: FakeStripe, client: StripeClient):
        ref = register(client)
        stripe.shopper_pays(ref.psp_token)
        for late in (ref, found(client, ref)):
            with pytest.raises(StateConflict):
                client.cancel(client.prepare_cancel(late, key=f"c-{late.payment_reference}"))
        assert state_of(client, ref) is ReportedState.CAPTURED

    def test_stays_captured_when_it_is_disputed(self, stripe: FakeStripe, client: StripeClient):
        ref = register(client)
        stripe.shopper_pays(ref.psp_token)
        stripe.shopper_disputes(ref.psp_token)
        assert state_of(client, ref) is ReportedState.CAPTURED

    @pytest.mark.parametrize(
        ("money", "units"),
        [
            (Money("500", "ISK"), 50000),
            (Money("500", "UGX"), 50000),
            (Money("500", "JPY"), 500),
            (Money("500.00", "MGA"), 500),
            (Money("5.120", "KWD"), 5120),
            (Money("10.45", "HUF"), 1045),
        ],
    )
    def test_in_any_currency_is_for_what_was_asked(
        self, stripe: FakeStripe, client: StripeClient, money: Money, units: int
    ):
        ref = register(client, money=money)
        stripe.shopper_pays(ref.psp_token)
        assert client.fetch(ref).captured == money
        assert stripe.books()[ref.psp_token] == Book(money.currency.lower(), units, 0)
        given_back = give_back(client, found(client, ref), money)
        assert (given_back.state, given_back.money) == (RefundState.SUCCESSFUL, money)
        assert book_of(stripe, ref) == (units, units)


class TestALostRegistration:
    def test_is_answered_again_under_its_key(self, stripe: FakeStripe, client: StripeClient):
        call = client.prepare_register(request(), key="k-1")
        stripe.next_fault = Fault.DROP
        with pytest.raises(InDoubt):
            client.register(call)
        again = client.register(call)
        assert list(stripe.sessions) == [again.psp_token]

    def test_that_was_answered_500_stays_in_doubt_for_ever_and_is_found_by_looking(
        self, stripe: FakeStripe, client: StripeClient
    ):
        call = client.prepare_register(request(), key="k-1")
        stripe.next_fault = Fault.ERROR
        told = []
        for _ in range(3):
            with pytest.raises(InDoubt) as caught:
                client.register(call)
            told.append(str(caught.value))
        kept = "register: answered 500 api_error (kept under this key)"
        assert told == ["register: answered 500 api_error", kept, kept]
        assert len(stripe.sessions) == 1
        ref = PspReference(psp_token="", reference="ref-1")
        assert state_of(client, ref) is ReportedState.OPEN

    def test_is_found_by_our_reference(self, stripe: FakeStripe, client: StripeClient):
        stripe.next_fault = Fault.DROP
        with pytest.raises(InDoubt):
            register(client, "ref-1")
        for number in range(60):  # more than one page of newer ones
            register(client, f"later-{number}")
        lost = next(iter(stripe.sessions))
        stripe.shopper_pays(lost)
        report = client.fetch(PspReference(psp_token="", reference="ref-1"))
        assert report.state is ReportedState.CAPTURED
        assert report.payment_reference == stripe.sessions[lost]["payment_intent"]
        with pytest.raises(InDoubt, match="none of the newest sessions"):
            client.fetch(PspReference(psp_token="", reference="ref-x"))

    def test_stays_in_doubt_while_the_first_try_still_runs(self, stripe: FakeStripe):
        impatient = client_of(stripe, patience=0.2)
        call = impatient.prepare_register(request(), key="k-1")
        stripe.next_fault = Fault.HOLD
        for _ in range(2):  # no answer in time, then 409: the key is in use
            with pytest.raises(InDoubt):
                impatient.register(call)
        assert len(stripe.sessions) == 1

    def test_under_a_key_that_was_used_for_another_is_invalid(
        self, stripe: FakeStripe, client: StripeClient
    ):
        client.register(client.prepare_register(request("ref-1"), key="k-1"))
        with pytest.raises(InvalidRequest) as caught:
            client.register(client.prepare_register(request("ref-2"), key="k-1"))
        assert caught.value.field == "key"
        assert len(stripe.sessions) == 1

    def test_is_made_anew_once_stripe_has_forgotten_the_key(
        self, stripe: FakeStripe, client: StripeClient
    ):
        call = client.prepare_register(
            replace(request(), expires_at=NOON + timedelta(hours=23)), key="k-1"
        )
        first = client.register(call)
        stripe.clock = lambda: NOON + timedelta(hours=22)
        assert client.register(call) == first
        stripe.clock = lambda: NOON + client.capabilities.key_window + timedelta(seconds=1)
        anew = client.prepare_register(
            replace(request(), expires_at=stripe.clock() + timedelta(hours=1)), key="k-1"
        )
        assert client.register(anew) != first

    def test_that_another_request_held_up_may_be_sent_again(
        self, stripe: FakeStripe, client: StripeClient
    ):
        call = client.prepare_register(request(), key="k-1")
        stripe.next_fault = Fault.LOCK
        with pytest.raises(RetryableRejected) as caught:
            client.register(call)
        assert caught.value.retry_after == timedelta(seconds=1)
        assert stripe.sessions == {}
        assert client.register(call).psp_token in stripe.sessions


class TestAHold:
    @pytest.fixture
    def ref(self, stripe: FakeStripe, client: StripeClient) -> PspReference:
        """Return a payment that was authorised and looked at."""
        held = register(client, capture="manual")
        stripe.authorises(held.psp_token)
        return found(client, held)

    def test_takes_no_money(self, stripe: FakeStripe, client: StripeClient, ref: PspReference):
        report = client.fetch(ref)
        assert (report.state, report.captured) == (ReportedState.AUTHORIZED, None)
        assert report.psp_word == "complete/requires_capture"
        assert book_of(stripe, ref) == (0, 0)

    @pytest.mark.parametrize("taken", [TOTAL, PART])
    def test_is_captured_in_full_or_in_part(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference, taken: Money
    ):
        report = client.capture(client.prepare_capture(ref, taken, key="k-2"))
        assert (report.state, report.captured) == (ReportedState.CAPTURED, taken)
        looked_up = client.fetch(ref)
        assert (looked_up.state, looked_up.captured) == (ReportedState.CAPTURED, taken)
        assert (looked_up.money, looked_up.payment_reference) == (TOTAL, ref.payment_reference)
        assert book_of(stripe, ref) == (write_money(taken)[0], 0)

    def test_is_captured_once_under_one_key(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        call = client.prepare_capture(ref, PART, key="k-2")
        stripe.next_fault = Fault.DROP
        with pytest.raises(InDoubt):
            client.capture(call)
        assert client.fetch(ref).captured == PART
        assert client.capture(call).captured == PART
        assert book_of(stripe, ref) == (500, 0)

    def test_whose_capture_was_answered_500_is_settled_by_looking(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        stripe.next_fault = Fault.ERROR
        for _ in range(2):
            with pytest.raises(InDoubt):
                client.capture(client.prepare_capture(ref, PART, key="k-2"))
        assert client.fetch(ref).captured == PART
        assert book_of(stripe, ref) == (500, 0)

    def test_is_not_captured_beyond_its_amount(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.capture(client.prepare_capture(ref, Money("20.00", "EUR"), key="k-2"))
        assert caught.value.field == "amount_to_capture"
        assert book_of(stripe, ref) == (0, 0)

    def test_is_let_go_when_it_is_cancelled(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        report = client.cancel(client.prepare_cancel(ref, key="k-c"))
        assert report.state is ReportedState.CANCELLED
        assert state_of(client, ref) is ReportedState.CANCELLED
        with pytest.raises(StateConflict):
            client.capture(client.prepare_capture(ref, TOTAL, key="k-2"))
        assert book_of(stripe, ref) == (0, 0)

    def test_is_not_let_go_by_ending_the_session(self, client: StripeClient, ref: PspReference):
        blind = replace(ref, payment_reference="")
        with pytest.raises(StateConflict):
            client.cancel(client.prepare_cancel(blind, key="k-c"))
        assert state_of(client, ref) is ReportedState.AUTHORIZED

    def test_that_is_left_for_a_week_is_cancelled_by_stripe(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        stripe.hold_lapses(ref.psp_token)
        report = client.fetch(ref)
        assert (report.state, report.reason_code) == (ReportedState.CANCELLED, "automatic")


class TestARefund:
    @pytest.fixture
    def ref(self, stripe: FakeStripe, client: StripeClient) -> PspReference:
        """Return a payment that was captured and looked at."""
        paid = register(client)
        stripe.shopper_pays(paid.psp_token)
        return found(client, paid)

    def test_of_everything_leaves_the_payment_captured(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        report = give_back(client, ref, TOTAL)
        assert (report.state, report.money) == (RefundState.SUCCESSFUL, TOTAL)
        assert book_of(stripe, ref) == (1999, 1999)
        assert state_of(client, ref) is ReportedState.CAPTURED
        with pytest.raises(StateConflict, match="charge_already_refunded"):
            give_back(client, ref, PART, "rf-2")
        assert book_of(stripe, ref) == (1999, 1999)

    def test_may_come_in_parts_but_never_exceeds_what_was_captured(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        give_back(client, ref, PART, "rf-1")
        give_back(client, ref, Money("14.98", "EUR"), "rf-2")
        with pytest.raises(InvalidRequest) as caught:
            give_back(client, ref, Money("0.02", "EUR"), "rf-3")
        assert caught.value.field == "amount"
        assert book_of(stripe, ref) == (1999, 1998)

    def test_that_the_bank_moves_is_followed_to_its_end_and_back(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        stripe.refunds_are_slow = True
        refund = RefundReference("rf-1", give_back(client, ref, PART).refund_reference)
        seen = [client.fetch_refund(ref, refund).state]
        for word in ("requires_action", "succeeded", "failed"):
            stripe.bank_moves_refund(refund.refund_reference, word)
            seen.append(client.fetch_refund(ref, refund).state)
        assert seen == [
            RefundState.PENDING,
            RefundState.PENDING,
            RefundState.SUCCESSFUL,
            RefundState.FAILED,
        ]
        assert client.fetch_refund(ref, refund).reason_code == "expired_or_canceled_card"
        assert book_of(stripe, ref) == (1999, 0)

    @pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
    def test_whose_answer_is_lost_is_given_once_and_found_by_our_id(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference, fault: Fault
    ):
        give_back(client, ref, Money("1.00", "EUR"), "rf-0")
        stripe.next_fault = fault
        with pytest.raises(InDoubt):
            give_back(client, ref, PART)
        known = client.fetch_refund(ref, RefundReference("rf-1"))
        assert (known.state, known.money) == (RefundState.SUCCESSFUL, PART)
        blind = replace(ref, payment_reference="")
        assert client.fetch_refund(blind, RefundReference("rf-1")) == known
        assert book_of(stripe, ref) == (1999, 600)

    def test_is_given_once_under_one_key(
        self, stripe: FakeStripe, client: StripeClient, ref: PspReference
    ):
        call = refund_call(client, ref, PART)
        assert client.refund(call) == client.refund(call)
        assert book_of(stripe, ref) == (1999, 500)

    def test_that_was_never_made_is_in_doubt(self, client: StripeClient, ref: PspReference):
        for refund in (RefundReference("rf-9"), RefundReference("rf-9", "re_nowhere")):
            with pytest.raises(InDoubt):
                client.fetch_refund(ref, refund)

    def test_of_a_hold_is_refused(self, stripe: FakeStripe, client: StripeClient):
        held = register(client, "ref-2", capture="manual")
        stripe.authorises(held.psp_token)
        with pytest.raises(InvalidRequest):
            give_back(client, found(client, held), PART)


class TestTheList:
    def lines(
        self, client: StripeClient, since: datetime = NOON, hours: float = 1
    ) -> list[Transaction]:
        return list(client.transactions(since, since + timedelta(hours=hours)))

    def test_agrees_with_the_books(self, stripe: FakeStripe, client: StripeClient):
        for number in range(70):
            ref = register(client, f"ref-{number}")
            if number % 4:
                stripe.shopper_pays(ref.psp_token)
            if number % 4 == 2:
                give_back(client, found(client, ref), PART, f"rf-{number}")
            if number % 4 == 3:
                stripe.staff_refunds(ref.psp_token, 100)
        stripe.shopper_disputes(next(token for token, b in stripe.books().items() if b.charged))
        tokens = {one["client_reference_id"]: one["id"] for one in stripe.sessions.values()}
        books = {token: Book("eur") for token in tokens.values()}
        kinds: Counter[str] = Counter()
        for line in self.lines(client):
            book, units = books[tokens[line.reference]], write_money(line.money)[0]
            kinds[line.kind] += 1
            if line.kind == "charge":
                book.charged += units
            else:
                book.refunded += units
        assert books == stripe.books()
        assert kinds == {"charge": 52, "refund": 34}

    def test_names_a_charge_and_a_refund_as_reports_do(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_pays(ref.psp_token)
        ref = found(client, ref)
        refund_reference = give_back(client, ref, PART).refund_reference
        assert self.lines(client) == [
            Transaction(
                kind="refund",
                psp_reference=refund_reference,
                reference="ref-1",
                psp_token="",
                money=PART,
                status="successful",
                booked_at=NOON,
            ),
            Transaction(
                kind="charge",
                psp_reference=ref.payment_reference,
                reference="ref-1",
                psp_token="",
                money=TOTAL,
                status="successful",
                booked_at=NOON,
                fee=Money("0.54", "EUR"),
            ),
        ]

    def test_goes_by_the_time_of_the_money_not_of_the_registration(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_pays_by_debit(ref.psp_token)
        stripe.clock = lambda: NOON + timedelta(days=3)
        stripe.bank_settles(ref.psp_token)
        assert self.lines(client) == []
        settled_at = stripe.clock()
        assert self.lines(client, settled_at - timedelta(hours=1)) == []
        assert [line.booked_at for line in self.lines(client, settled_at)] == [settled_at]

    def test_has_a_part_of_a_hold(self, stripe: FakeStripe, client: StripeClient):
        held = register(client, capture="manual")
        stripe.authorises(held.psp_token)
        assert self.lines(client) == []
        client.capture(client.prepare_capture(found(client, held), PART, key="k-2"))
        assert [line.money for line in self.lines(client)] == [PART]

    def test_shows_a_refund_that_came_back_as_failed(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_pays(ref.psp_token)
        refund_reference = give_back(client, found(client, ref), PART).refund_reference
        stripe.clock = lambda: NOON + timedelta(days=9)
        stripe.bank_moves_refund(refund_reference, "failed")
        for since in (NOON, stripe.clock()):
            refunds = [line for line in self.lines(client, since) if line.kind == "refund"]
            assert [(one.psp_reference, one.status) for one in refunds] == [
                (refund_reference, "failed")
            ]


class TestAWebhook:
    def notices(self, stripe: FakeStripe, client: StripeClient) -> list[WebhookNotice]:
        """Return what all events so far say, each of which must be new."""
        told = [client.parse_webhook(*stripe.webhook(event)) for event in stripe.events]
        found_in = [notice for notices in told for notice in notices]
        assert len({notice.event_id for notice in found_in}) == len(found_in)
        return found_in

    def test_says_whose_state_changed_and_the_look_up_is_the_proof(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_pays(ref.psp_token)
        told = self.notices(stripe, client)
        intent_id = stripe.sessions[ref.psp_token]["payment_intent"]
        assert [(one.event_type, one.psp_token, one.reference) for one in told] == [
            ("payment_intent.succeeded", "", "ref-1"),
            ("checkout.session.completed", ref.psp_token, "ref-1"),
        ]
        assert {one.payment_reference for one in told} == {intent_id}
        assert state_of(client, ref) is ReportedState.CAPTURED

    def test_comes_at_every_turn_of_a_session(self, stripe: FakeStripe, client: StripeClient):
        paid_late, bounced, left = (register(client, f"ref-{n}") for n in range(3))
        held, lapsed = (register(client, f"ref-{n}", capture="manual") for n in (3, 4))
        stripe.shopper_is_declined(paid_late.psp_token)
        stripe.shopper_is_challenged(paid_late.psp_token)
        stripe.shopper_pays_by_debit(paid_late.psp_token)
        stripe.bank_settles(paid_late.psp_token)
        stripe.shopper_pays_by_debit(bounced.psp_token)
        stripe.bank_refuses(bounced.psp_token)
        client.cancel(client.prepare_cancel(left, key="k-c"))
        stripe.authorises(held.psp_token)
        client.capture(client.prepare_capture(found(client, held), TOTAL, key="k-2"))
        stripe.authorises(lapsed.psp_token)
        stripe.hold_lapses(lapsed.psp_token)
        of_each: dict[str, list[str]] = {}
        for one in self.notices(stripe, client):
            of_each.setdefault(one.reference, []).append(one.event_type)
        assert of_each == {
            "ref-0": [
                "payment_intent.payment_failed",
                "payment_intent.requires_action",
                "payment_intent.processing",
                "checkout.session.completed",
                "payment_intent.succeeded",
                "checkout.session.async_payment_succeeded",
            ],
            "ref-1": [
                "payment_intent.processing",
                "checkout.session.completed",
                "payment_intent.payment_failed",
                "checkout.session.async_payment_failed",
            ],
            "ref-2": ["checkout.session.expired"],
            "ref-3": [
                "payment_intent.amount_capturable_updated",
                "checkout.session.completed",
                "payment_intent.succeeded",
            ],
            "ref-4": [
                "payment_intent.amount_capturable_updated",
                "checkout.session.completed",
                "payment_intent.canceled",
            ],
        }

    def test_about_a_refund_names_it_and_one_about_a_dispute_calls_for_a_person(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_pays(ref.psp_token)
        ref = found(client, ref)
        refund_reference = give_back(client, ref, PART).refund_reference
        stripe.bank_moves_refund(refund_reference, "failed")
        stripe.shopper_disputes(ref.psp_token)
        told = self.notices(stripe, client)[2:]
        assert [(one.event_type, one.refund) for one in told] == [
            ("refund.created", RefundReference("rf-1", refund_reference)),
            ("charge.refunded", None),
            ("refund.failed", RefundReference("rf-1", refund_reference)),
            ("charge.dispute.created", None),
        ]
        assert {one.payment_reference for one in told} == {ref.payment_reference}
        assert [one.attention for one in told] == [
            "",
            "",
            "",
            "The shopper's bank disputes this charge (needs_response, fraudulent).",
        ]

    def test_is_good_for_five_minutes_and_signed_anew_when_it_comes_again(
        self, stripe: FakeStripe, client: StripeClient
    ):
        ref = register(client)
        stripe.shopper_walks_away(ref.psp_token)
        [event] = stripe.events
        stale = stripe.webhook(event)
        stripe.clock = lambda: NOON + timedelta(seconds=301)
        with pytest.raises(WebhookRejected):
            client.parse_webhook(*stale)
        [again] = client.parse_webhook(*stripe.webhook(event))
        assert again.event_id == event["id"]

    def test_is_posted_to_the_endpoint_once_each(
        self, stripe: FakeStripe, client: StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(client.webhook_response().status, b""))
        stripe.webhook_url = f"{psp.url}/webhooks/stripe/"
        ref = register(client)
        stripe.shopper_pays(ref.psp_token)
        assert stripe.deliver() == [200, 200]
        assert stripe.deliver() == []
        for seen in psp.requests:
            assert (seen.method, seen.path) == ("POST", "/webhooks/stripe/")
            [notice] = client.parse_webhook(seen.headers, seen.body)
            assert notice.reference == "ref-1"
