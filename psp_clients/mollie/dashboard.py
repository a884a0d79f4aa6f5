"""Where a person sees a payment at Mollie itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from psp_clients.contract import PspReference


def dashboard_url(values: Mapping[str, str], ref: PspReference) -> str:
    """Return the payment's page in Mollie's dashboard, from registration on.

    The form is the one that public shop plugins use: the dashboard adds the organisation of whoever
    is logged in, and one address serves test and live payments.
    """
    return f"https://my.mollie.com/dashboard/payments/{quote(ref.psp_token, safe='')}"
