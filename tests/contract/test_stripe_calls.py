"""The calls of Stripe's client, to the byte, and as Stripe's own library makes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
import stripe
from stripe.params.checkout import SessionCreateParams

from psp_clients.contract import (
    InvalidRequest,
    Operation,
    PreparedCall,
    RefundReference,
)
from psp_clients.stripe import StripeClient
from psp_clients.stripe.calls import API_VERSION, LOCALES, decoded, locale_for

from .servers import ReplayingPsp, Reply
from .stripe_objects import (
    API_KEY,
    BARE_REF,
    INTENT,
    KEY,
    NOW,
    PART,
    REF,
    REFUND,
    REFUND_REF,
    REGISTRATION,
    TOKEN,
    client_at,
    listing,
    prepared,
    refund,
    seconds,
    session,
    words_of,
)

HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Idempotency-Key": KEY,
    "Stripe-Version": "2026-10-28.endive",
}
EXPANDED = "expand[0]=payment_intent.latest_charge"


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
            ("hi", None),
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

    def test_lists_the_languages_of_stripes_page(self):
        assert LOCALES | {"auto"} == words_of(SessionCreateParams, "locale")

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
