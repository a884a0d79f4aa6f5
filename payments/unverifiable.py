"""Counts webhooks of which nobody could tell whether they are genuine. They are not stored.

The count is kept beside the circuits, in Redis: it may be lost, and only tells operators.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from payments.broker import broker

log = structlog.get_logger()


def count_unverifiable(psp: str) -> None:
    """Note that a webhook came and was sent back, to come again."""
    log.warning("webhook_unverifiable", psp=psp)
    broker().ask("INCR", _key(psp))


def unverifiable_counts(psps: Iterable[str]) -> dict[str, int]:
    """Return how many came, by PSP; 0 while the count is lost."""
    return {psp: int(broker().ask("GET", _key(psp)) or 0) for psp in psps}


def _key(psp: str) -> str:
    return f"bps:webhooks:{psp}:unverifiable"
