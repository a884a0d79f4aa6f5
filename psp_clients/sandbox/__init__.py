"""The sandbox PSP's API in our words, as its page `sandbox/API.md` describes it."""

from psp_clients.sandbox.client import KEY_WINDOW, SandboxClient

__all__ = ["KEY_WINDOW", "SandboxClient"]
