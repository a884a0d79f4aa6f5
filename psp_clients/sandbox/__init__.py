"""The sandbox PSP's API in our words, as its page `sandbox/API.md` describes it."""

from psp_clients.sandbox.client import KEY_WINDOW, SandboxClient
from psp_clients.sandbox.dashboard import dashboard_url
from psp_clients.sandbox.settings import SETTINGS, build, mode

__all__ = ["KEY_WINDOW", "SETTINGS", "SandboxClient", "build", "dashboard_url", "mode"]
