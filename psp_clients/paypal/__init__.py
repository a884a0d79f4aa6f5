"""PayPal's REST API (Orders v2, Payments v2, Transaction Search v1) in our words."""

from psp_clients.paypal.client import KEY_WINDOW, PayPalClient
from psp_clients.paypal.dashboard import dashboard_url
from psp_clients.paypal.settings import SETTINGS, build, mode

__all__ = ["KEY_WINDOW", "SETTINGS", "PayPalClient", "build", "dashboard_url", "mode"]
