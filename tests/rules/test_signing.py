"""How a shop knows that a notification is ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from payments.domain.signing import signed_headers

OLD, NEW = (f"whsec_{base64.b64encode(letter * 32).decode()}" for letter in (b"o", b"n"))
AT = datetime(2030, 1, 10, 12, tzinfo=UTC)
BODY = '{"type":"purchase.successful","data":{"amount":"19.99 €"}}'


def headers(*secrets: str, at: datetime = AT) -> dict[str, str]:
    return signed_headers(message_id="evt_1", body=BODY, at=at, secrets=secrets)


def headers_now(*secrets: str) -> dict[str, str]:
    """Return what the library takes, which looks at the clock."""
    return headers(*secrets, at=datetime.now(tz=UTC))


def test_it_is_signed_over_id_time_and_body() -> None:
    at = datetime(2030, 1, 10, 12, 0, 0, 999_999, tzinfo=UTC)
    signed = f"evt_1.1894276800.{BODY}".encode()
    expected = base64.b64encode(hmac.digest(b"n" * 32, signed, hashlib.sha256)).decode()

    assert headers(NEW, at=at) == {
        "webhook-id": "evt_1",
        "webhook-timestamp": "1894276800",
        "webhook-signature": f"v1,{expected}",
    }


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_library_takes_it_by_either_secret_while_two_are_live(secret: str) -> None:
    assert Webhook(secret).verify(BODY, headers_now(NEW, OLD))["type"] == "purchase.successful"


def test_it_bears_a_signature_by_each_live_secret_in_their_order() -> None:
    new, old = (headers(secret)["webhook-signature"] for secret in (NEW, OLD))

    assert headers(NEW, OLD)["webhook-signature"] == f"{new} {old}"


def test_the_library_refuses_it_with_another_body_or_by_another_secret() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY.replace("19.99", "19.98"), headers_now(NEW))
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, headers_now(NEW))


def test_without_a_secret_it_bears_no_signature() -> None:
    assert headers()["webhook-signature"] == ""
