"""Proves that a webhook comes from the sandbox PSP, now: Standard Webhooks.

The `standardwebhooks` package signs; what an attacker controls is compared here, because its
`verify` reads the wall clock itself, skips junk in base64, and lets other errors than its own out.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from standardwebhooks import Webhook

from psp_clients.contract import WebhookRejected

TOLERANCE: Final = timedelta(seconds=300)
PREFIX: Final = "whsec_"

FORMS: Final = {
    "webhook-id": re.compile(r"[\x21-\x7e]{1,255}"),
    "webhook-timestamp": re.compile(r"[1-9][0-9]{0,10}"),  # eleven digits: up to the year 5138
    "webhook-signature": re.compile(r"[\x20-\x7e]{1,4096}"),
}


def read_secret(secret: str) -> Webhook:
    """Return what signs with a `whsec_<base64>` secret; raise ValueError, silent about it."""
    return Webhook(secret_bytes(secret))


def secret_bytes(secret: str) -> bytes:
    """Return the key that a `whsec_<base64>` secret holds; raise ValueError, silent about it."""
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not key or encoded == secret:
        raise ValueError("a webhook secret is not whsec_<base64>")
    return key


def verify(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[Webhook], now: datetime
) -> str:
    """Return the event's id if one of `secrets` signed this within 300 s of `now`.

    Raises WebhookRejected, and nothing else, whatever the bytes.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event_id = _header(given, "webhook-id")
    timestamp = _header(given, "webhook-timestamp")
    signatures = _header(given, "webhook-signature")
    signed_at = datetime.fromtimestamp(int(timestamp), tz=UTC)
    if abs(now - signed_at) > TOLERANCE:
        raise WebhookRejected("signed too long ago, or in the future")
    expected = [secret.sign(event_id, signed_at, _text(body)).encode() for secret in secrets]
    offered = [signature.encode() for signature in signatures.split(" ")]
    if not any(hmac.compare_digest(one, other) for one in expected for other in offered):
        raise WebhookRejected("no signature is by a secret we know")
    return event_id


def _header(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "")
    if not FORMS[name].fullmatch(value):
        raise WebhookRejected(f"the header {name} is missing or malformed")
    return value


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise WebhookRejected("the body is not UTF-8") from None
