"""Builds the calls that change something at the sandbox PSP, down to the last byte. Pure.

The same arguments always give the same bytes: names sorted, no spaces, UTF-8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from psp_clients.contract import (
    ConfirmRequest,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    SessionRequest,
    Unsupported,
)
from psp_clients.sandbox.mapping import payable

SESSIONS_PATH = "/v1/sessions"
CAPTURE_MODES = frozenset({"automatic", "manual"})

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


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
    return _call(Operation.REGISTER, SESSIONS_PATH, body, key)


def confirm(psp_token: str, request: ConfirmRequest, *, key: str) -> PreparedCall:
    """Return the call that charges by token."""
    body = {
        **_money(request.money),
        "purchase_info": dict(request.purchase_info),
        "redirect_url": request.redirect_url,
        "webhook_url": request.webhook_url,
    }
    return _call(Operation.CONFIRM, f"{session_path(psp_token)}/purchase", body, key)


def capture(psp_token: str, money: Money, *, key: str) -> PreparedCall:
    """Return the call that takes what was authorised, or less."""
    return _call(Operation.CAPTURE, f"{session_path(psp_token)}/capture", _money(money), key)


def cancel(psp_token: str, *, key: str) -> PreparedCall:
    """Return the call after whose success nothing will ever be charged."""
    return _call(Operation.CANCEL, f"{session_path(psp_token)}/cancel", {}, key)


def refund(psp_token: str, money: Money, *, refund_id: str, reason: str, key: str) -> PreparedCall:
    """Return the call that gives back what was captured, or part of it."""
    body = {**_money(money), "reference": refund_id, "reason": reason}
    return _call(Operation.REFUND, f"{session_path(psp_token)}/refunds", body, key)


def session_path(psp_token: str) -> str:
    """Return where the session of a token lives."""
    return f"{SESSIONS_PATH}/{segment(psp_token, 'psp_token')}"


def token_in(path: str) -> str:
    """Return the token that a path made by `session_path` begins with."""
    return unquote(path.removeprefix(f"{SESSIONS_PATH}/").partition("/")[0])


def segment(opaque_id: str, field: str) -> str:
    """Return an id as one segment of a path; raise InvalidRequest if it cannot be one."""
    if opaque_id in {"", ".", ".."}:
        # Dots survive quoting, and would name another path.
        raise InvalidRequest(f"{field} cannot be part of a path", field=field)
    return quote(opaque_id, safe="")


def _call(operation: Operation, path: str, body: Mapping[str, Any], key: str) -> PreparedCall:
    if not _KEY.fullmatch(key):
        raise InvalidRequest("a key is 1 to 255 visible ASCII characters", field="key")
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return PreparedCall(operation, "POST", path, headers, _bytes(body), key)


def _bytes(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(
            body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"what was given does not fit into JSON ({type(error).__name__})"
        ) from None


def _money(money: Money) -> dict[str, str]:
    return {"amount": payable(money).amount, "currency": money.currency}


def _in_utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InvalidRequest("a time needs its offset", field="expires_at")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
