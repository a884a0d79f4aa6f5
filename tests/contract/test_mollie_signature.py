"""The proof of Mollie's newer webhooks: what is taken, and in which words anything else is not."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from psp_clients.contract import WebhookRejected
from psp_clients.mollie.signature import read_secret, verify

BODY = b'{"id": "event_1"}'
SECRETS = [b"new-secret", b"old-secret"]


def signature(secret: bytes = b"old-secret") -> str:
    """Return what Mollie would sign the body with."""
    return hmac.new(secret, BODY, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "header",
    [
        signature(),
        f"sha256={signature()}",
        f"sha256={signature(b'another')}, sha256={signature(b'new-secret')}",
        f"{signature(b'new-secret')},{signature(b'another')}",
    ],
)
def test_is_any_of_several_by_any_of_our_secrets(header: str):
    verify(header, BODY, secrets=SECRETS)


@pytest.mark.parametrize(
    "header",
    [
        signature(b"another"),
        signature().upper(),
        f"X{signature()}",
        f"sha1={signature()}",
        "sha256=",
        "x" * 1024,
    ],
)
def test_by_another_secret_is_none(header: str):
    with pytest.raises(WebhookRejected, match=r"^no signature is by a secret we know$"):
        verify(header, BODY, secrets=SECRETS)


@pytest.mark.parametrize("header", ["", "\u0661", "a\nb", "x" * 1025])
def test_of_other_characters_or_too_long_is_malformed(header: str):
    with pytest.raises(WebhookRejected, match=r"^the signature is malformed$"):
        verify(header, BODY, secrets=SECRETS)


def test_is_made_with_a_secret_of_visible_characters():
    assert read_secret("!secret~") == b"!secret~"
    assert read_secret("s" * 255) == b"s" * 255
    for wrong in ("", "seven77", "s" * 256, "with space", "with,comma", "s\u00e9cret-s"):
        with pytest.raises(
            ValueError, match=r"^a webhook secret is not 8 to 255 visible ASCII characters$"
        ):
            read_secret(wrong)
