"""What every client builds its calls from: a key, a path, JSON bytes that never differ. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from psp_clients.contract import InvalidRequest, Operation, PreparedCall

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


def post_call(
    operation: Operation, path: str, body: Mapping[str, Any], *, key: str, longest_key: int
) -> PreparedCall:
    """Return a POST of JSON that bears its key in `Idempotency-Key`. Raises InvalidRequest."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": checked_key(key, longest_key)}
    return PreparedCall(operation, "POST", path, headers, json_bytes(body), key)


def checked_key(key: str, longest: int) -> str:
    """Return an idempotency key; raise InvalidRequest if the PSP would not take it."""
    if len(key) > longest or not _VISIBLE_ASCII.fullmatch(key):
        raise InvalidRequest(f"a key is 1 to {longest} visible ASCII characters", field="key")
    return key


def segment(opaque_id: str, field: str) -> str:
    """Return an id as one segment of a path; raise InvalidRequest if it cannot be one."""
    if opaque_id in {"", ".", ".."}:
        # Dots survive quoting, and would name another path.
        raise InvalidRequest(f"{field} cannot be part of a path", field=field)
    return quote(opaque_id, safe="")


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """Return JSON: the same bytes for the same content. Raises InvalidRequest."""
    try:
        return json.dumps(
            body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"what was given does not fit into JSON ({type(error).__name__})"
        ) from None
