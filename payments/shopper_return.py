"""Where a PSP's page sends the shopper: on to the result page, whatever is away.

What the address brings along is never believed; the PSP is asked, if it can be.
"""

from __future__ import annotations

import structlog
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.views.decorators.http import require_GET

from payments import selectors
from payments.result import PUBLIC_TOKEN, private
from payments.services.come_back import come_back

log = structlog.get_logger()


class SeeOther(HttpResponseRedirect):
    """Go there with GET, whatever brought you here."""

    status_code = 303


@require_GET
def shopper_return(request: HttpRequest, public_token: str) -> HttpResponse:
    """Ask the PSP what the shopper did there, and lead on to the result page."""
    if PUBLIC_TOKEN.fullmatch(public_token):
        _ask(public_token, request.META.get("QUERY_STRING", ""))
    return private(SeeOther(resolve_url("result", public_token)))


def _ask(public_token: str, return_query: str) -> None:
    try:
        session = selectors.session_of_shopper(public_token)
        if session is not None:
            come_back(session, return_query=return_query, now=timezone.now())
    except (DatabaseError, InterfaceError) as away:
        log.warning("return_not_asked", why=str(away).splitlines()[0] if str(away) else "")
