"""Stripe's webhooks: proved by its own library both ways, and read for the names that they tell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe.params import WebhookEndpointCreateParams

from psp_clients import stripe as package
from psp_clients.contract import (
    RefundReference,
    WebhookNotice,
    WebhookRejected,
    WebhookResponse,
)
from psp_clients.stripe import StripeClient
from psp_clients.stripe.signature import read_secret, signature
from psp_clients.stripe.webhooks import READERS

from .stripe_objects import (
    CHARGE,
    FOREIGN_SECRET,
    HEADER,
    INTENT,
    NOW,
    REFUND,
    SECRETS,
    TOKEN,
    charge,
    client_at,
    event,
    intent,
    refund,
    seconds,
    session,
    signed,
    webhook,
    words_of,
)

BODY = json.dumps(event()).encode()
SECRET, OLD_SECRET = SECRETS


@pytest.fixture
def client() -> StripeClient:
    return client_at("http://127.0.0.1:9")


def by_stripe(body: bytes, secret: str, at: datetime = NOW) -> str:
    """Return the header as Stripe's own library makes it."""
    made: str = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, timestamp=seconds(at)
    )
    return made


def notice_of(client: StripeClient, told: Mapping[str, Any]) -> WebhookNotice:
    (notice,) = client.parse_webhook(*webhook(told))
    return notice


def dispute(**changes: Any) -> dict[str, Any]:
    return {
        "id": "du_1",
        "object": "dispute",
        "amount": 1999,
        "charge": CHARGE,
        "currency": "eur",
        "payment_intent": INTENT,
        "reason": "fraudulent",
        "status": "needs_response",
        **changes,
    }


class TestASignature:
    def test_by_stripes_own_library_is_taken(self, client: StripeClient):
        for secret in SECRETS:
            assert len(client.parse_webhook({HEADER: by_stripe(BODY, secret)}, BODY)) == 1

    @given(text=st.text(), at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
    def test_is_the_same_here_and_there(self, text: str, at: datetime):
        body, stamp = text.encode("utf-8", "replace"), str(int(at.timestamp()))
        made = f"t={stamp},v1={signature(stamp, body, read_secret(SECRET))}"
        assert made == stripe.WebhookSignature.generate_signature_header(
            body.decode(), SECRET, timestamp=int(stamp)
        )
        assert stripe.WebhookSignature.verify_header(body.decode(), made, SECRET)

    def test_that_we_take_is_taken_there_and_one_that_is_not_is_not(self, client: StripeClient):
        headers, body = signed(BODY, FOREIGN_SECRET, OLD_SECRET)
        assert len(client.parse_webhook(headers, body)) == 1
        assert stripe.WebhookSignature.verify_header(body.decode(), headers[HEADER], OLD_SECRET)
        with pytest.raises(WebhookRejected):
            client.parse_webhook(headers, body + b" ")
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(body.decode() + " ", headers[HEADER], OLD_SECRET)

    def test_of_another_scheme_proves_nothing(self, client: StripeClient):
        genuine = signed(BODY, SECRET)[0][HEADER]
        for scheme in ("v0", "v2", "V1", "v", "v1 "):
            with pytest.raises(WebhookRejected):
                client.parse_webhook({HEADER: genuine.replace("v1", scheme)}, BODY)
        assert len(client.parse_webhook({HEADER: f"{genuine},v0=6ffb"}, BODY)) == 1

    @pytest.mark.parametrize(
        "change",
        [
            lambda header: header.upper(),
            lambda header: header.replace(",", ", "),
            lambda header: header.replace("t=", "t=0"),
            lambda header: header.replace("t=", "t=+"),
            lambda header: f"t=1,{header}",
            lambda header: header.partition(",")[2],
            lambda header: header.partition(",")[0],
            lambda header: header[:-1],
            lambda header: f"{header}=",
            lambda header: header + "," * 4096,
        ],
    )
    def test_that_is_malformed_is_rejected(self, client: StripeClient, change: Any):
        genuine = signed(BODY, SECRET)[0][HEADER]
        assert change(genuine) != genuine
        with pytest.raises(WebhookRejected):
            client.parse_webhook({HEADER: change(genuine)}, BODY)

    def test_of_a_body_that_was_written_anew_is_rejected(self, client: StripeClient):
        headers, body = webhook(event())
        written_anew = json.dumps(json.loads(body), separators=(",", ":")).encode()
        assert json.loads(written_anew) == json.loads(body)
        with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
            client.parse_webhook(headers, written_anew)


class TestAnEvent:
    def test_about_a_session_names_all_that_it_knows(self, client: StripeClient):
        assert notice_of(client, event()) == WebhookNotice(
            event_id="evt_1PQxVELkdIwHu7ix",
            event_type="checkout.session.completed",
            psp_token=TOKEN,
            reference="ref-1",
            occurred_at=NOW - timedelta(seconds=2),
            payment_reference=INTENT,
        )

    @pytest.mark.parametrize(
        "event_type",
        [
            "checkout.session.completed",
            "checkout.session.async_payment_succeeded",
            "checkout.session.async_payment_failed",
            "checkout.session.expired",
        ],
    )
    def test_about_a_session_that_has_no_payment_names_the_session(
        self, client: StripeClient, event_type: str
    ):
        told = notice_of(client, event(event_type, session("expired")))
        assert (told.event_type, told.psp_token, told.reference) == (event_type, TOKEN, "ref-1")
        assert (told.payment_reference, told.refund, told.attention) == ("", None, "")

    @pytest.mark.parametrize(
        "event_type",
        [
            "payment_intent.amount_capturable_updated",
            "payment_intent.canceled",
            "payment_intent.payment_failed",
            "payment_intent.processing",
            "payment_intent.requires_action",
            "payment_intent.succeeded",
        ],
    )
    def test_about_a_payment_names_it_and_our_reference(
        self, client: StripeClient, event_type: str
    ):
        told = notice_of(client, event(event_type, intent(latest_charge=CHARGE)))
        assert (told.psp_token, told.reference, told.payment_reference) == ("", "ref-1", INTENT)
        assert (told.refund, told.attention) == (None, "")

    def test_about_a_charge_names_its_payment(self, client: StripeClient):
        told = notice_of(client, event("charge.refunded", charge(amount_refunded=500)))
        assert (told.psp_token, told.reference, told.payment_reference) == ("", "ref-1", INTENT)

    @pytest.mark.parametrize(
        "event_type",
        ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"],
    )
    def test_about_a_refund_names_it_and_its_payment(self, client: StripeClient, event_type: str):
        told = notice_of(client, event(event_type, refund("failed")))
        assert told.refund == RefundReference("rf-1", REFUND)
        assert (told.psp_token, told.reference, told.payment_reference) == ("", "ref-1", INTENT)
        assert told.refund_report is None

    def test_about_a_refund_that_is_none_of_ours_names_it_by_stripes_id(self, client: StripeClient):
        told = notice_of(client, event("refund.created", refund(metadata={})))
        assert (told.refund, told.reference) == (RefundReference("", REFUND), "")
        assert told.payment_reference == INTENT

    @pytest.mark.parametrize(
        ("event_type", "words"),
        [
            ("created", "The shopper's bank disputes this charge (needs_response, fraudulent)."),
            ("closed", "The dispute of this charge is closed (needs_response, fraudulent)."),
            (
                "funds_withdrawn",
                "Stripe took the disputed money back (needs_response, fraudulent).",
            ),
            (
                "funds_reinstated",
                "Stripe gave the disputed money back to us (needs_response, fraudulent).",
            ),
        ],
    )
    def test_about_a_dispute_calls_for_a_person(
        self, client: StripeClient, event_type: str, words: str
    ):
        told = notice_of(client, event(f"charge.dispute.{event_type}", dispute()))
        assert (told.payment_reference, told.attention) == (INTENT, words)

    def test_about_a_dispute_repeats_no_prose(self, client: StripeClient):
        odd = dispute(status="<b>", reason=None)
        told = notice_of(client, event("charge.dispute.closed", odd))
        assert told.attention == "The dispute of this charge is closed."

    @pytest.mark.parametrize(
        "event_type",
        ["customer.created", "payout.paid", "charge.succeeded", "charge.dispute.updated", "x"],
    )
    def test_about_anything_else_is_nothing(self, client: StripeClient, event_type: str):
        assert client.parse_webhook(*webhook(event(event_type, {"id": "cus_1"}))) == []

    def test_of_each_kind_that_we_read_is_one_that_operators_are_told_to_choose(self):
        told = (Path(package.__file__).parent / "README.md").read_text()
        assert sorted(re.findall(r"^   - `(.+)`$", told, re.MULTILINE)) == sorted(READERS)

    def test_of_each_kind_that_we_read_is_one_that_stripes_library_knows(self):
        assert words_of(WebhookEndpointCreateParams, "enabled_events") >= READERS.keys()

    def test_may_hold_its_payment_whole(self, client: StripeClient):
        whole = event(about=session("complete/succeeded"))
        assert notice_of(client, whole).payment_reference == INTENT

    @pytest.mark.parametrize(
        "change",
        [
            {"object": "v2.core.event"},
            {"id": None},
            {"id": ""},
            {"id": "e" * 256},
            {"type": 1},
            {"created": "2026-11-22"},
            {"created": 0},
            {"created": 2**40},
            {"created": True},
            {"data": None},
            {"data": {"object": None}},
            {"data": {"object": session(id=None)}},
            {"data": {"object": session(client_reference_id=1)}},
            {"data": {"object": session(payment_intent=1)}},
        ],
    )
    def test_that_is_not_as_documented_is_rejected(
        self, client: StripeClient, change: dict[str, Any]
    ):
        with pytest.raises(WebhookRejected, match="the body is not an event"):
            client.parse_webhook(*webhook(event(**change)))

    def test_is_answered_with_a_bare_200(self, client: StripeClient):
        assert client.webhook_response() == WebhookResponse(200, b"", "text/plain")
