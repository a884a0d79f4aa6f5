"""PayPal's client keeps the common promises."""

from __future__ import annotations

from .paypal_dialect import PayPalDialect
from .suite import ClientContract
from .webhook_suite import AskedWebhookContract


class TestPayPalsClientKeepsTheContract(PayPalDialect, ClientContract, AskedWebhookContract):
    """Every promise of the suites."""

    SEVERAL_SIGNATURES = False  # a delivery bears one, by one certificate
