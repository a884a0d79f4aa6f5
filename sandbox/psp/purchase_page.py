"""The page on which the shopper presses Buy Now. It stores what shall happen; it never charges.

A click carries no one's rights, only the token in the page's address, so it needs no CSRF token.
"""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from sandbox.psp import control
from sandbox.psp.errors import Refused
from sandbox.psp.models import Conditions, Session
from sandbox.psp.money import decimal_string
from sandbox.psp.scenarios import APPROVE, BY_NAME, chosen_by_amount, grouped
from sandbox.psp.wire import status_word


class SeeOther(HttpResponse):
    """303: go there with GET. To any address, since merchants live anywhere."""

    status_code = 303

    def __init__(self, url: str) -> None:
        super().__init__(headers={"Location": url})


@method_decorator(csrf_exempt, name="dispatch")
class PurchasePage(View):
    """`/psp/purchase/{token}`."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show the page."""
        session = _find(token)
        response = render(request, "psp/purchase.html", _context(session))
        response["Cache-Control"] = "no-store"
        return response

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Store the choice, if there is still something to choose, and lead back to the site."""
        session = _find(token)
        scenario = request.POST.get("scenario", "")
        if scenario in BY_NAME:
            with suppress(Refused):  # pressed again, or too late: the site behind finds out
                control.choose_scenario(token, scenario)
        return SeeOther(_with_token(session.return_url, token))


def _find(token: str) -> Session:
    session = Session.objects.filter(token=token).first()
    if session is None:
        raise Http404
    return session


def _context(session: Session) -> dict[str, Any]:
    now = Conditions.current().now()
    # Who was declined is about to choose another way to pay.
    by_amount = None if session.decline_code else chosen_by_amount(session.amount_minor)
    waits = session.status == Session.Status.OPEN and not session.begun
    return {
        "session": session,
        "amount": decimal_string(session.amount_minor, session.currency),
        "merchant": session.metadata.get("shop_name") or urlsplit(session.return_url).hostname,
        "return_url": _with_token(session.return_url, session.token),
        "is_open": waits and now.psp < session.ends_at,
        "state": "expired" if waits else status_word(session),
        "groups": grouped(),
        "chosen": session.scenario or (by_amount or APPROVE).name,
    }


def _with_token(url: str, token: str) -> str:
    parts = urlsplit(url)
    added = f"psp_token={token}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))
