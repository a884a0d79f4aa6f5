"""What Mollie's client has to be told, and what is wrong with a value that cannot be one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from psp_clients.http import Transport, url_or_https_fault
from psp_clients.mollie.client import API_KEY, MollieClient
from psp_clients.mollie.signature import read_secret
from psp_clients.settings import Mode, Setting, entries


def mode(values: Mapping[str, str]) -> Mode:
    """Tell whether real money moves: Mollie's keys say so themselves."""
    return Mode.LIVE if values["API_KEY"].startswith("live_") else Mode.TEST


def build(values: Mapping[str, str], transport: Transport) -> MollieClient:
    """Return a client, to be kept and shared by threads; it opens no socket yet.

    Raises ValueError where the key or a secret cannot be one.
    """
    return MollieClient(
        transport,
        api_key=values["API_KEY"],
        webhook_secrets=entries(values["WEBHOOK_SECRETS"]),
    )


def _fault_in_api_key(value: str) -> str:
    return "" if API_KEY.fullmatch(value) else "must be test_… or live_…, as Mollie hands keys out"


def _fault_in_secrets(value: str) -> str:
    try:
        for secret in entries(value):
            read_secret(secret)
    except ValueError:
        return "must hold secrets of 8 to 255 visible ASCII characters, separated by commas"
    return ""


SETTINGS: Final = (
    Setting(
        "URL",
        "where its API is reached: the same for test and live keys",
        default="https://api.mollie.com",
        fault_in=url_or_https_fault,
    ),
    Setting(
        "API_KEY",
        "the website profile's key: test_… plays, live_… moves money",
        is_secret=True,
        fault_in=_fault_in_api_key,
    ),
    Setting(
        "WEBHOOK_SECRETS",
        "how its webhook events are signed: secrets, separated by commas; empty without events",
        default="",
        is_secret=True,
        fault_in=_fault_in_secrets,
    ),
)
