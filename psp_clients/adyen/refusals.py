"""What Adyen's error answers mean, as a table. What it does not list is in doubt."""

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
)
from psp_clients.http import Answer
from psp_clients.strict_json import JsonObject, Unreadable, read_object

# "A request with this key is being processed": the first one arrived. Adyen marks the answer as
# transient, since the second one did nothing; the first may have.
KEY_IN_USE: Final = "704"

# Only what cannot hold a secret is quoted from an answer: of Adyen's prose, nothing.
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.-]{1,32}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error answer, taken apart. A code that is not plain is blank."""

    message: str
    code: str
    retry_after: timedelta | None
    is_transient: bool


def _in_doubt(refusal: Refusal) -> PspError:
    return InDoubt(refusal.message)


def _auth_failed(refusal: Refusal) -> PspError:
    return AuthFailed(refusal.message)


def _invalid(refusal: Refusal) -> PspError:
    if not refusal.code:
        # Not Adyen's own words: a stranger in between may have answered after it acted.
        return _in_doubt(refusal)
    return InvalidRequest(refusal.message)


BY_STATUS: Final[dict[int, Callable[[Refusal], PspError]]] = {
    400: _invalid,
    401: _auth_failed,
    403: _auth_failed,
    422: _invalid,
}


def refusal(operation: Operation, answer: Answer) -> PspError:
    """Return the error that an answer other than success stands for."""
    code = _plain(_error_object(answer.body).get("errorCode"))
    seen = Refusal(
        message=f"{operation}: answered {answer.status} {code}".rstrip(),
        code=code,
        retry_after=retry_after(answer),
        is_transient=answer.headers.get("transient-error", "").lower() == "true",
    )
    if seen.code == KEY_IN_USE:
        return _in_doubt(seen)
    if seen.is_transient:
        # Documented to have had no side effect, and to be repeated with the same key.
        return RetryableRejected(seen.message, retry_after=seen.retry_after)
    return BY_STATUS.get(answer.status, _in_doubt)(seen)


def _error_object(body: bytes) -> JsonObject:
    try:
        return read_object(body)
    except Unreadable:
        return {}


def _plain(word: object) -> str:
    return word if isinstance(word, str) and _PLAIN_WORD.fullmatch(word) else ""
