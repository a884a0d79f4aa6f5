"""Stripe's API in our words: Checkout on Stripe's own page, captures, refunds, webhooks."""

from psp_clients.stripe.client import KEY_WINDOW, StripeClient
from psp_clients.stripe.dashboard import dashboard_url
from psp_clients.stripe.settings import SETTINGS, build, mode

__all__ = ["KEY_WINDOW", "SETTINGS", "StripeClient", "build", "dashboard_url", "mode"]
