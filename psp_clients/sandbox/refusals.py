"""What the sandbox PSP's error answers mean, as a table. What it does not list is in doubt."""

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
from psp_clients.strict_json import JsonObject, Unreadable, child, read_object

# Only what cannot hold a secret is quoted from an answer.
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error answer, taken apart. Words that are not plain are blank."""

    message: str
    code: str
    field: str
    retry_after: timedelta | None
    nothing_happened: bool


def _invalid(refusal: Refusal) -> PspError:
    if not refusal.code:
        # Not the PSP's own words: a stranger in between may have answered after it acted.
        return _in_doubt(refusal)
    return InvalidRequest(refusal.message, field=refusal.field)


def _auth_failed(refusal: Refusal) -> PspError:
    return AuthFailed(refusal.message)


def _state_conflict(refusal: Refusal) -> PspError:
    return StateConflict(refusal.message)


def _slow_down(refusal: Refusal) -> PspError:
    return RetryableRejected(refusal.message, retry_after=refusal.retry_after)


def _unavailable(refusal: Refusal) -> PspError:
    return _slow_down(refusal) if refusal.nothing_happened else _in_doubt(refusal)


def _in_doubt(refusal: Refusal) -> PspError:
    return InDoubt(refusal.message)


# A key whose first request still runs proves that one arrived: the opposite of nothing happened.
BY_CODE: Final[dict[tuple[int, str], Callable[[Refusal], PspError]]] = {
    (409, "idempotency_in_progress"): _in_doubt,
    (409, "state_conflict"): _state_conflict,
}
BY_STATUS: Final[dict[int, Callable[[Refusal], PspError]]] = {
    400: _invalid,
    401: _auth_failed,
    403: _auth_failed,
    422: _invalid,
    429: _slow_down,
    503: _unavailable,
}


def refusal(operation: Operation, answer: Answer) -> PspError:
    """Return the error that an answer other than success stands for."""
    error = _error_object(answer.body)
    code = _plain(error.get("code"))
    seen = Refusal(
        message=f"{operation}: answered {answer.status} {code}".rstrip(),
        code=code,
        field=_plain(error.get("field")),
        retry_after=retry_after(answer),
        nothing_happened=answer.headers.get("Nothing-Happened", "").lower() == "true",
    )
    by_status = BY_STATUS.get(answer.status, _in_doubt)
    return BY_CODE.get((answer.status, code), by_status)(seen)


def _error_object(body: bytes) -> JsonObject:
    try:
        return child(read_object(body), "error")
    except Unreadable:
        return {}


def _plain(word: object) -> str:
    return word if isinstance(word, str) and _PLAIN_WORD.fullmatch(word) else ""
