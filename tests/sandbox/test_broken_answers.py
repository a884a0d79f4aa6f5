"""An answer of the sandbox PSP that breaks on purpose."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.merchant import Merchant


def test_is_a_closed_connection_after_the_charge(merchant: Merchant):
    session = merchant.register(amount="20.05")

    with pytest.raises(requests.ConnectionError) as broken:
        merchant.purchase(session, key=session.token)

    assert isinstance(broken.value.args[0].args[1], http.client.RemoteDisconnected)
    assert merchant.books(session)["charged"] == "20.05"
    assert merchant.status(session) == "paid"
    replayed = merchant.purchase(session, key=session.token)
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert replayed.json()["status"] == "paid"
    fresh = merchant.purchase(session)
    assert fresh.headers["Token-Used"] == "true"
    assert len(merchant.books(session)["charges"]) == 1


def test_holds_not_a_single_byte(merchant: Merchant):
    session = merchant.register(amount="20.05")
    address = urlsplit(merchant.sandbox.base_url)
    body = b'{"amount": "20.05", "currency": "EUR"}'
    request = (
        f"POST /psp/v1/sessions/{session.token}/purchase HTTP/1.1\r\n"
        f"Host: {address.netloc}\r\nAuthorization: Bearer {merchant.sandbox.api_key}\r\n"
        f"Idempotency-Key: {session.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()

    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(request + body)
        received = connection.recv(1)

    assert received == b""
    assert merchant.books(session)["charged"] == "20.05"


def test_is_an_error_twice_before_any_charge(merchant: Merchant):
    session = merchant.register(amount="20.07")

    for _ in range(2):
        failed = merchant.purchase(session, key=session.token)
        assert failed.status_code == 500
        assert "Nothing-Happened" not in failed.headers
        assert merchant.status(session) == "open"
        assert merchant.books(session)["charges"] == []

    worked = merchant.purchase(session, key=session.token)
    assert (worked.status_code, worked.json()["status"]) == (200, "paid")
    assert merchant.books(session)["charged"] == "20.07"
    assert merchant.books(session)["purchase_requests"] == 3


def test_is_an_error_once_after_the_charge(merchant: Merchant):
    session = merchant.register(amount="20.08")

    failed = merchant.purchase(session, key=session.token)
    charged = merchant.books(session)["charged"]
    worked = merchant.purchase(session, key=session.token)

    assert (failed.status_code, charged) == (500, "20.08")
    assert (worked.status_code, worked.json()["status"]) == (200, "paid")
    assert len(merchant.books(session)["charges"]) == 1
