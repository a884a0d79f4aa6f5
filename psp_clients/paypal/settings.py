"""What an account at PayPal has to be told, and a client made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from psp_clients.http import Transport, is_loopback
from psp_clients.paypal.certificates import HOSTS
from psp_clients.paypal.client import PayPalClient, utc_now
from psp_clients.settings import Mode, Setting

TEST_URL: Final = "https://api-m.sandbox.paypal.com"
LIVE_URL: Final = "https://api-m.paypal.com"

_ADDRESSES: Final = {
    f"https://{host}": psp_mode for psp_mode, hosts in HOSTS.items() for host in hosts
}
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_WEBHOOK_ID: Final = re.compile(r"[A-Za-z0-9]{1,50}")


def mode(values: Mapping[str, str]) -> Mode:
    """Tell from the address whether real money moves: PayPal's sandbox has one of its own."""
    return _ADDRESSES.get(values["URL"].rstrip("/"), Mode.TEST)


def build(
    values: Mapping[str, str], transport: Transport, now: Callable[[], datetime] = utc_now
) -> PayPalClient:
    """Return a client, to be kept and shared by threads; it opens no socket yet.

    Raises ValueError where the credentials or the webhook's id cannot be any.
    """
    return PayPalClient(
        transport,
        client_id=values["CLIENT_ID"],
        client_secret=values["CLIENT_SECRET"],
        webhook_id=values["WEBHOOK_ID"],
        mode=mode(values),
        now=now,
    )


def _fault_in_url(value: str) -> str:
    if value.rstrip("/") in _ADDRESSES:
        return ""
    if is_loopback(value):
        return ""
    return f"must be {TEST_URL}, or {LIVE_URL} for real money"


def _fault_in_credential(value: str) -> str:
    return "" if _CREDENTIAL.fullmatch(value) else "must be letters, digits, hyphens, underscores"


def _fault_in_webhook_id(value: str) -> str:
    return "" if _WEBHOOK_ID.fullmatch(value) else "must be 1 to 50 letters and digits"


SETTINGS: Final = (
    Setting(
        "URL",
        f"where its API is reached: {TEST_URL} for tests, {LIVE_URL} for real money",
        default=TEST_URL,
        fault_in=_fault_in_url,
    ),
    Setting("CLIENT_ID", "who we are: the REST app's client id", fault_in=_fault_in_credential),
    Setting(
        "CLIENT_SECRET",
        "what we show it: the REST app's secret",
        is_secret=True,
        fault_in=_fault_in_credential,
    ),
    Setting(
        "WEBHOOK_ID",
        "which webhook of the REST app is ours: its id, as PayPal's dashboard shows it",
        fault_in=_fault_in_webhook_id,
    ),
)
