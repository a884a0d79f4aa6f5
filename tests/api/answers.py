"""What every problem that the API answers must have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.database.tables import snapshot

MONEY_MOVED = {"no", "yes", "unknown"}


def problem(response: Any, status: int, slug: str, *fields: str) -> dict[str, Any]:
    """Expect a complete problem that names exactly these fields; return its members."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:bps:problem:{slug}"
    assert body["status"] == status
    assert body["request_id"] == response["X-Request-ID"] != ""
    assert body["money_moved"] in MONEY_MOVED
    assert body["title"]
    assert body["detail"]
    assert body["what_to_do"]
    errors = body.get("errors", [])
    assert sorted(error["field"] for error in errors) == sorted(fields)
    assert all(error["reason"] for error in errors)
    return body


def refused(send: Callable[[], Any], status: int, slug: str, *fields: str) -> dict[str, Any]:
    """Expect a problem, and every table as it was before; return the problem's members."""
    before = snapshot()
    body = problem(send(), status, slug, *fields)
    assert snapshot() == before
    return body


def reason(body: dict[str, Any], field: str) -> str:
    """Return why a problem says that a field is wrong."""
    [found] = [error["reason"] for error in body["errors"] if error["field"] == field]
    return str(found)
