"""What an account at Adyen has to be told, and a client made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from psp_clients.adyen.calls import Account
from psp_clients.adyen.client import AdyenClient
from psp_clients.adyen.signature import read_key
from psp_clients.http import Transport, is_loopback
from psp_clients.settings import Mode, Setting, entries

TEST_URL: Final = "https://checkout-test.adyen.com/v72"

_LIVE_URL = re.compile(r"https://[0-9A-Za-z-]+-checkout-live\.adyenpayments\.com/checkout/v72/?")
_VISIBLE = re.compile(r"[\x21-\x7e]{1,512}")
_ACCOUNT = re.compile(r"[\x21-\x39\x3b-\x7e]{1,80}")  # no colon: it parts the signed fields


def mode(values: Mapping[str, str]) -> Mode:
    """Tell from the URL whether real money moves."""
    return Mode.LIVE if _LIVE_URL.fullmatch(values["URL"]) else Mode.TEST


def build(values: Mapping[str, str], transport: Transport) -> AdyenClient:
    """Return a client, to be kept and shared by threads; it opens no socket yet.

    Raises ValueError where the key, the account or an HMAC key cannot be one.
    """
    return AdyenClient(
        transport,
        api_key=values["API_KEY"],
        account=Account(values["MERCHANT_ACCOUNT"], values.get("THEME_ID", "")),
        hmac_keys=entries(values["HMAC_KEYS"]),
        mode=mode(values),
    )


def _fault_in_url(value: str) -> str:
    if value.rstrip("/") == TEST_URL or _LIVE_URL.fullmatch(value):
        return ""
    if is_loopback(value):
        return ""
    return (
        f"must be {TEST_URL}, or for real money"
        " https://<your prefix>-checkout-live.adyenpayments.com/checkout/v72"
    )


def _fault_in_key(value: str) -> str:
    return "" if _VISIBLE.fullmatch(value) else "must be made of visible ASCII characters"


def _fault_in_account(value: str) -> str:
    return "" if _ACCOUNT.fullmatch(value) else "must be the name of one merchant account"


def _fault_in_hmac_keys(value: str) -> str:
    try:
        keys = [read_key(entry) for entry in entries(value)]
    except ValueError:
        keys = []
    return "" if keys else "must hold keys of 64 hexadecimal digits, separated by commas"


def _fault_in_theme(value: str) -> str:
    return "" if not value or _VISIBLE.fullmatch(value) else "must be made of visible ASCII"


SETTINGS: Final = (
    Setting(
        "URL",
        "where its Checkout API v72 is reached: the address tells test from live",
        default=TEST_URL,
        fault_in=_fault_in_url,
    ),
    Setting("API_KEY", "what we show it", is_secret=True, fault_in=_fault_in_key),
    Setting(
        "MERCHANT_ACCOUNT",
        "the one account that is charged on, and that its webhooks are set up for",
        fault_in=_fault_in_account,
    ),
    Setting(
        "HMAC_KEYS",
        "how its webhooks are signed: one or more keys, separated by commas, to rotate them",
        is_secret=True,
        fault_in=_fault_in_hmac_keys,
    ),
    Setting(
        "THEME_ID",
        "how its hosted pages look; the account's own look where it is empty",
        default="",
        fault_in=_fault_in_theme,
    ),
)
