"""What an account at the sandbox PSP has to be told, and a client made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from psp_clients.http import Transport, url_fault
from psp_clients.sandbox.client import KEY_WINDOW, SandboxClient
from psp_clients.sandbox.signature import secret_bytes
from psp_clients.settings import Mode, Setting, entries

SECRET_BYTES: Final = range(24, 65)  # Standard Webhooks asks for 24 to 64 random bytes


def mode(values: Mapping[str, str]) -> Mode:
    """Tell that no real money is moved, whatever the values."""
    return Mode.TEST


def build(values: Mapping[str, str], transport: Transport) -> SandboxClient:
    """Return a client, to be kept and shared by threads; it opens no socket yet.

    Raises ValueError where the key or a secret cannot be one.
    """
    return SandboxClient(
        transport,
        api_key=values["API_KEY"],
        webhook_secrets=entries(values["WEBHOOK_SECRETS"]),
        key_window=timedelta(seconds=float(values["KEY_WINDOW_SECONDS"])),
    )


def _fault_in_secrets(value: str) -> str:
    try:
        sizes = [len(secret_bytes(secret)) for secret in entries(value)]
    except ValueError:
        sizes = []
    if sizes and all(size in SECRET_BYTES for size in sizes):
        return ""
    return (
        "must hold secrets of the form whsec_<base64 of 24 to 64 random bytes>, separated by commas"
    )


def _fault_in_window(value: str) -> str:
    is_number = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", value)
    return "" if is_number and float(value) > 0 else "must be a positive number of seconds"


SETTINGS: Final = (
    Setting("URL", "where its API is reached", fault_in=url_fault),
    Setting("API_KEY", "what we show it", is_secret=True),
    Setting(
        "WEBHOOK_SECRETS",
        "how its webhooks are signed: one or more secrets, separated by commas, to rotate them",
        is_secret=True,
        fault_in=_fault_in_secrets,
    ),
    Setting(
        "KEY_WINDOW_SECONDS",
        "for how long it remembers an idempotency key; must not say more than it does",
        default=str(int(KEY_WINDOW.total_seconds())),
        fault_in=_fault_in_window,
    ),
)
