"""What an account at Stripe has to be told, and a client made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from psp_clients.http import Transport, url_or_https_fault
from psp_clients.settings import Mode, Setting, entries
from psp_clients.stripe.client import API_KEY, StripeClient, utc_now
from psp_clients.stripe.signature import read_secret


def mode(values: Mapping[str, str]) -> Mode:
    """Tell whether real money moves: Stripe's keys say so themselves."""
    return Mode.LIVE if values["API_KEY"].startswith(("sk_live_", "rk_live_")) else Mode.TEST


def build(
    values: Mapping[str, str], transport: Transport, now: Callable[[], datetime] = utc_now
) -> StripeClient:
    """Return a client, to be kept and shared by threads; it opens no socket yet.

    `now` is the clock that webhooks' ages and sessions' times are taken against. Raises
    ValueError where the key or a secret cannot be one.
    """
    return StripeClient(
        transport,
        api_key=values["API_KEY"],
        webhook_secrets=entries(values["WEBHOOK_SECRETS"]),
        now=now,
    )


def _fault_in_api_key(value: str) -> str:
    if API_KEY.fullmatch(value):
        return ""
    return "must be a secret or restricted key: sk_test_…, rk_test_…, sk_live_… or rk_live_…"


def _fault_in_secrets(value: str) -> str:
    try:
        secrets = [read_secret(entry) for entry in entries(value)]
    except ValueError:
        secrets = []
    return "" if secrets else "must hold signing secrets of the form whsec_…, separated by commas"


SETTINGS: Final = (
    Setting(
        "URL",
        "where its API is reached: the same for test and live keys",
        default="https://api.stripe.com",
        fault_in=url_or_https_fault,
    ),
    Setting(
        "API_KEY",
        "what we show it: sk_test_… or rk_test_… play, sk_live_… or rk_live_… move money",
        is_secret=True,
        fault_in=_fault_in_api_key,
    ),
    Setting(
        "WEBHOOK_SECRETS",
        "how its webhooks are signed: the endpoint's secrets, separated by commas, to roll them",
        is_secret=True,
        fault_in=_fault_in_secrets,
    ),
)
