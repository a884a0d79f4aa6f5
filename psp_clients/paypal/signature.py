"""Proves that a webhook comes from PayPal: what its headers say, and what they sign.

PayPal signs "<transmission id>|<time>|<webhook id>|<CRC-32 of the body>" with RSA and SHA-256. The
webhook id is ours and not in the request, so a webhook meant for somebody else proves nothing.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from psp_clients.contract import WebhookRejected

ALGORITHM: Final = "SHA256withRSA"
# PayPal publishes no limit. It tries for three days, and may sign once for all its tries.
OLDEST: Final = timedelta(days=4)
CLOCKS_APART: Final = timedelta(minutes=5)

_FORMS: Final = {
    "paypal-transmission-id": re.compile(r"[0-9A-Za-z-]{1,50}"),
    "paypal-transmission-time": re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"
    ),
    "paypal-transmission-sig": re.compile(r"[A-Za-z0-9+/]{1,498}={0,2}"),
    "paypal-cert-url": re.compile(r"[\x21-\x7e]{1,500}"),
    "paypal-auth-algo": re.compile(re.escape(ALGORITHM)),
}


@dataclass(frozen=True, slots=True)
class Transmission:
    """What the headers of one delivery say. Well formed, and nothing is proved yet."""

    transmission_id: str
    time: str
    signature: bytes
    cert_url: str


def read_transmission(headers: Mapping[str, str], now: datetime) -> Transmission:
    """Return what a delivery of the last days claims. Raises WebhookRejected."""
    given = {name.lower(): value for name, value in headers.items()}
    for name, form in _FORMS.items():
        if not form.fullmatch(given.get(name, "")):
            raise WebhookRejected(f"the header {name} is missing or malformed")
    time = given["paypal-transmission-time"]
    if not now - OLDEST <= _instant(time) <= now + CLOCKS_APART:
        raise WebhookRejected("sent too long ago, or in the future")
    return Transmission(
        transmission_id=given["paypal-transmission-id"],
        time=time,
        signature=_decoded(given["paypal-transmission-sig"]),
        cert_url=given["paypal-cert-url"],
    )


def is_signed(
    transmission: Transmission, body: bytes, *, webhook_id: str, key: RSAPublicKey
) -> bool:
    """Tell whether a key's owner signed this delivery of this body, to this webhook of ours."""
    signed = "|".join(
        (transmission.transmission_id, transmission.time, webhook_id, str(zlib.crc32(body)))
    )
    try:
        key.verify(transmission.signature, signed.encode("ascii"), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def question(transmission: Transmission, body: bytes, *, webhook_id: str) -> bytes:
    """Return what asks PayPal whether it signed a body, which must be one JSON object.

    The body goes in byte for byte: written anew, it would have another checksum.
    """
    words = {
        "auth_algo": ALGORITHM,
        "cert_url": transmission.cert_url,
        "transmission_id": transmission.transmission_id,
        "transmission_sig": base64.b64encode(transmission.signature).decode(),
        "transmission_time": transmission.time,
        "webhook_id": webhook_id,
    }
    opened = json.dumps(words, separators=(",", ":")).encode("ascii")[:-1]
    return opened + b',"webhook_event":' + body + b"}"


def _instant(time: str) -> datetime:
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        raise WebhookRejected("the transmission's time is none") from None


def _decoded(signature: str) -> bytes:
    try:
        decoded = base64.b64decode(signature, validate=True)
    except ValueError:
        decoded = b""
    # Base64 has several spellings of the same bytes, and PayPal writes one.
    if base64.b64encode(decoded).decode() != signature:
        raise WebhookRejected("the signature is not base64")
    return decoded
