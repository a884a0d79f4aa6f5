"""Redis as this process sees it: asked briefly, and left alone while it is away.

Whoever finds that it does not answer has waited a tenth of a second; after that nobody waits. A
thread of its own looks for its return, never a request. (docs/decisions says why.)
"""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS: Final = 0.1
LOOK_AGAIN_SECONDS: Final = 1.0


class Broker:
    """One Redis, and whether it was there when somebody last tried. Threads may share it."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._away = False
        self._look_at = 0.0
        self._one_looks = threading.Lock()

    def ask(self, *command: Any) -> Any:
        """Run one command, or return None where Redis is away. Waits for the timeout at most."""
        if self.is_away():
            return None
        try:
            return self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except redis.RedisError:
            self.was_lost()
            return None

    def is_away(self) -> bool:
        """Tell whether it is known to be away, without waiting. Has a thread look now and then."""
        if self._away and time.monotonic() >= self._look_at:
            self._look_soon()
        return self._away

    def was_lost(self) -> None:
        """Take note that it did not answer: from now on nobody asks it until it is back."""
        self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
        self._away = True

    def _look_soon(self) -> None:
        if self._one_looks.acquire(blocking=False):
            threading.Thread(target=self._look, name="broker-look", daemon=True).start()

    def _look(self) -> None:
        try:
            self._redis.ping()
            self._away = False
        except redis.RedisError:
            self.was_lost()
        finally:
            self._one_looks.release()


@cache
def broker() -> Broker:
    """Return the one of this process."""
    return Broker(settings.REDIS_URL)
