"""Proves that a webhook's item comes from Adyen: HMAC-SHA256 over eight of its fields.

Whatever else an item says (reason, date, additional data) is not covered. Nor is the time: an item
may be sent again, and bears the same event id then.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

from psp_clients.contract import WebhookRejected
from psp_clients.strict_json import JsonObject

MERCHANT_REFERENCE: Final = "merchantReference"

_KEY = re.compile(r"[0-9A-Fa-f]{64}")
# The fields are joined by colons and not escaped. Only the merchant's reference may hold one:
# with another colon, the same signature would fit to other fields.
_FIELD = re.compile(r"[^:]{0,255}", re.DOTALL)
_REFERENCE = re.compile(r".{0,255}", re.DOTALL)


def read_key(key: str) -> bytes:
    """Return the bytes of an HMAC key as Adyen shows it; raise ValueError, silent about it."""
    if not _KEY.fullmatch(key):
        raise ValueError("an HMAC key is not 64 hexadecimal digits")
    return binascii.a2b_hex(key)


def verify(item: JsonObject, *, keys: Sequence[bytes]) -> None:
    """Raise WebhookRejected, and nothing else, unless one of `keys` signed this item."""
    signed = _signed_bytes(item)
    data = item.get("additionalData")
    offered = data.get("hmacSignature") if isinstance(data, dict) else None
    if not isinstance(offered, str) or not offered:
        raise WebhookRejected("an item bears no signature")
    if not any(hmac.compare_digest(sign(signed, key=key), offered.encode("utf-8")) for key in keys):
        raise WebhookRejected("an item's signature is by no key that we know")


def sign(signed: bytes, *, key: bytes) -> bytes:
    """Return the signature, in base64 as it is sent."""
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def _signed_bytes(item: JsonObject) -> bytes:
    amount = item.get("amount")
    money = amount if isinstance(amount, dict) else {}
    fields = (
        _field(item, "pspReference"),
        _field(item, "originalReference"),
        _field(item, "merchantAccountCode"),
        _field(item, MERCHANT_REFERENCE),
        _number(money.get("value")),
        _field(money, "currency"),
        _field(item, "eventCode"),
        _field(item, "success"),
    )
    return ":".join(fields).encode("utf-8")


def _field(source: JsonObject, name: str) -> str:
    """Return a signed field as sent; one that is missing or null is signed as empty."""
    value = source.get(name)
    form = _REFERENCE if name == MERCHANT_REFERENCE else _FIELD
    if value is None:
        return ""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise WebhookRejected(f"the signed field {name} is not as Adyen writes it")
    return value


def _number(value: object) -> str:
    if value is None:
        return ""
    if type(value) is not int:
        raise WebhookRejected("the signed field value is not as Adyen writes it")
    return str(value)
