"""How tests wait for what others do."""

import time
from collections.abc import Callable, Iterator
from typing import Final

# No promise: a machine may be busy with anything. How soon things come is measured in bench/.
PATIENCE_SECONDS: Final = 60


def patiently(seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Yield until somebody has seen what she waits for, or fail. To look often is not cheap."""
    until, pause = time.monotonic() + seconds, 0.02
    while time.monotonic() < until:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    raise AssertionError("it never came to hold")


def waited(holds: Callable[[], bool]) -> float:
    """Return how many seconds it took until something held, or fail."""
    started_at = time.monotonic()
    for _ in patiently():
        if holds():
            break
    return time.monotonic() - started_at
