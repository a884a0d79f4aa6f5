"""A circuit breaker per PSP, shared by all processes through Redis.

It fails open: a Redis that is away or hangs lets every call through. It only saves time; nothing
about money rests on it. (docs/decisions says why it is not pybreaker.)
"""

from __future__ import annotations

from typing import Final

from payments.broker import broker

FAILURES_TO_OPEN: Final = 5
COUNT_FAILURES_FOR_SECONDS: Final = 60
STAY_OPEN_SECONDS: Final = 5


class Circuit:
    """Counts a PSP's failures in a row; after five, calls are not sent for five seconds.

    When it closes again the count still stands, so that a single further failure opens it.
    """

    def __init__(self, psp: str) -> None:
        self._failures = f"bps:circuit:{psp}:failures"
        self._opened = f"bps:circuit:{psp}:open"

    def is_open(self) -> bool:
        """Tell whether calls should not be sent now. Never waits long for Redis."""
        return bool(broker().ask("EXISTS", self._opened))

    def succeeded(self) -> None:
        """Forget all failures."""
        broker().ask("DEL", self._failures)

    def reset(self) -> None:
        """Close, and forget all failures: for operators who know that the PSP is back."""
        broker().ask("DEL", self._failures, self._opened)

    def failed(self) -> None:
        """Count a failure, and open at the fifth in a row."""
        failures = broker().ask("INCR", self._failures)
        broker().ask("EXPIRE", self._failures, COUNT_FAILURES_FOR_SECONDS)
        if failures is not None and failures >= FAILURES_TO_OPEN:
            broker().ask("SET", self._opened, 1, "EX", STAY_OPEN_SECONDS)
