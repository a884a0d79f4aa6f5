"""The Prefer header (RFC 7240): how long a caller wants to wait for the PSP."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from django.conf import settings

LONGEST_WAIT: Final = timedelta(seconds=25)
_WAIT: Final = re.compile(r"wait\s*=\s*\"?([0-9]{1,4})\"?", re.IGNORECASE)


def patience(prefer: str) -> timedelta:
    """Return how long Buy Now waits: zero for respond-async, else wait=N, else our budget.

    A preference that cannot be read is ignored, as the RFC asks.
    """
    preferences = [part.strip() for part in prefer.split(",")]
    for preference in preferences:
        match = _WAIT.fullmatch(preference.split(";")[0].strip())
        if match:
            return min(timedelta(seconds=int(match[1])), LONGEST_WAIT)
    if any(part.split(";")[0].strip().lower() == "respond-async" for part in preferences):
        return timedelta()
    return timedelta(seconds=settings.BPS_BUY_NOW_BUDGET_SECONDS)
