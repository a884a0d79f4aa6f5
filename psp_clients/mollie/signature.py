"""Proves that a webhook comes from Mollie: HMAC-SHA256 over the raw body, in hexadecimal.

Mollie signs no time, so that a webhook is as good late as early: what it says is looked up. Only
its newer webhooks are signed at all.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

from psp_clients.contract import WebhookRejected

HEADER: Final = "x-mollie-signature"
PREFIX: Final = "sha256="

_SECRET = re.compile(r"[\x21-\x2b\x2d-\x7e]{8,255}")  # visible, and no comma: it separates them
_HEADER = re.compile(r"[\x20-\x7e]{1,1024}")


def read_secret(secret: str) -> bytes:
    """Return the key that a secret is; raise ValueError, silent about it, if it cannot be one."""
    if not _SECRET.fullmatch(secret):
        raise ValueError("a webhook secret is not 8 to 255 visible ASCII characters")
    return secret.encode()


def verify(header: str, body: bytes, *, secrets: Sequence[bytes]) -> None:
    """Return if one of `secrets` signed `body`; else raise WebhookRejected, and nothing else.

    During a rotation Mollie sends the header twice, which arrives joined by a comma. Its
    documentation shows signatures with and without "sha256=": both are taken.
    """
    if not _HEADER.fullmatch(header):
        raise WebhookRejected("the signature is malformed")
    offered = [part.strip(" ").removeprefix(PREFIX).encode() for part in header.split(",")]
    expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in expected for other in offered):
        raise WebhookRejected("no signature is by a secret we know")
