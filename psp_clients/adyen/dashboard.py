"""Where a person sees a payment at Adyen itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from psp_clients.adyen.settings import mode
from psp_clients.contract import PspReference


def dashboard_url(values: Mapping[str, str], ref: PspReference) -> str:
    """Return the payment's page in Adyen's Customer Area, or nothing before there is a payment.

    The form is the one that public shop plugins use. Test and live have hosts of their own.
    """
    if not ref.payment_reference:
        return ""
    query = urlencode({"pspReference": ref.payment_reference, "txType": "Payment"})
    return f"https://ca-{mode(values)}.adyen.com/ca/ca/accounts/showTx.shtml?{query}"
