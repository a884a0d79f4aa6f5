"""The proof of Adyen's webhooks: what is taken, and in which words anything else is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from psp_clients.adyen.signature import read_key, verify
from psp_clients.contract import WebhookRejected

KEY = bytes(range(32))
OTHER = bytes(32)


def item(signed: str, **changes: Any) -> dict[str, Any]:
    """Return an item that bears the signature of a text."""
    signature = base64.b64encode(hmac.new(KEY, signed.encode(), hashlib.sha256).digest())
    return {
        "pspReference": "P1",
        "originalReference": "P0",
        "merchantAccountCode": "Shop",
        "merchantReference": "a:1",
        "amount": {"value": 1999, "currency": "EUR"},
        "eventCode": "CAPTURE",
        "success": "true",
        "additionalData": {"hmacSignature": signature.decode()},
        **changes,
    }


SIGNED = "P1:P0:Shop:a:1:1999:EUR:CAPTURE:true"


def test_is_by_any_key_over_eight_fields_in_their_order():
    verify(item(SIGNED), keys=[OTHER, KEY])
    verify(item(SIGNED), keys=[KEY, OTHER])


def test_takes_what_is_missing_for_empty():
    nothing = dict.fromkeys(("pspReference", "originalReference", "success", "amount"))
    verify(item("::Shop:a:1:::CAPTURE:", **nothing), keys=[KEY])


@pytest.mark.parametrize("keys", [[], [OTHER]])
def test_by_another_key_is_none(keys: list[bytes]):
    with pytest.raises(WebhookRejected, match=r"^an item's signature is by no key that we know$"):
        verify(item(SIGNED), keys=keys)


@pytest.mark.parametrize("data", [None, [], {}, {"hmacSignature": ""}, {"hmacSignature": 5}])
def test_that_is_not_there_is_missed(data: object):
    with pytest.raises(WebhookRejected, match=r"^an item bears no signature$"):
        verify(item(SIGNED, additionalData=data), keys=[KEY])


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"pspReference": "P:1"}, "pspReference"),
        ({"pspReference": "P" * 256}, "pspReference"),
        ({"success": True}, "success"),
        ({"merchantReference": "r" * 256}, "merchantReference"),
        ({"amount": {"value": "1999", "currency": "EUR"}}, "value"),
        ({"amount": {"value": True, "currency": "EUR"}}, "value"),
        ({"amount": {"value": 1999, "currency": "E:R"}}, "currency"),
    ],
)
def test_over_fields_that_could_be_read_in_two_ways_is_none(changes: dict[str, Any], name: str):
    with pytest.raises(
        WebhookRejected, match=f"^the signed field {name} is not as Adyen writes it$"
    ):
        verify(item(SIGNED, **changes), keys=[KEY])


def test_is_made_with_a_key_of_64_hexadecimal_digits():
    assert read_key("00Ff" * 16) == b"\x00\xff" * 16
    for wrong in ("", "00" * 31, "00" * 33, "0g" * 32, " " + "00" * 32):
        with pytest.raises(ValueError, match=r"^an HMAC key is not 64 hexadecimal digits$"):
            read_key(wrong)
