"""What a PSP client has to be told, as data: one list a PSP, checked when BPS starts.

Each PSP's package offers `SETTINGS`; `mode(values)`, which tells from the values whether real
money moves; and `build(values, transport)`, its client. The transport is built for the setting URL.
A setting's environment variable is the PSP's name and the setting's: STRIPE_API_KEY. Faults say
what is wrong with a value and never repeat it, since it may be a password.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """Whether an account moves real money."""

    TEST = "test"
    LIVE = "live"


def no_fault(value: str) -> str:
    """Take any value."""
    return ""


def entries(listed: str) -> list[str]:
    """Return the entries of a comma-separated list, without blanks around them."""
    return [entry.strip() for entry in listed.split(",") if entry.strip()]


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to be told. Without a default it must be given."""

    name: str
    means: str  # one line for whoever fills it in
    default: str | None = None
    is_secret: bool = False
    fault_in: Callable[[str], str] = no_fault  # says what is wrong with a value, or nothing
