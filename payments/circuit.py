"""A circuit breaker per PSP, shared by all processes through Redis.

It fails open: a Redis that is away or hangs lets every call through. It only saves time; nothing
about money rests on it. (docs/decisions says why it is not pybreaker.)
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

FAILURES_TO_OPEN: Final = 5
COUNT_FAILURES_FOR_SECONDS: Final = 60
STAY_OPEN_SECONDS: Final = 5
REDIS_TIMEOUT_SECONDS: Final = 0.1
LEAVE_REDIS_ALONE_SECONDS: Final = 5.0


class Circuit:
    """Counts a PSP's failures in a row; after five, calls are not sent for five seconds.

    When it closes again the count still stands, so that a single further failure opens it.
    """

    def __init__(self, psp: str) -> None:
        self._failures = f"bps:circuit:{psp}:failures"
        self._opened = f"bps:circuit:{psp}:open"

    def is_open(self) -> bool:
        """Tell whether calls should not be sent now. Never waits longer than Redis's timeout."""
        return bool(_ask("EXISTS", self._opened))

    def succeeded(self) -> None:
        """Forget all failures."""
        _ask("DEL", self._failures)

    def reset(self) -> None:
        """Close, and forget all failures: for operators who know that the PSP is back."""
        _ask("DEL", self._failures, self._opened)

    def failed(self) -> None:
        """Count a failure, and open at the fifth in a row."""
        failures = _ask("INCR", self._failures)
        _ask("EXPIRE", self._failures, COUNT_FAILURES_FOR_SECONDS)
        if failures is not None and failures >= FAILURES_TO_OPEN:
            _ask("SET", self._opened, 1, "EX", STAY_OPEN_SECONDS)


_leave_alone_until = 0.0


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _ask(*command: Any) -> Any:
    """Run one command, or return None. After a fault Redis is left alone for five seconds."""
    global _leave_alone_until  # noqa: PLW0603 - one latch per process is the point
    if time.monotonic() < _leave_alone_until:
        return None
    try:
        return _redis().execute_command(*command)  # type: ignore[no-untyped-call]
    except redis.RedisError:
        _leave_alone_until = time.monotonic() + LEAVE_REDIS_ALONE_SECONDS
        return None
