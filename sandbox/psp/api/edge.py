"""What every call of the API passes first: the outage, the key, the method. Then its errors."""

import hmac
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from sandbox.clocks import Now
from sandbox.psp.answers import drop_connection, json_response
from sandbox.psp.errors import Refused
from sandbox.psp.idempotency import Act, answer_once
from sandbox.psp.models import Conditions


@method_decorator(csrf_exempt, name="dispatch")
class ApiView(View):
    """One path of the API. Subclasses have a method per HTTP verb."""

    conditions: Conditions
    now: Now

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse, or hand on to the verb's method."""
        self.conditions = Conditions.current()
        self.now = self.conditions.now()
        outage = self.conditions.outage(self.now)
        if outage:
            return _away(request, outage)
        if not _has_key(request):
            return _error(
                Refused(HTTPStatus.UNAUTHORIZED, "unauthorized", "The API key is missing or wrong.")
            )
        try:
            return super().dispatch(request, *args, **kwargs)
        except Refused as refusal:
            return _error(refusal)

    def once(self, act: Act) -> HttpResponse:
        """Carry out `act` once for the request's idempotency key."""
        return answer_once(self.request, act, conditions=self.conditions, now=self.now)

    def http_method_not_allowed(
        self, request: HttpRequest, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """Answer 405 as every other error."""
        message = f"{request.method} is not offered here."
        allowed = ", ".join(name.upper() for name in ("get", "post") if hasattr(self, name))
        refusal = Refused(
            HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", message, headers={"Allow": allowed}
        )
        return _error(refusal)


class UnknownPath(ApiView):
    """Whatever is no path of the API."""

    def dispatch(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
        """Answer 404, whatever the verb and the key."""
        return _error(
            Refused(HTTPStatus.NOT_FOUND, "not_found", f"There is nothing at {request.path}.")
        )


def _has_key(request: HttpRequest) -> bool:
    sent = request.headers.get("Authorization", "").encode()
    return hmac.compare_digest(sent, f"Bearer {settings.PSP_API_KEY}".encode())


def _away(request: HttpRequest, mode: str) -> HttpResponse:
    if mode == Conditions.Outage.DROP:
        return drop_connection(request)
    happened = mode == Conditions.Outage.ERROR
    headers = {} if happened else {"Nothing-Happened": "true"}
    return _error(
        Refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "The PSP is away.", headers=headers)
    )


def _error(refusal: Refused) -> HttpResponse:
    return json_response(refusal.status, refusal.body(), refusal.headers)
