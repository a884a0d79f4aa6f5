"""What every problem that the API answers must have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from tests.database.tables import snapshot

Case = TypeVar("Case")
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


def each_refused(
    send: Callable[[Case], Any], cases: Iterable[Case], status: int, slug: str, *fields: str
) -> list[dict[str, Any]]:
    """Expect the same problem with each case, and every table as it was before them all.

    An error notes which case it is about.
    """
    before, bodies = snapshot(), []
    for case in cases:
        try:
            bodies.append(problem(send(case), status, slug, *fields))
        except Exception as error:
            error.add_note(f"The case is {case!r}.")
            raise
    assert snapshot() == before
    return bodies


def reason(body: dict[str, Any], field: str) -> str:
    """Return why a problem says that a field is wrong."""
    [found] = [error["reason"] for error in body["errors"] if error["field"] == field]
    return str(found)


def reasons(bodies: Iterable[dict[str, Any]], field: str) -> set[str]:
    """Return all that problems say why a field is wrong."""
    return {reason(body, field) for body in bodies}
