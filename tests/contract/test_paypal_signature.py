"""The proof of PayPal's webhooks: what a delivery claims, and in which words it is refused."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from psp_clients.contract import WebhookRejected
from psp_clients.paypal.signature import Transmission, is_signed, question, read_transmission

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BODY = b'{"id": "WH-1",  "n": 1}'
SENT = Transmission("t-1", "2030-01-01T00:00:00Z", b"proof!", "https://api.paypal.com/cert")
HEADERS = {
    "Paypal-Transmission-Id": "t-1",
    "Paypal-Transmission-Time": "2030-01-01T00:00:00Z",
    "Paypal-Transmission-Sig": "cHJvb2Yh",
    "Paypal-Cert-Url": "https://api.paypal.com/cert",
    "Paypal-Auth-Algo": "SHA256withRSA",
}


def at(moment: datetime) -> dict[str, str]:
    return {**HEADERS, "Paypal-Transmission-Time": f"{moment:%Y-%m-%dT%H:%M:%S}Z"}


def test_is_read_from_the_headers():
    assert read_transmission(HEADERS, NOW) == SENT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Paypal-Transmission-Id", "t_1"),
        ("Paypal-Transmission-Id", "t" * 51),
        ("Paypal-Transmission-Time", "2030-01-01 00:00:00Z"),
        ("Paypal-Transmission-Time", "2030-01-01T00:00:00"),
        ("Paypal-Transmission-Sig", "cHJv-2Yh"),
        ("Paypal-Transmission-Sig", "c" * 501),
        ("Paypal-Cert-Url", "https://api.paypal.com/ cert"),
        ("Paypal-Auth-Algo", "SHA1withRSA"),
    ],
)
def test_without_a_header_of_its_form_is_malformed(name: str, value: str):
    words = f"^the header {name.lower()} is missing or malformed$"

    with pytest.raises(WebhookRejected, match=words):
        read_transmission({**HEADERS, name: value}, NOW)
    with pytest.raises(WebhookRejected, match=words):
        read_transmission({n: v for n, v in HEADERS.items() if n != name}, NOW)


@pytest.mark.parametrize(
    ("sent_at", "beyond"),
    [
        (NOW - timedelta(days=4), -timedelta(seconds=1)),
        (NOW + timedelta(minutes=5), timedelta(seconds=1)),
    ],
)
def test_is_taken_for_four_days_and_of_clocks_five_minutes_apart(
    sent_at: datetime, beyond: timedelta
):
    assert read_transmission(at(sent_at), NOW).transmission_id == "t-1"
    with pytest.raises(WebhookRejected, match=r"^sent too long ago, or in the future$"):
        read_transmission(at(sent_at + beyond), NOW)


def test_of_a_day_that_is_none_is_refused():
    headers = {**HEADERS, "Paypal-Transmission-Time": "2030-02-30T00:00:00Z"}

    with pytest.raises(WebhookRejected, match=r"^the transmission's time is none$"):
        read_transmission(headers, NOW)


@pytest.mark.parametrize("signature", ["cHJvb2Y", "cHJvb2Z=", "c"])
def test_in_another_spelling_of_base64_is_refused(signature: str):
    with pytest.raises(WebhookRejected, match=r"^the signature is not base64$"):
        read_transmission({**HEADERS, "Paypal-Transmission-Sig": signature}, NOW)


def test_is_over_id_time_our_webhook_and_the_bodys_checksum():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signed = f"t-1|2030-01-01T00:00:00Z|WEBHOOK|{zlib.crc32(BODY)}".encode()
    sent = Transmission(
        SENT.transmission_id, SENT.time, private.sign(signed, PKCS1v15(), SHA256()), SENT.cert_url
    )
    key = private.public_key()

    assert is_signed(sent, BODY, webhook_id="WEBHOOK", key=key) is True
    assert is_signed(sent, BODY + b" ", webhook_id="WEBHOOK", key=key) is False
    assert is_signed(sent, BODY, webhook_id="ANOTHER", key=key) is False


def test_is_asked_for_with_the_bodys_own_bytes():
    asked = question(SENT, BODY, webhook_id="WEBHOOK")

    assert asked.endswith(b',"webhook_event":' + BODY + b"}")
    assert json.loads(asked) == {
        "auth_algo": "SHA256withRSA",
        "cert_url": "https://api.paypal.com/cert",
        "transmission_id": "t-1",
        "transmission_sig": "cHJvb2Yh",
        "transmission_time": "2030-01-01T00:00:00Z",
        "webhook_id": "WEBHOOK",
        "webhook_event": {"id": "WH-1", "n": 1},
    }
