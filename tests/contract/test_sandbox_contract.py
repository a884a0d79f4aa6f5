"""The sandbox PSP's client keeps the promises of every client."""

from __future__ import annotations

from .sandbox_dialect import SandboxDialect
from .suite import ClientContract
from .webhook_suite import FreshWebhookContract


class TestTheSandboxClientKeepsTheContract(SandboxDialect, ClientContract, FreshWebhookContract):
    """Every promise of the suite."""
