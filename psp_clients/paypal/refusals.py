"""What PayPal's error answers mean, as tables. What they do not list is in doubt.

An error bears a name, and says in its details which issue it is about:
{"name": "UNPROCESSABLE_ENTITY", "debug_id": …, "details": [{"issue": "INSTRUMENT_DECLINED", …}]}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from psp_clients.asking import retry_after
from psp_clients.contract import (
    AuthFailed,
    Declined,
    DeclinedForNow,
    InDoubt,
    InvalidRequest,
    Operation,
    PspError,
    RetryableRejected,
    StateConflict,
)
from psp_clients.http import LOOKUPS, Answer
from psp_clients.strict_json import JsonObject, Unreadable, children, read_object


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# "Redirect the payer", "instruct the buyer to return to PayPal": what was not approved, or not with
# what can pay, was not charged. The order stays, and is captured once at most.
# https://developer.paypal.com/docs/checkout/standard/customize/handle-funding-failures/
DECLINES_FOR_NOW: Final = _words("""
    INSTRUMENT_DECLINED ORDER_NOT_APPROVED PAYER_ACTION_REQUIRED
    REDIRECT_PAYER_FOR_ALTERNATE_FUNDING
""")
# Final for the order: no other way to pay is asked for.
DECLINES: Final = _words("""
    AGREEMENT_ALREADY_CANCELLED CARD_BRAND_NOT_SUPPORTED CARD_EXPIRED COMPLIANCE_VIOLATION
    DECLINED_DUE_TO_RELATED_TXN DOMESTIC_TRANSACTION_REQUIRED
    MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED PAYEE_BLOCKED_TRANSACTION
    PAYER_ACCOUNT_LOCKED_OR_CLOSED PAYER_ACCOUNT_RESTRICTED PAYER_CANNOT_PAY
    PAYMENT_SOURCE_CANNOT_BE_USED PAYMENT_SOURCE_DECLINED_BY_PROCESSOR
    PAYMENT_SOURCE_INFO_CANNOT_BE_VERIFIED REFERENCED_CARD_EXPIRED
    TRANSACTION_BLOCKED_BY_PAYEE TRANSACTION_LIMIT_EXCEEDED
    TRANSACTION_RECEIVING_LIMIT_EXCEEDED TRANSACTION_REFUSED
""")
PURCHASE_CONFLICTS: Final = _words("""
    DUPLICATE_INVOICE_ID ORDER_ALREADY_AUTHORIZED ORDER_ALREADY_CAPTURED
    ORDER_COMPLETED_OR_VOIDED ORDER_COMPLETION_IN_PROGRESS
""")
# DUPLICATE_INVOICE_ID is none of them: it says that a refund of ours was made before.
REFUND_CONFLICTS: Final = _words("""
    CAPTURE_FULLY_REFUNDED MAX_NUMBER_OF_REFUNDS_EXCEEDED PARTIAL_REFUND_NOT_ALLOWED
    PAYEE_ACCOUNT_LOCKED_OR_CLOSED PAYEE_ACCOUNT_RESTRICTED PAYER_ACCOUNT_LOCKED_OR_CLOSED
    PENDING_CAPTURE REFUND_AMOUNT_EXCEEDED REFUND_FAILED_INSUFFICIENT_FUNDS REFUND_IS_RESTRICTED
    REFUND_NOT_ALLOWED REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK REFUND_TIME_LIMIT_EXCEEDED
    TRANSACTION_DISPUTED
""")
# What is wrong with what we sent, or with how our account is set up.
MISTAKES: Final = _words("""
    ACTION_DOES_NOT_MATCH_INTENT AMOUNT_MISMATCH AUTH_CAPTURE_NOT_ENABLED CANCEL_URL_REQUIRED
    CANNOT_BE_NEGATIVE CANNOT_BE_ZERO_OR_NEGATIVE CURRENCY_MISMATCH DECIMALS_NOT_SUPPORTED
    DECIMAL_PRECISION INCOMPATIBLE_PARAMETER_VALUE INVALID_CURRENCY_CODE ITEM_TOTAL_MISMATCH
    MAX_VALUE_EXCEEDED NOT_ENABLED_FOR_CARD_PROCESSING PAYEE_ACCOUNT_INVALID
    PAYEE_ACCOUNT_LOCKED_OR_CLOSED PAYEE_ACCOUNT_RESTRICTED REFUND_AMOUNT_TOO_LOW
    REFUND_CAPTURE_CURRENCY_MISMATCH RETURN_URL_REQUIRED UNSUPPORTED_INTENT
""")

# Only what cannot hold a secret is quoted from an answer.
_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_DEBUG_ID = re.compile(r"[0-9a-f]{1,32}")
_FIELD = re.compile(r"[a-z0-9_/@='\[\]]{1,128}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error answer, taken apart. Words that are not plain are blank."""

    operation: Operation
    message: str
    name: str
    issue: str
    field: str
    retry_after: timedelta | None


def _in_doubt(refusal: Refusal) -> PspError:
    return InDoubt(refusal.message)


def _malformed(refusal: Refusal) -> PspError:
    if not refusal.name:
        # Not PayPal's own words: a stranger in between may have answered after it acted.
        return _in_doubt(refusal)
    return InvalidRequest(refusal.message, field=refusal.field)


def _auth_failed(refusal: Refusal) -> PspError:
    return AuthFailed(refusal.message)


def _slow_down(refusal: Refusal) -> PspError:
    return RetryableRejected(refusal.message, retry_after=refusal.retry_after)


def _not_processable(refusal: Refusal) -> PspError:
    """Judge by the issue: what has not happened, and what may have happened already."""
    if refusal.operation in LOOKUPS:
        return _in_doubt(refusal)
    is_refund = refusal.operation is Operation.REFUND
    if refusal.issue in (REFUND_CONFLICTS if is_refund else PURCHASE_CONFLICTS):
        return StateConflict(refusal.message)
    if refusal.issue in DECLINES_FOR_NOW and refusal.operation is Operation.CONFIRM:
        return DeclinedForNow(refusal.message, code=refusal.issue)
    if refusal.issue in DECLINES | DECLINES_FOR_NOW:
        return Declined(refusal.message, code=refusal.issue)
    if refusal.issue in MISTAKES:
        return InvalidRequest(refusal.message, field=refusal.field)
    return _in_doubt(refusal)


# 404 is not here: "not found" is not "not charged".
BY_STATUS: Final[dict[int, Callable[[Refusal], PspError]]] = {
    HTTPStatus.BAD_REQUEST: _malformed,
    HTTPStatus.UNAUTHORIZED: _auth_failed,
    HTTPStatus.FORBIDDEN: _auth_failed,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _malformed,
    HTTPStatus.UNPROCESSABLE_ENTITY: _not_processable,
    HTTPStatus.TOO_MANY_REQUESTS: _slow_down,
}


def refusal(operation: Operation, answer: Answer) -> PspError:
    """Return the error that an answer other than success stands for."""
    error = _error_object(answer.body)
    first = _first_detail(error)
    name, issue = _plain(error.get("name"), _WORD), _plain(first.get("issue"), _WORD)
    debug_id = _plain(error.get("debug_id"), _DEBUG_ID)
    said = f"{operation}: answered {answer.status} {issue or name}".rstrip()
    seen = Refusal(
        operation=operation,
        message=f"{said} (debug id {debug_id})" if debug_id else said,
        name=name,
        issue=issue,
        field=_plain(first.get("field"), _FIELD),
        retry_after=retry_after(answer),
    )
    return BY_STATUS.get(answer.status, _in_doubt)(seen)


def is_too_large(answer: Answer) -> bool:
    """Tell whether a list of transactions was refused because it would be too long."""
    error = _error_object(answer.body)
    words = {error.get("name"), _first_detail(error).get("issue")}
    return "RESULTSET_TOO_LARGE" in words


def _error_object(body: bytes) -> JsonObject:
    try:
        return read_object(body)
    except Unreadable:
        return {}


def _first_detail(error: JsonObject) -> JsonObject:
    try:
        return next(iter(children(error, "details")), {})
    except Unreadable:
        return {}


def _plain(word: object, form: re.Pattern[str]) -> str:
    return word if isinstance(word, str) and form.fullmatch(word) else ""
