"""The two clocks of the sandbox: the wall's, and the PSP's own, which may run faster or ahead.

Pure, but for `wall_now`: who needs the time is handed a `Now`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Clock(StrEnum):
    """By which clock a wait is measured."""

    WALL = "wall"
    PSP = "psp"


@dataclass(frozen=True, slots=True)
class Now:
    """One instant as both clocks show it."""

    wall: datetime
    psp: datetime

    def on(self, clock: Clock) -> datetime:
        """Return what this clock shows."""
        return self.wall if clock == Clock.WALL else self.psp


@dataclass(frozen=True, slots=True)
class Wait:
    """A length of time on one of the clocks."""

    length: timedelta
    clock: Clock = Clock.WALL

    def end(self, now: Now) -> datetime:
        """Return when the wait is over, on its own clock."""
        return now.on(self.clock) + self.length


def wall_now() -> datetime:
    """Return the wall's time, in UTC."""
    return datetime.now(tz=UTC)
