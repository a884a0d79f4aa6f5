"""Stripe's client: what is its own, beside the common promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import stripe
from stripe.params.checkout import SessionCreateParams

from psp_clients.contract import (
    ConfirmMode,
    Declined,
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
)
from psp_clients.stripe import StripeClient
from psp_clients.stripe.calls import API_VERSION, LOCALES, decoded, locale_for
from psp_clients.stripe.mapping import INTENT_STATES, REFUND_STATES, SESSION_STATES
from psp_clients.stripe.money import DIGITS
from psp_clients.stripe.refusals import STATE_CODES

from . import stripe_objects as objects
from .servers import ReplayingPsp, Reply
from .stripe_objects import (
    API_KEY,
    BARE_REF,
    CHARGE,
    INTENT,
    KEY,
    NOW,
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
    refund,
    seconds,
    session,
)

HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Idempotency-Key": KEY,
    "Stripe-Version": "2026-10-28.endive",
}
EXPANDED = "expand[0]=payment_intent.latest_charge"
WHOLE_SESSION = f"/v1/checkout/sessions/{TOKEN}?{EXPANDED}".translate({91: "%5B", 93: "%5D"})


@pytest.fixture
def client(psp: ReplayingPsp) -> StripeClient:
    return client_at(psp.url)


@pytest.fixture
def official(psp: ReplayingPsp) -> Iterator[stripe.StripeClient]:
    """Give Stripe's own library, pointed at the same server."""
    http = stripe.RequestsClient()
    yield stripe.StripeClient(
        API_KEY, base_addresses={"api": psp.url}, max_network_retries=0, http_client=http
    )
    http.close()


def prepared(client: StripeClient) -> dict[str, PreparedCall]:
    return {
        "register": client.prepare_register(REGISTRATION, key=KEY),
        "capture": client.prepare_capture(REF, PART, key=KEY),
        "expire": client.prepare_cancel(BARE_REF, key=KEY),
        "cancel": client.prepare_cancel(REF, key=KEY),
        "refund": client.prepare_refund(REF, PART, refund_id="rf-1", reason="late", key=KEY),
    }


def registered(client: StripeClient) -> RegisteredSession:
    return client.register(client.prepare_register(REGISTRATION, key=KEY))


def given_back(client: StripeClient) -> RefundReport:
    return client.refund(prepared(client)["refund"])


class TestPreparing:
    def test_a_registration_to_the_byte(self, client: StripeClient):
        assert prepared(client)["register"] == PreparedCall(
            operation=Operation.REGISTER,
            method="POST",
            path="/v1/checkout/sessions",
            headers=HEADERS,
            body=b"mode=payment&client_reference_id=ref-1"
            b"&success_url=https%3A%2F%2Fbps.example%2Freturn%2F"
            b"&cancel_url=https%3A%2F%2Fbps.example%2Freturn%2F"
            b"&expires_at=1795352400&locale=en"
            b"&line_items[0][quantity]=1&line_items[0][price_data][currency]=eur"
            b"&line_items[0][price_data][unit_amount]=1999"
            b"&line_items[0][price_data][product_data][name]=c-1001"
            b"&metadata[bps_reference]=ref-1&metadata[bps_checkout_id]=c-1001&metadata[order]=o-1"
            b"&payment_intent_data[metadata][bps_reference]=ref-1"
            b"&payment_intent_data[metadata][bps_checkout_id]=c-1001"
            b"&payment_intent_data[metadata][order]=o-1",
            key=KEY,
        )

    def test_captures_by_hand_where_the_shop_does(self, client: StripeClient):
        call = client.prepare_register(replace(REGISTRATION, capture="manual"), key=KEY)
        assert b"&payment_intent_data[capture_method]=manual&" in call.body
        assert b"capture_method" not in prepared(client)["register"].body

    def test_the_other_calls_to_the_byte(self, client: StripeClient):
        calls = prepared(client)
        del calls["register"]
        assert {call.method for call in calls.values()} == {"POST"}
        assert all(call.headers == HEADERS for call in calls.values())
        assert {name: (call.operation, call.path, call.body) for name, call in calls.items()} == {
            "capture": (
                Operation.CAPTURE,
                f"/v1/payment_intents/{INTENT}/capture",
                b"amount_to_capture=500&expand[0]=latest_charge",
            ),
            "expire": (
                Operation.CANCEL,
                f"/v1/checkout/sessions/{TOKEN}/expire",
                EXPANDED.encode(),
            ),
            "cancel": (
                Operation.CANCEL,
                f"/v1/payment_intents/{INTENT}/cancel",
                b"expand[0]=latest_charge",
            ),
            "refund": (
                Operation.REFUND,
                "/v1/refunds",
                f"payment_intent={INTENT}&amount=500&metadata[bps_reference]=ref-1"
                "&metadata[bps_refund_id]=rf-1&metadata[bps_reason]=late".encode(),
            ),
        }

    def test_sends_what_stripes_own_library_sends(
        self, client: StripeClient, official: stripe.StripeClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, {}))
        odd = "é [1] %5B & ü=ö"
        registration = replace(REGISTRATION, capture="manual", metadata={"note": odd})
        ours = [
            client.prepare_register(registration, key=KEY),
            *(prepared(client)[name] for name in ("capture", "expire", "cancel", "refund")),
        ]
        notes = {"bps_reference": "ref-1", "bps_checkout_id": "c-1001", "note": odd}
        keyed: stripe.RequestOptions = {"idempotency_key": KEY}
        v1 = official.v1
        v1.checkout.sessions.create(
            {
                "mode": "payment",
                "client_reference_id": "ref-1",
                "success_url": "https://bps.example/return/",
                "cancel_url": "https://bps.example/return/",
                "expires_at": seconds(NOW + timedelta(hours=1)),
                "locale": "en",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "eur",
                            "unit_amount": 1999,
                            "product_data": {"name": "c-1001"},
                        },
                    }
                ],
                "metadata": notes,
                "payment_intent_data": {"capture_method": "manual", "metadata": notes},
            },
            keyed,
        )
        v1.payment_intents.capture(
            INTENT, {"amount_to_capture": 500, "expand": ["latest_charge"]}, keyed
        )
        v1.checkout.sessions.expire(TOKEN, {"expand": ["payment_intent.latest_charge"]}, keyed)
        v1.payment_intents.cancel(INTENT, {"expand": ["latest_charge"]}, keyed)
        v1.refunds.create(
            {
                "payment_intent": INTENT,
                "amount": 500,
                "metadata": {
                    "bps_reference": "ref-1",
                    "bps_refund_id": "rf-1",
                    "bps_reason": "late",
                },
            },
            keyed,
        )
        assert [(seen.method, seen.path, seen.body) for seen in psp.requests] == [
            (call.method, call.path, call.body) for call in ours
        ]
        for seen in psp.requests:
            sent = {name: seen.headers[name.lower()] for name in HEADERS}
            assert sent == HEADERS

    def test_asks_as_stripes_own_library_asks(
        self, client: StripeClient, official: stripe.StripeClient, psp: ReplayingPsp
    ):
        since = NOW - timedelta(days=1)
        psp.will_answer(Reply(200, session("complete/succeeded")))
        client.fetch(BARE_REF)
        psp.will_answer(Reply(200, refund()))
        client.fetch_refund(REF, REFUND_REF)
        psp.will_answer(listing(refund()))
        client.fetch_refund(REF, RefundReference("rf-1"))
        psp.will_answer(listing())
        assert list(client.transactions(since, NOW)) == []
        ours = [(seen.method, seen.path, seen.body) for seen in psp.requests]
        psp.requests.clear()

        v1 = official.v1
        v1.checkout.sessions.retrieve(TOKEN, {"expand": ["payment_intent.latest_charge"]})
        v1.refunds.retrieve(REFUND)
        v1.refunds.list({"payment_intent": INTENT, "limit": 50})
        v1.balance_transactions.list(
            {
                "created": {"gte": seconds(since), "lt": seconds(NOW)},
                "expand": ["data.source"],
                "limit": 50,
            }
        )
        assert ours == [(seen.method, seen.path, seen.body) for seen in psp.requests]

    def test_speaks_the_version_that_stripes_library_documents(self, client: StripeClient):
        assert stripe.api_version == API_VERSION
        sent = {name.partition("[")[0] for name in decoded(prepared(client)["register"].body)}
        assert sent <= SessionCreateParams.__annotations__.keys()

    def test_the_order_of_notes_does_not_change_the_bytes(self, client: StripeClient):
        one = replace(REGISTRATION, metadata={"a": "1", "b": "2"})
        other = replace(REGISTRATION, metadata={"b": "2", "a": "1"})
        assert client.prepare_register(one, key=KEY) == client.prepare_register(other, key=KEY)

    def test_leaves_out_notes_that_stripe_does_not_take(self, client: StripeClient):
        many = {f"n{number:02}": "x" for number in range(60)}
        odd = {"[a]": "b", "": "c", "k" * 41: "d", "e": "", "f": "g" * 501}
        ours = {"bps_reference": "forged", "bps_checkout_id": "forged"}
        call = client.prepare_register(replace(REGISTRATION, metadata=odd | ours), key=KEY)
        assert {k: v for k, v in decoded(call.body).items() if k.startswith("metadata")} == {
            "metadata[bps_reference]": "ref-1",
            "metadata[bps_checkout_id]": "c-1001",
        }
        full = decoded(client.prepare_register(replace(REGISTRATION, metadata=many), key=KEY).body)
        assert len([name for name in full if name.startswith("metadata")]) == 50
        assert "metadata[n47]" in full
        assert "metadata[n48]" not in full

    @pytest.mark.parametrize(
        ("wanted", "sent"),
        [
            (timedelta(minutes=-5), timedelta(minutes=35)),
            (timedelta(minutes=15), timedelta(minutes=35)),
            (timedelta(minutes=35), timedelta(minutes=35)),
            (timedelta(minutes=36), timedelta(minutes=36)),
            (timedelta(hours=23, minutes=55), timedelta(hours=23, minutes=55)),
            (timedelta(hours=24), timedelta(hours=23, minutes=55)),
            (timedelta(days=9), timedelta(hours=23, minutes=55)),
        ],
    )
    def test_keeps_to_the_times_that_stripe_takes(
        self, client: StripeClient, wanted: timedelta, sent: timedelta
    ):
        call = client.prepare_register(replace(REGISTRATION, expires_at=NOW + wanted), key=KEY)
        assert decoded(call.body)["expires_at"] == str(seconds(NOW + sent))

    def test_times_mean_the_same_everywhere(self, client: StripeClient):
        east = REGISTRATION.expires_at.astimezone(timezone(timedelta(hours=2)))
        assert (
            client.prepare_register(replace(REGISTRATION, expires_at=east), key=KEY)
            == prepared(client)["register"]
        )
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_register(
                replace(REGISTRATION, expires_at=east.replace(tzinfo=None)), key=KEY
            )
        assert caught.value.field == "expires_at"

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("en", "en"),
            ("nl-NL", "nl"),
            ("en-GB", "en-GB"),
            ("en_GB", "en-GB"),
            ("en-US", "en"),
            ("pt-BR", "pt-BR"),
            ("zh-TW", "zh-TW"),
            ("fr_CA", "fr-CA"),
            ("ar", None),
            ("auto", None),
            ("", None),
        ],
    )
    def test_the_page_speaks_the_shoppers_language_where_stripe_does(
        self, client: StripeClient, ours: str, theirs: str | None
    ):
        assert locale_for(ours) == theirs
        call = client.prepare_register(replace(REGISTRATION, locale=ours), key=KEY)
        assert decoded(call.body).get("locale") == theirs

    def test_lists_the_40_languages_of_stripes_page(self):
        assert len(LOCALES) == 40

    def test_without_a_payment_nothing_is_taken_or_given_back(
        self, client: StripeClient, psp: ReplayingPsp
    ):
        for prepare in (
            lambda: client.prepare_capture(BARE_REF, PART, key=KEY),
            lambda: client.prepare_refund(BARE_REF, PART, refund_id="r", reason="", key=KEY),
        ):
            with pytest.raises(InvalidRequest) as caught:
                prepare()
            assert caught.value.field == "payment_reference"
        assert psp.connections == 0

    def test_a_refund_needs_no_reason_and_keeps_the_beginning_of_a_long_one(
        self, client: StripeClient
    ):
        def sent(reason: str) -> str | None:
            call = client.prepare_refund(REF, PART, refund_id="rf-1", reason=reason, key=KEY)
            return decoded(call.body).get("metadata[bps_reason]")

        assert sent("") is None
        assert sent("é" * 501) == "é" * 500

    @pytest.mark.parametrize("reference", ["", "r" * 201])
    def test_a_reference_that_stripe_does_not_take_is_refused(
        self, client: StripeClient, reference: str
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_register(replace(REGISTRATION, reference=reference), key=KEY)
        assert caught.value.field == "reference"

    def test_text_that_cannot_be_sent_is_refused(self, client: StripeClient):
        with pytest.raises(InvalidRequest, match="not text that can be sent"):
            client.prepare_register(replace(REGISTRATION, checkout_id="\ud800"), key=KEY)

    @pytest.mark.parametrize("opaque", ["", ".", ".."])
    def test_an_id_that_would_name_another_path_is_refused(
        self, client: StripeClient, psp: ReplayingPsp, opaque: str
    ):
        with pytest.raises(InvalidRequest):
            client.prepare_cancel(replace(BARE_REF, psp_token=opaque), key=KEY)
        with pytest.raises(InvalidRequest):
            client.prepare_capture(replace(REF, payment_reference=opaque), PART, key=KEY)
        assert psp.connections == 0

    def test_an_opaque_id_stays_one_segment_of_the_path(self, client: StripeClient):
        call = client.prepare_cancel(replace(BARE_REF, psp_token="cs/../x?y#z é"), key=KEY)
        assert call.path == "/v1/checkout/sessions/cs%2F..%2Fx%3Fy%23z%20%C3%A9/expire"


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

    def test_knows_every_code_that_it_reads_from_stripes_library(self):
        codes = str(stripe.PaymentIntent.LastPaymentError.__annotations__["code"])
        assert set(re.findall(r"\w+", codes)) >= STATE_CODES

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

    @pytest.mark.parametrize(
        "change",
        [
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
        ],
    )
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(200, session(**change)))
        with pytest.raises(InDoubt):
            registered(client)


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

    @pytest.mark.parametrize(
        "change",
        [
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
        ],
    )
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(200, session("complete/succeeded", **change)))
        with pytest.raises(InDoubt):
            client.fetch(REF)

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
        whole = intent(latest_charge=paid, client_secret=f"{INTENT}_secret_x")
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
        bare = intent(latest_charge=charge(), client_secret="[removed]")
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

    @pytest.mark.parametrize("change", [{"id": "pi_other"}, {"id": None}, {"amount": None}])
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(200, intent(**change)))
        with pytest.raises(InDoubt):
            client.capture(prepared(client)["capture"])


class TestCancelling:
    def test_an_open_session_makes_it_expire(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session("expired")))
        report = client.cancel(prepared(client)["expire"])
        assert (report.state, report.money) == (ReportedState.EXPIRED, TOTAL)

    def test_an_authorised_payment_lets_it_go(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, intent("canceled")))
        report = client.cancel(prepared(client)["cancel"])
        assert (report.state, report.captured) == (ReportedState.CANCELLED, None)

    def test_that_ended_nothing_is_no_fence(self, client: StripeClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session("expired/processing")))
        assert client.cancel(prepared(client)["expire"]).state is ReportedState.PENDING
        psp.will_answer(Reply(200, session("expired/succeeded")))
        assert client.cancel(prepared(client)["expire"]).state is ReportedState.CAPTURED

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

    @pytest.mark.parametrize(
        "change",
        [
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
        ],
    )
    def test_is_in_doubt_where_it_is_answered_otherwise(
        self, client: StripeClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(Reply(200, refund(**change)))
        with pytest.raises(InDoubt):
            given_back(client)

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
