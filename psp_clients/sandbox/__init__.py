"""The sandbox PSP's API in our words, as its page `sandbox/API.md` describes it."""

from psp_clients.sandbox.client import SandboxClient

__all__ = ["SandboxClient"]
