"""Stripe's client: what is its own, beside the common promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from psp_clients.contract import (
    ConfirmMode,
    Declined,
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
from psp_clients.stripe import StripeClient
from psp_clients.stripe.mapping import INTENT_STATES, REFUND_STATES, SESSION_STATES
from psp_clients.stripe.money import DIGITS
from psp_clients.stripe.refusals import STATE_CODES
from tests.taken import taken

from . import stripe_objects as objects
from .servers import ReplayingPsp, Reply
from .stripe_objects import (
    API_KEY,
    BARE_REF,
    CHARGE,
    INTENT,
    KEY,
    OTHER,
    PART,
    REF,
    REFUND,
    REFUND_REF,
    REGISTRATION,
    TOKEN,
    TOTAL,
    charge,
    client_at,
    decline,
    error,
    intent,
    listing,
    prepared,
    refund,
    session,
    words_of,
)

WHOLE_SESSION = f"/v1/checkout/sessions/{TOKEN}?expand%5B0%5D=payment_intent.latest_charge"


@pytest.fixture
def client(psp: ReplayingPsp) -> StripeClient:
    return client_at(psp.url)


def registered(client: StripeClient) -> RegisteredSession:
    return client.register(client.prepare_register(REGISTRATION, key=KEY))


def given_back(client: StripeClient) -> RefundReport:
    return client.refund(prepared(client)["refund"])


class TestTheClient:
    def test_says_what_it_can(self, client: StripeClient):
        can = client.capabilities
        assert client.name == "stripe"
        assert can.confirm_mode is ConfirmMode.READS
        assert (can.can_poll, can.can_cancel) == (True, True)
        assert (can.partial_refund, can.manual_capture) == (True, True)
        assert can.currencies == frozenset(DIGITS)
        assert can.key_window == timedelta(hours=24)
        assert not can.ends_at_expiry

    def test_translates_exactly_the_documented_words(self):
        assert SESSION_STATES == objects.PAYMENT_WORDS
        assert INTENT_STATES == objects.INTENT_WORDS
        assert REFUND_STATES == objects.REFUND_WORDS

    def test_translates_every_status_of_a_session_and_of_its_payment(self):
        pairs = [word.partition("/") for word in SESSION_STATES]
        assert {pair[0] for pair in pairs} == words_of(stripe.checkout.Session, "status")
        assert {pair[2] for pair in pairs if pair[2]} == words_of(stripe.PaymentIntent, "status")

    def test_knows_every_code_that_it_reads_from_stripes_library(self):
        assert words_of(stripe.PaymentIntent.LastPaymentError, "code") >= STATE_CODES

    def test_sends_its_key_and_the_version(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session()))
        registered(client)
        client.fetch(BARE_REF)
        for seen in psp.requests:
            assert seen.headers["authorization"] == f"Bearer {API_KEY}"
            assert seen.headers["stripe-version"] == "2026-10-28.endive"

    def test_says_when_a_refusal_was_kept_under_the_key(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(error(500, kind="api_error", Idempotent_Replayed="true"))
        with pytest.raises(InDoubt) as caught:
            registered(client)
        assert str(caught.value) == "register: answered 500 api_error (kept under this key)"

    def test_tells_why_and_how_long_to_wait(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(error(402, "card_declined", kind="card_error", decline_code="lost_card"))
        with pytest.raises(Declined) as declined:
            client.capture(prepared(client)["capture"])
        assert declined.value.code == "lost_card"
        psp.will_answer(error(400, param="amount"))
        with pytest.raises(InvalidRequest) as invalid:
            given_back(client)
        assert invalid.value.field == "amount"
        waits = {"7": timedelta(seconds=7), "99999": timedelta(hours=1), "soon": None, "": None}
        for told, wait in waits.items():
            psp.will_answer(error(429, "rate_limit", Retry_After=told))
            with pytest.raises(RetryableRejected) as limited:
                registered(client)
            assert limited.value.retry_after == wait


class TestRegistering:
    def test_returns_where_to_send_the_shopper(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session()))
        assert registered(client) == RegisteredSession(
            psp_token=TOKEN,
            purchase_url=f"https://checkout.stripe.com/c/pay/{TOKEN}#fid",
            expires_at=datetime(2026, 11, 22, 13, tzinfo=UTC),
            evidence=session(),
        )

    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"client_reference_id": "ref-2"},
            {"client_reference_id": None},
            {"amount_total": 1998},
            {"amount_total": "1999"},
            {"amount_total": None},
            {"currency": "usd"},
            {"id": None},
            {"id": ""},
            {"id": "c" * 256},
            {"expires_at": None},
            {"expires_at": "1795352400"},
            {"expires_at": -1},
            {"expires_at": 2**40},
            {"url": None},
            {"url": ""},
            {"url": "javascript:alert(1)"},
            {"url": "//checkout.stripe.com/"},
            {"url": "/c/pay"},
            {"url": "https://"},
            {"url": "https://["},
            {"url": "https://checkout.stripe.com/\r\nX: y"},
            {"url": "https://checkout.stripe.com/" + "x" * 2000},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, session(**change)))
            return registered(client)

        assert taken(changes, answered, InDoubt) == []


class TestLookingUp:
    def test_reports_a_payment(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session("complete/succeeded")))
        assert client.fetch(BARE_REF) == Report(
            state=ReportedState.CAPTURED,
            psp_word="complete/succeeded",
            money=TOTAL,
            captured=TOTAL,
            payment_reference=INTENT,
            evidence=session("complete/succeeded"),
        )
        assert [seen.path for seen in psp.requests] == [WHOLE_SESSION]

    def test_names_no_payment_while_the_session_is_what_can_be_ended(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        named = {}
        for word in objects.PAYMENT_WORDS:
            psp.will_answer(Reply(200, session(word)))
            named[word] = client.fetch(BARE_REF).payment_reference
        unnamed = {word for word, reference in named.items() if not reference}
        assert unnamed == {
            "open",
            "open/requires_payment_method",
            "open/requires_confirmation",
            "open/requires_action",
            "open/processing",
            "expired",
        }
        assert {named[word] for word in named.keys() - unnamed} == {INTENT}

    def test_tells_why_a_method_was_refused_and_that_it_is_not_the_end(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        for word, state in (
            ("open/requires_payment_method", ReportedState.OPEN),
            ("complete/requires_payment_method", ReportedState.DECLINED),
        ):
            psp.will_answer(Reply(200, session(word)))
            report = client.fetch(BARE_REF)
            assert (report.state, report.captured) == (state, None)
            assert (report.reason_code, report.reason_text) == (
                "insufficient_funds",
                "Your card has insufficient funds.",
            )

    @pytest.mark.parametrize(
        ("last_payment_error", "code"),
        [
            ({**decline(), "decline_code": None}, "card_declined"),
            ({"type": "api_error"}, ""),
            (None, ""),
        ],
    )
    def test_tells_as_much_of_a_reason_as_there_is(
        self,
        client: StripeClient,
        psp: ReplayingPsp,
        last_payment_error: dict[str, Any] | None,
        code: str,
    ):
        tried = intent("requires_payment_method", last_payment_error=last_payment_error)
        psp.will_answer(Reply(200, session(payment_intent=tried)))
        assert client.fetch(BARE_REF).reason_code == code

    def test_tells_why_a_payment_was_cancelled(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session("complete/canceled")))
        report = client.fetch(BARE_REF)
        assert (report.state, report.reason_code) == (ReportedState.CANCELLED, "abandoned")

    def test_tells_what_was_captured_of_what_was_asked(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        part = session(payment_intent=intent(amount_received=500), status="complete")
        psp.will_answer(Reply(200, part))
        report = client.fetch(REF)
        assert (report.money, report.captured) == (TOTAL, PART)

    @pytest.mark.parametrize(
        "word", ["complete/teleported", "teleported/succeeded", "open/canceled", "complete"]
    )
    def test_a_pair_of_words_that_no_table_lists_is_pending_and_marked(
        self, client: StripeClient, psp: ReplayingPsp, word: str
    ):
        psp.will_answer(Reply(200, session(word)))
        report = client.fetch(BARE_REF)
        assert (report.state, report.known, report.psp_word) == (
            ReportedState.PENDING,
            False,
            word,
        )

    def test_something_for_nothing_is_none_of_our_payments(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        free = session("complete", payment_status="no_payment_required")
        psp.will_answer(Reply(200, free))
        report = client.fetch(BARE_REF)
        assert (report.known, report.psp_word) == (False, "complete/no_payment_required")

    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"id": OTHER},
            {"client_reference_id": "ref-2"},
            {"client_reference_id": None},
            {"status": None},
            {"status": 1},
            {"amount_total": None},
            {"amount_total": 19.99},
            {"currency": "xxx"},
            {"payment_intent": INTENT},  # not whole, though it was asked for
            {"payment_intent": intent(id="pi_other")},
            {"payment_intent": intent(status=None)},
            {"payment_intent": intent(amount_received=None)},
            {"payment_intent": intent(currency=None)},
            {"payment_intent": intent(last_payment_error="no")},
            {"payment_intent": None, "payment_status": None},
            {"metadata": {"note": "\0"}},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, session("complete/succeeded", **change)))
            return client.fetch(REF)

        assert taken(changes, answered, InDoubt) == []

    def test_keeps_neither_secrets_nor_the_shoppers_own(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        ann = {"email": "ann@shopper.example", "name": "Ann", "address": {"city": "Ghent"}}
        paid = charge(
            billing_details=ann,
            payment_method_details={"card": {"last4": "4242"}, "type": "card"},
            receipt_email=ann["email"],
            receipt_url="https://pay.stripe.com/receipts/x",
            shipping=ann,
        )
        card = {"billing_details": ann, "card": {"last4": "0002"}, "id": "pm_1"}
        whole = intent(
            latest_charge=paid,
            client_secret=f"{INTENT}_secret_x",
            last_payment_error={**decline(), "payment_method": card},
            next_action={"type": "multibanco_display_details"},
        )
        psp.will_answer(
            Reply(
                200,
                session(
                    "complete",
                    payment_intent=whole,
                    customer_details=ann,
                    customer_email=ann["email"],
                    collected_information={"shipping_details": ann},
                    shipping_details=ann,
                    list=[{"billing_details": ann}],
                ),
            )
        )
        kept = client.fetch(REF).evidence
        bare = intent(
            latest_charge=charge(), client_secret="[removed]", last_payment_error=decline()
        )
        assert kept == session("complete", payment_intent=bare, list=[{}])

    def test_searches_the_newest_by_our_reference_while_there_is_no_token(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        others = [session(id=f"cs_test_{n}", client_reference_id=n) for n in ("a", None, "c")]
        psp.will_answer(
            listing(*others, has_more=True),
            listing(*others, session("complete/succeeded")),
            Reply(200, session("complete/succeeded")),
        )
        report = client.fetch(PspReference(psp_token="", reference="ref-1"))
        assert (report.state, report.payment_reference) == (ReportedState.CAPTURED, INTENT)
        assert [seen.path for seen in psp.requests] == [
            "/v1/checkout/sessions?limit=50",
            "/v1/checkout/sessions?limit=50&starting_after=cs_test_c",
            WHOLE_SESSION,
        ]

    def test_is_in_doubt_where_two_bear_our_reference(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(listing(session(), session(id=OTHER)))
        with pytest.raises(InDoubt, match="2 bear the reference"):
            client.fetch(PspReference(psp_token="", reference="ref-1"))

    def test_gives_up_searching_after_a_thousand(self, client: StripeClient, psp: ReplayingPsp):
        foreign = (session(id=f"cs_{n}", client_reference_id="x") for n in range(30))
        psp.will_answer(*(listing(one, has_more=True) for one in foreign))
        with pytest.raises(InDoubt, match="none of the newest sessions bears the reference"):
            client.fetch(PspReference(psp_token="", reference="ref-1"))
        assert len(psp.requests) == 20


class TestCapturing:
    def test_takes_a_part(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, intent(amount_received=500)))
        assert client.capture(prepared(client)["capture"]) == Report(
            state=ReportedState.CAPTURED,
            psp_word="succeeded",
            money=TOTAL,
            captured=PART,
            payment_reference=INTENT,
            evidence=intent(amount_received=500),
        )

    @pytest.mark.parametrize("word", ["requires_payment_method", "requires_action", "teleported"])
    def test_with_a_word_that_is_none_of_its_ends_is_pending_and_marked(
        self, client: StripeClient, psp: ReplayingPsp, word: str
    ):
        psp.will_answer(Reply(200, intent(word)))
        report = client.capture(prepared(client)["capture"])
        assert (report.state, report.known, report.captured) == (
            ReportedState.PENDING,
            False,
            None,
        )

    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"id": "pi_other"},
            {"id": None},
            {"amount": None},
            {"amount_received": 499},
            {"amount_received": 1999},
            {"amount_received": 0},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, intent(**{"amount_received": 500, **change})))
            return client.capture(prepared(client)["capture"])

        assert taken(changes, answered, InDoubt) == []


class TestCancelling:
    def test_an_open_session_makes_it_expire(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session("expired")))
        report = client.cancel(prepared(client)["expire"])
        assert (report.state, report.money) == (ReportedState.EXPIRED, TOTAL)

    def test_a_session_is_answered_as_a_look_at_it_is(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        for word, state in objects.PAYMENT_WORDS.items():
            psp.will_answer(Reply(200, session(word)))
            report = client.cancel(prepared(client)["expire"])
            assert (report.state, report.known) == (state, True)
            assert report == client.fetch(BARE_REF)

    def test_an_authorised_payment_lets_it_go(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, intent("canceled")))
        report = client.cancel(prepared(client)["cancel"])
        assert (report.state, report.captured) == (ReportedState.CANCELLED, None)

    def test_of_another_is_in_doubt(self, client: StripeClient, psp: ReplayingPsp):
        for name, answered in (
            ("expire", session("expired", id=OTHER)),
            ("cancel", intent("canceled", id="pi_other")),
        ):
            psp.will_answer(Reply(200, answered))
            with pytest.raises(InDoubt):
                client.cancel(prepared(client)[name])


class TestRefunding:
    def test_reports_the_refund(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, refund()))
        assert given_back(client) == RefundReport(
            state=RefundState.SUCCESSFUL,
            psp_word="succeeded",
            refund_reference=REFUND,
            money=PART,
            evidence=refund(),
        )

    def test_tells_why_it_failed(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, refund("failed", failure_reason="expired_or_canceled_card")))
        report = given_back(client)
        assert (report.state, report.reason_code) == (
            RefundState.FAILED,
            "expired_or_canceled_card",
        )

    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"payment_intent": "pi_other"},
            {"payment_intent": None},
            {"amount": 501},
            {"amount": "500"},
            {"currency": "xxx"},
            {"metadata": {"bps_reference": "ref-1", "bps_refund_id": "rf-2"}},
            {"metadata": {}},
            {"metadata": None},
            {"id": None},
            {"status": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, refund(**change)))
            return given_back(client)

        assert taken(changes, answered, InDoubt) == []

    def test_is_looked_up_by_its_id(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, refund("failed")))
        assert client.fetch_refund(REF, REFUND_REF).state is RefundState.FAILED
        assert psp.requests[0].path == f"/v1/refunds/{REFUND}"
        for ref, wanted in (
            (REF, RefundReference("rf-2", REFUND)),
            (REF, RefundReference("rf-1", "re_other")),
            (replace(REF, reference="ref-2"), REFUND_REF),
        ):
            with pytest.raises(InDoubt):
                client.fetch_refund(ref, wanted)

    def test_is_searched_among_those_of_its_payment_while_the_id_is_not_known(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        others = [refund(id="re_0", metadata={}), refund(id="re_1", metadata=None)]
        psp.will_answer(listing(*others, has_more=True), listing(refund("pending")))
        found = client.fetch_refund(REF, RefundReference("rf-1"))
        assert (found.state, found.refund_reference) == (RefundState.PENDING, REFUND)
        assert [seen.path for seen in psp.requests] == [
            f"/v1/refunds?payment_intent={INTENT}&limit=50",
            f"/v1/refunds?payment_intent={INTENT}&limit=50&starting_after=re_1",
        ]

    def test_asks_for_the_payment_first_where_it_is_not_known(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, session("complete/succeeded")), listing(refund()))
        found = client.fetch_refund(BARE_REF, RefundReference("rf-1"))
        assert found.refund_reference == REFUND
        assert psp.requests[0].path == WHOLE_SESSION

    @pytest.mark.parametrize("lines", [[], [refund(), refund(id="re_2")]])
    def test_that_is_not_found_once_is_in_doubt(
        self, client: StripeClient, psp: ReplayingPsp, lines: list[dict[str, Any]]
    ):
        psp.will_answer(listing(*lines))
        with pytest.raises(InDoubt, match=f"{len(lines)} bear the reference"):
            client.fetch_refund(REF, RefundReference("rf-1"))

    def test_of_a_session_without_a_payment_is_in_doubt(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, session()))
        with pytest.raises(InDoubt, match="nothing was paid"):
            client.fetch_refund(BARE_REF, RefundReference("rf-1"))


class TestTheWire:
    @pytest.mark.parametrize("has_more", [None, 1, "true"])
    def test_wants_to_know_whether_a_list_goes_on(
        self, client: StripeClient, psp: ReplayingPsp, has_more: object
    ):
        psp.will_answer(Reply(200, {"data": [refund()], "has_more": has_more}))
        with pytest.raises(InDoubt):
            client.fetch_refund(REF, RefundReference("rf-1"))

    def test_does_not_turn_pages_for_ever(self, client: StripeClient, psp: ReplayingPsp):
        for lines in ([], [refund(metadata={})]):
            psp.will_answer(listing(*lines, has_more=True))
            with pytest.raises(InDoubt, match="the list does not end"):
                client.fetch_refund(REF, RefundReference("rf-1"))


def test_what_is_made_here_is_about_one_charge():
    assert intent()["latest_charge"]["id"] == CHARGE
    assert Money("19.99", "EUR") == TOTAL
