"""The shopper's page."""

from django.http import HttpRequest, HttpResponse


def result(request: HttpRequest, public_token: str) -> HttpResponse:
    """Placeholder until the page is written."""
    return HttpResponse("result")
