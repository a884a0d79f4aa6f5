"""Proves that a webhook comes from Stripe, now: its header `Stripe-Signature`.

What is signed is the time, a point, and the raw body: nothing is parsed before it is proved. The
time is checked both ways, which Stripe's own library does not: it takes any future.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from psp_clients.contract import WebhookRejected

HEADER: Final = "stripe-signature"
SCHEME: Final = "v1"  # v0 is for tests of Stripe's, and proves nothing
TOLERANCE: Final = timedelta(seconds=300)

_SECRET = re.compile(r"whsec_[0-9A-Za-z+/=_-]{16,249}")
_HEADER = re.compile(r"[\x21-\x7e]{1,4096}")
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,10}")  # eleven digits: up to the year 5138


def read_secret(secret: str) -> bytes:
    """Return the key that a secret is, prefix and all; raise ValueError, silent about it."""
    if not _SECRET.fullmatch(secret):
        raise ValueError("a webhook secret is not whsec_…")
    return secret.encode()


def verify(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[bytes], now: datetime
) -> None:
    """Return if one of `secrets` signed this within 300 s of `now`, else raise WebhookRejected.

    Nothing else is raised, whatever the bytes. While a secret is rolled Stripe signs with both,
    so one good signature is enough.
    """
    given = {name.lower(): value for name, value in headers.items()}
    header = given.get(HEADER, "")
    if not _HEADER.fullmatch(header):
        raise WebhookRejected("the signature is missing or malformed")
    parts = [part.partition("=")[::2] for part in header.split(",")]
    timestamp = _only([value for name, value in parts if name == "t"])
    if abs(now - datetime.fromtimestamp(int(timestamp), tz=UTC)) > TOLERANCE:
        raise WebhookRejected("signed too long ago, or in the future")
    offered = [value.encode() for name, value in parts if name == SCHEME]
    expected = [signature(timestamp, body, secret).encode() for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in expected for other in offered):
        raise WebhookRejected("no signature is by a secret we know")


def signature(timestamp: str, body: bytes, secret: bytes) -> str:
    """Return what a secret makes of a time in seconds and a body."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _only(timestamps: Sequence[str]) -> str:
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise WebhookRejected("the signature tells no time")
    return timestamps[0]
