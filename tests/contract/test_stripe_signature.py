"""The proof of Stripe's webhooks: what is taken, and in which words anything else is refused."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from psp_clients.contract import WebhookRejected
from psp_clients.stripe.signature import read_secret, verify

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SIGNED_AT = int(NOW.timestamp())
BODY = b'{"id": "evt_1"}'
SECRETS = [b"whsec_new", b"whsec_old"]


def signature(secret: bytes = b"whsec_old", at: int | str = SIGNED_AT) -> str:
    """Return what Stripe would sign the body with."""
    return hmac.new(secret, f"{at}.".encode() + BODY, hashlib.sha256).hexdigest()


def check(header: str, now: datetime = NOW) -> None:
    """Verify what has this header."""
    verify({"Stripe-Signature": header}, BODY, secrets=SECRETS, now=now)


@pytest.mark.parametrize(
    "header",
    [
        f"t={SIGNED_AT},v1={signature()}",
        f"t={SIGNED_AT},v1={signature(b'whsec_new')}",
        f"v1={signature(b'another')},v0=x,v1={signature()},t={SIGNED_AT}",
    ],
)
def test_is_any_of_several_by_any_of_our_secrets(header: str):
    check(header)


@pytest.mark.parametrize(
    "header",
    [
        f"t={SIGNED_AT}",
        f"t={SIGNED_AT},v1={signature(b'another')}",
        f"t={SIGNED_AT},v0={signature()}",
        f"t={SIGNED_AT},v1={signature(at=SIGNED_AT + 1)}",
    ],
)
def test_by_another_secret_scheme_or_time_is_none(header: str):
    with pytest.raises(WebhookRejected, match=r"^no signature is by a secret we know$"):
        check(header)


@pytest.mark.parametrize(
    "times", ["", "t=", "t=1,t=1", "t=0", "t=01", "t=x", "t=-1", f"t={10**11}"]
)
def test_without_one_time_tells_none(times: str):
    with pytest.raises(WebhookRejected, match=r"^the signature tells no time$"):
        check(f"{times},v1={signature()}")


@pytest.mark.parametrize("header", ["", "a b", "\u0661", "x" * 4097])
def test_of_other_characters_or_too_long_is_malformed(header: str):
    with pytest.raises(WebhookRejected, match=r"^the signature is missing or malformed$"):
        check(header)


def test_that_is_not_there_is_missed():
    with pytest.raises(WebhookRejected, match=r"^the signature is missing or malformed$"):
        verify({}, BODY, secrets=SECRETS, now=NOW)


@pytest.mark.parametrize("apart", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_is_taken_for_five_minutes_either_way(apart: timedelta):
    header = f"t={SIGNED_AT},v1={signature()}"

    check(header, NOW + apart)
    with pytest.raises(WebhookRejected, match=r"^signed too long ago, or in the future$"):
        check(header, NOW + apart + apart / 300)


def test_is_made_with_a_secret_that_stripe_would_show():
    assert read_secret(f"whsec_{'a' * 16}") == b"whsec_" + b"a" * 16
    for wrong in ("", "a" * 16, f"whsec_{'a' * 15}", f"whsec_{'a' * 250}", f"whsec_{'a' * 16} "):
        with pytest.raises(ValueError, match=r"^a webhook secret is not whsec_…$"):
            read_secret(wrong)
