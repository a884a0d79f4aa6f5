"""What Mollie's client has to be told, and what is wrong with a value that cannot be one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from psp_clients.http import Transport
from psp_clients.mollie.client import API_KEY, MollieClient
from psp_clients.mollie.signature import read_secret
from psp_clients.settings import Mode, Setting

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def _fault_in_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        scheme, host = "", None
    if not host or scheme not in {"http", "https"}:
        return "is not an http(s) address"
    if scheme == "http" and host not in LOOPBACK:
        return "is not https, so that the API key could be read on the way"
    return ""


def _fault_in_api_key(value: str) -> str:
    return "" if API_KEY.fullmatch(value) else "is not test_… or live_… as Mollie hands keys out"


def _fault_in_secrets(value: str) -> str:
    try:
        for secret in _secrets(value):
            read_secret(secret)
    except ValueError:
        return "is not secrets of 8 to 255 visible ASCII characters, separated by commas"
    return ""


SETTINGS: Final = (
    Setting(
        name="URL",
        means="Where Mollie's API is, for test and live keys alike.",
        default="https://api.mollie.com",
        fault_in=_fault_in_url,
    ),
    Setting(
        name="API_KEY",
        means="The website profile's key: test_… plays, live_… moves money.",
        is_secret=True,
        fault_in=_fault_in_api_key,
    ),
    Setting(
        name="WEBHOOK_SECRETS",
        means="Secrets of Mollie's signed webhooks, separated by commas; empty without any.",
        default="",
        is_secret=True,
        fault_in=_fault_in_secrets,
    ),
)


def mode(values: Mapping[str, str]) -> Mode:
    """Tell whether real money moves: Mollie's keys say so themselves."""
    return Mode.LIVE if values["API_KEY"].startswith("live_") else Mode.TEST


def build(values: Mapping[str, str], transport: Transport) -> MollieClient:
    """Return a client of the account that `values` tell of; raise ValueError for a wrong one."""
    return MollieClient(
        transport,
        api_key=values["API_KEY"],
        webhook_secrets=_secrets(values.get("WEBHOOK_SECRETS", "")),
    )


def _secrets(value: str) -> list[str]:
    return [secret.strip() for secret in value.split(",") if secret.strip()]
