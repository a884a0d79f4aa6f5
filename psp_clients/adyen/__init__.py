"""Adyen's Checkout API v72 in our words: hosted sessions, modifications, standard webhooks."""

from psp_clients.adyen.client import KEY_WINDOW, AdyenClient
from psp_clients.adyen.dashboard import dashboard_url
from psp_clients.adyen.settings import SETTINGS, build, mode

__all__ = ["KEY_WINDOW", "SETTINGS", "AdyenClient", "build", "dashboard_url", "mode"]
