"""What Stripe's error answers mean, as a table. What it does not list is in doubt."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from psp_clients.asking import retry_after
from psp_clients.contract import (
    AuthFailed,
    Declined,
    InDoubt,
    InvalidRequest,
    Operation,
    PspError,
    RetryableRejected,
    StateConflict,
)
from psp_clients.http import Answer
from psp_clients.strict_json import JsonObject, Unreadable, child, read_object

# The payment is not in the state that the call needs: what it is, the payment tells.
STATE_CODES: Final = frozenset(
    {
        "capture_charge_authorization_expired",
        "charge_already_captured",
        "charge_already_refunded",
        "charge_disputed",
        "charge_expired_for_capture",
        "charge_not_refundable",
        "intent_invalid_state",
        "payment_intent_unexpected_state",
        "refund_disputed_payment",
    }
)
KEY_IN_USE: Final = "idempotency_key_in_use"

# Only what cannot hold a secret is quoted from an answer: of Stripe's prose, nothing.
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error answer, taken apart. Words that are not plain are blank."""

    operation: Operation
    message: str
    type: str  # Stripe's; blank where a stranger in between has answered
    code: str
    decline_code: str
    field: str
    retry_after: timedelta | None
    should_retry: bool


def _in_doubt(refusal: Refusal) -> PspError:
    return InDoubt(refusal.message)


def _auth_failed(refusal: Refusal) -> PspError:
    return AuthFailed(refusal.message)


def _slow_down(refusal: Refusal) -> PspError:
    """Take Stripe at its word: limits and locks stand before a call, and before its key."""
    return RetryableRejected(refusal.message, retry_after=refusal.retry_after)


def _declined(refusal: Refusal) -> PspError:
    if not refusal.type:
        return _in_doubt(refusal)
    return Declined(refusal.message, code=refusal.decline_code or refusal.code or refusal.type)


def _bad_request(refusal: Refusal) -> PspError:
    if refusal.type == "idempotency_error":
        return InvalidRequest(refusal.message, field="key")
    if refusal.type != "invalid_request_error" or refusal.code == KEY_IN_USE:
        # A stranger may have answered after Stripe acted; "api_error" is a 500 by another name.
        return _in_doubt(refusal)
    if refusal.should_retry:
        return _slow_down(refusal)
    if refusal.code in STATE_CODES or _cannot_end(refusal):
        return StateConflict(refusal.message)
    return InvalidRequest(refusal.message, field=refusal.field)


def _cannot_end(refusal: Refusal) -> bool:
    """Tell whether a session or payment is not to be ended: Stripe has no code for "not open"."""
    is_malformed = refusal.code.startswith("parameter")
    return refusal.operation is Operation.CANCEL and not is_malformed


# A 409 speaks of another request, which may be an earlier try of this one: in doubt, as whatever is
# not listed. So is every 5xx, `Stripe-Should-Retry: true` or not: the header says that asking again
# is worth while, and not that nothing happened. A 500 is even kept under its key, and comes back as
# long as the key is known (`Idempotent-Replayed: true`): only looking settles what became of it.
BY_STATUS: Final[dict[int, Callable[[Refusal], PspError]]] = {
    400: _bad_request,
    401: _auth_failed,
    402: _declined,
    403: _auth_failed,
    429: _slow_down,
}


def refusal(operation: Operation, answer: Answer) -> PspError:
    """Return the error that an answer other than success stands for."""
    error = _error_object(answer.body)
    kind, code = _plain(error.get("type")), _plain(error.get("code"))
    kept = " (kept under this key)" if _says_true(answer, "Idempotent-Replayed") else ""
    seen = Refusal(
        operation=operation,
        message=f"{operation}: answered {answer.status} {code or kind}".rstrip() + kept,
        type=kind,
        code=code,
        decline_code=_plain(error.get("decline_code")),
        field=_plain(error.get("param")),
        retry_after=retry_after(answer),
        should_retry=_says_true(answer, "Stripe-Should-Retry"),
    )
    return BY_STATUS.get(answer.status, _in_doubt)(seen)


def _error_object(body: bytes) -> JsonObject:
    try:
        return child(read_object(body), "error")
    except Unreadable:
        return {}


def _says_true(answer: Answer, header: str) -> bool:
    return answer.headers.get(header, "").lower() == "true"


def _plain(word: object) -> str:
    return word if isinstance(word, str) and _PLAIN_WORD.fullmatch(word) else ""
