"""The proof of the sandbox's webhooks: what is taken, and in which words anything else is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from psp_clients.contract import WebhookRejected
from psp_clients.sandbox.signature import read_secret, secret_bytes, verify

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SIGNED_AT = str(int(NOW.timestamp()))
BODY = b'{"id": "evt_1"}'
NEW, OLD = (b"a new secret", b"an old one")


def shown(key: bytes) -> str:
    """Return a secret as it is shown."""
    return f"whsec_{base64.b64encode(key).decode()}"


SECRETS = [read_secret(shown(key)) for key in (NEW, OLD)]


def signature(key: bytes = OLD, at: str = SIGNED_AT, body: bytes = BODY) -> str:
    """Return what the sandbox would sign an event with."""
    signed = f"evt_1.{at}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def headers(**changes: str) -> dict[str, str]:
    """Return the headers of a genuine event, or others where they are given."""
    genuine = {"id": "evt_1", "timestamp": SIGNED_AT, "signature": signature()}
    return {f"Webhook-{name.title()}": value for name, value in {**genuine, **changes}.items()}


def check(given: dict[str, str], *, now: datetime = NOW, body: bytes = BODY) -> str:
    """Verify what has these headers."""
    return verify(given, body, secrets=SECRETS, now=now)


@pytest.mark.parametrize(
    "signatures",
    [signature(), signature(NEW), f"{signature(b'another')} {signature()}"],
)
def test_is_any_of_several_by_any_of_our_secrets_and_names_the_event(signatures: str):
    assert check(headers(signature=signatures)) == "evt_1"


@pytest.mark.parametrize(
    "signatures", [signature(b"another"), signature().upper(), f"{signature()},", "v1"]
)
def test_by_another_secret_is_none(signatures: str):
    with pytest.raises(WebhookRejected, match=r"^no signature is by a secret we know$"):
        check(headers(signature=signatures))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", ""),
        ("id", "evt 1"),
        ("id", "e" * 256),
        ("timestamp", ""),
        ("timestamp", "0"),
        ("timestamp", "1" * 12),
        ("signature", ""),
        ("signature", "\u0661"),
        ("signature", "v" * 4097),
    ],
)
def test_without_a_header_of_its_form_is_malformed(name: str, value: str):
    words = f"^the header webhook-{name} is missing or malformed$"

    with pytest.raises(WebhookRejected, match=words):
        check(headers(**{name: value}))


@pytest.mark.parametrize("missing", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_that_lacks_a_header_is_malformed(missing: str):
    words = f"^the header {missing.lower()} is missing or malformed$"

    with pytest.raises(WebhookRejected, match=words):
        check({name: value for name, value in headers().items() if name != missing})


@pytest.mark.parametrize("apart", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_is_taken_for_five_minutes_either_way(apart: timedelta):
    assert check(headers(), now=NOW + apart) == "evt_1"
    with pytest.raises(WebhookRejected, match=r"^signed too long ago, or in the future$"):
        check(headers(), now=NOW + apart + apart / 300)


def test_of_what_is_no_text_is_none():
    with pytest.raises(WebhookRejected, match=r"^the body is not UTF-8$"):
        check(headers(signature=signature(body=b"\xff")), body=b"\xff")


def test_is_made_with_a_secret_in_base64_padded_or_not():
    assert secret_bytes("whsec_YWI=") == secret_bytes("whsec_YWI") == b"ab"
    assert secret_bytes("whsec_YWJj") == b"abc"
    for wrong in ("", "YWJj", "whsec_", "whsec_YWJj!", "whsec_Y", "WHSEC_YWJj"):
        with pytest.raises(ValueError, match=r"^a webhook secret is not whsec_<base64>$"):
            secret_bytes(wrong)
