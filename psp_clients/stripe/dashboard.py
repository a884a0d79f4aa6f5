"""Where a person sees a payment at Stripe itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from psp_clients.contract import PspReference
from psp_clients.settings import Mode
from psp_clients.stripe.settings import mode


def dashboard_url(values: Mapping[str, str], ref: PspReference) -> str:
    """Return the payment's page in Stripe's dashboard, or nothing before there is a payment.

    The form is the one that public code uses; test mode has a path of its own. What was
    given back is shown there too.
    """
    if not ref.payment_reference:
        return ""
    path = "payments" if mode(values) is Mode.LIVE else "test/payments"
    return f"https://dashboard.stripe.com/{path}/{quote(ref.payment_reference, safe='')}"
