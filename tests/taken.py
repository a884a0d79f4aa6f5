"""What a test asks of many cases at once that must all be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Case = TypeVar("Case")


def taken(
    cases: Iterable[Case], act: Callable[[Case], object], refusal: type[Exception]
) -> list[Case]:
    """Return the cases that `act` takes, though it should end in `refusal` with each."""
    return [case for case in cases if not _is_refused(case, act, refusal)]


def _is_refused(case: Case, act: Callable[[Case], object], refusal: type[Exception]) -> bool:
    try:
        act(case)
    except refusal:
        return True
    return False
