"""What the API answers, and in what manner: plainly, late, or not at all."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is committed before it is sent.

    `before_sending` runs in between, outside any transaction. A dropped answer is remembered
    like any other, but the connection is closed in its place.
    """

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    before_sending: Callable[[], None] | None = None
    dropped: bool = False


def json_response(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a JSON answer."""
    return JsonResponse(dict(body), status=status, headers=dict(headers or {}))


def drop_connection(request: HttpRequest) -> HttpResponse:
    """Close the client's connection without an answer.

    What is returned reaches nobody: gunicorn finds the socket shut when it writes.
    """
    connection: socket.socket = request.META["gunicorn.socket"]
    with suppress(OSError):  # the client may have left already
        connection.shutdown(socket.SHUT_RDWR)
    return HttpResponse()
