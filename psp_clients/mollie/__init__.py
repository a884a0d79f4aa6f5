"""Mollie's API v2 in our words: payments on its own page, refunds, captures, webhooks."""

from psp_clients.mollie.client import KEY_WINDOW, MollieClient
from psp_clients.mollie.dashboard import dashboard_url
from psp_clients.mollie.settings import SETTINGS, build, mode

__all__ = ["KEY_WINDOW", "SETTINGS", "MollieClient", "build", "dashboard_url", "mode"]
