"""What Mollie's error answers mean, as a table. What it does not list is in doubt."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from psp_clients.asking import retry_after
from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Operation,
    PspError,
    RetryableRejected,
    StateConflict,
)
from psp_clients.http import Answer
from psp_clients.strict_json import JsonObject, Unreadable, read_object

# Only what cannot hold a secret is quoted from an answer: of Mollie's prose, nothing.
_FIELD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error answer, taken apart. `by_mollie` tells its own words from a stranger's."""

    message: str
    by_mollie: bool
    field: str
    retry_after: timedelta | None


def _in_doubt(refusal: Refusal) -> PspError:
    return InDoubt(refusal.message)


def _auth_failed(refusal: Refusal) -> PspError:
    return AuthFailed(refusal.message)


def _slow_down(refusal: Refusal) -> PspError:
    return RetryableRejected(refusal.message, retry_after=refusal.retry_after)


def _invalid(refusal: Refusal) -> PspError:
    if not refusal.by_mollie:
        # A stranger in between may have answered after Mollie acted.
        return _in_doubt(refusal)
    return InvalidRequest(refusal.message, field=refusal.field)


def _not_now(refusal: Refusal) -> PspError:
    """Without a field it is not our words that are wrong, but the state that the payment is in."""
    if not refusal.by_mollie or refusal.field:
        return _invalid(refusal)
    return StateConflict(refusal.message)


def _unavailable(refusal: Refusal) -> PspError:
    return _slow_down(refusal) if refusal.by_mollie else _in_doubt(refusal)


# Both of Mollie's 409 speak of an earlier request that may be ours, and may have been carried out:
# "already being processed" (the key) and "a duplicate refund" (no key needed). They stay in doubt.
BY_STATUS: Final[dict[int, Callable[[Refusal], PspError]]] = {
    400: _invalid,  # a key used before with another body, too
    401: _auth_failed,
    403: _auth_failed,
    422: _invalid,
    429: _slow_down,
}
# Where an operation differs. A payment that was not created, its supplier being away, harms nobody
# even if it was: no shopper has its address.
BY_OPERATION: Final[dict[tuple[Operation, int], Callable[[Refusal], PspError]]] = {
    (Operation.REGISTER, 503): _unavailable,
    (Operation.CAPTURE, 422): _not_now,
    (Operation.CANCEL, 422): _not_now,
    (Operation.REFUND, 422): _not_now,
}


def refusal(operation: Operation, answer: Answer) -> PspError:
    """Return the error that an answer other than success stands for."""
    error = _error_object(answer)
    field = _plain(error.get("field"))
    seen = Refusal(
        message=f"{operation}: answered {answer.status} {field}".rstrip(),
        by_mollie=bool(error),
        field=field,
        retry_after=retry_after(answer),
    )
    by_status = BY_STATUS.get(answer.status, _in_doubt)
    return BY_OPERATION.get((operation, answer.status), by_status)(seen)


def _error_object(answer: Answer) -> JsonObject:
    """Return Mollie's error object, which repeats the status; nothing where it is another's."""
    try:
        error = read_object(answer.body)
    except Unreadable:
        return {}
    return error if error.get("status") == answer.status else {}


def _plain(word: object) -> str:
    return word if isinstance(word, str) and _FIELD.fullmatch(word) else ""
