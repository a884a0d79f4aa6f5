"""The refusals of the API, each with its status and code from API.md's table."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


class Refused(Exception):
    """The call ends in an error answer. `field` names the culprit in a malformed request."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the error as API.md shows it."""
        return {"error": {"code": self.code, "message": self.message, "field": self.field}}


def invalid_request(message: str, *, field: str | None = None) -> Refused:
    """Say that the request is malformed; nothing happened."""
    return Refused(HTTPStatus.BAD_REQUEST, "invalid_request", message, field=field)


def not_found(what: str) -> Refused:
    """Say that there is no such thing, as far as this replica knows."""
    return Refused(HTTPStatus.NOT_FOUND, "not_found", f"There is no such {what}.")


def state_conflict(message: str) -> Refused:
    """Say that the state does not allow this; nothing happened."""
    return Refused(HTTPStatus.CONFLICT, "state_conflict", message)
