"""Tells the caller the request id under which the logs know the request."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse


class RequestIdMiddleware:
    """Set `X-Request-ID` on every response; stands behind the middleware that makes the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the view does, with the header added."""
        response = self.get_response(request)
        response["X-Request-ID"] = structlog.contextvars.get_contextvars()["request_id"]
        return response
