"""Where a person sees a payment at PayPal itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from psp_clients.contract import PspReference
from psp_clients.paypal.settings import mode
from psp_clients.settings import Mode

_HOSTS: Final = {Mode.TEST: "www.sandbox.paypal.com", Mode.LIVE: "www.paypal.com"}


def dashboard_url(values: Mapping[str, str], ref: PspReference) -> str:
    """Return the transaction's page at PayPal, or nothing before there is a transaction.

    The form is the one that public shop plugins use. PayPal's sandbox has a host of its own.
    """
    if not ref.payment_reference:
        return ""
    query = urlencode({"cmd": "_view-a-trans", "id": ref.payment_reference})
    return f"https://{_HOSTS[mode(values)]}/cgi-bin/webscr?{query}"
