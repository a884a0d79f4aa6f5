"""Builds the calls that change something at the sandbox PSP, down to the last byte. Pure.

The same arguments always give the same bytes: names sorted, no spaces, UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from psp_clients.contract import (
    ConfirmRequest,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    SessionRequest,
    Unsupported,
)
from psp_clients.prepared import post_call, segment
from psp_clients.sandbox.mapping import payable

SESSIONS_PATH = "/v1/sessions"
CAPTURE_MODES = frozenset({"automatic", "manual"})

LONGEST_KEY = 255


def register(request: SessionRequest, *, key: str) -> PreparedCall:
    """Return the call that registers a checkout."""
    if request.capture not in CAPTURE_MODES:
        raise Unsupported("the sandbox PSP captures automatically or manually")
    body = {
        **_money(request.money),
        "reference": request.reference,
        "checkout_id": request.checkout_id,
        "return_url": request.return_url,
        "webhook_url": request.webhook_url,
        "expires_at": _in_utc(request.expires_at),
        "locale": request.locale,
        "capture": request.capture,
        "metadata": dict(request.metadata),
    }
    return _post(Operation.REGISTER, SESSIONS_PATH, body, key)


def confirm(psp_token: str, request: ConfirmRequest, *, key: str) -> PreparedCall:
    """Return the call that charges by token."""
    body = {
        **_money(request.money),
        "purchase_info": dict(request.purchase_info),
        "redirect_url": request.redirect_url,
        "webhook_url": request.webhook_url,
    }
    return _post(Operation.CONFIRM, f"{session_path(psp_token)}/purchase", body, key)


def capture(psp_token: str, money: Money, *, key: str) -> PreparedCall:
    """Return the call that takes what was authorised, or less."""
    return _post(Operation.CAPTURE, f"{session_path(psp_token)}/capture", _money(money), key)


def cancel(psp_token: str, *, key: str) -> PreparedCall:
    """Return the call after whose success nothing will ever be charged."""
    return _post(Operation.CANCEL, f"{session_path(psp_token)}/cancel", {}, key)


def refund(psp_token: str, money: Money, *, refund_id: str, reason: str, key: str) -> PreparedCall:
    """Return the call that gives back what was captured, or part of it."""
    body = {**_money(money), "reference": refund_id, "reason": reason}
    return _post(Operation.REFUND, f"{session_path(psp_token)}/refunds", body, key)


def session_path(psp_token: str) -> str:
    """Return where the session of a token lives."""
    return f"{SESSIONS_PATH}/{segment(psp_token, 'psp_token')}"


def token_in(path: str) -> str:
    """Return the token that a path made by `session_path` begins with."""
    return unquote(path.removeprefix(f"{SESSIONS_PATH}/").partition("/")[0])


def _money(money: Money) -> dict[str, str]:
    return {"amount": payable(money).amount, "currency": money.currency}


def _in_utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InvalidRequest("a time needs its offset", field="expires_at")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _post(operation: Operation, path: str, body: Mapping[str, Any], key: str) -> PreparedCall:
    return post_call(operation, path, body, key=key, longest_key=LONGEST_KEY)
