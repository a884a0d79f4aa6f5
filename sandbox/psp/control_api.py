"""The control calls as JSON: for tests and demonstrations on the same machine, without a key."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from sandbox.psp import books, control
from sandbox.psp.answers import json_response
from sandbox.psp.errors import Refused, invalid_request
from sandbox.psp.fields import Fields
from sandbox.psp.forms import (
    ClockForm,
    FaultsForm,
    OutageForm,
    PolicyForm,
    ResendForm,
    ScenarioForm,
)
from sandbox.psp.loopback import is_loopback
from sandbox.psp.wire import session_json


@method_decorator(csrf_exempt, name="dispatch")
class ControlView(View):
    """One control call. Subclasses have a method per HTTP verb."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse, or hand on to the verb's method."""
        if not is_loopback(request.META.get("REMOTE_ADDR", "")):
            return _error(Refused(HTTPStatus.FORBIDDEN, "forbidden", "Only for this machine."))
        try:
            return super().dispatch(request, *args, **kwargs)
        except Refused as refusal:
            return _error(refusal)


class Books(ControlView):
    """`/control/books`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what was really charged and refunded."""
        page = books.page(checkout_id=request.GET.get("checkout_id"), behind=_cursor(request))
        return json_response(200, page)


class ChooseScenario(ControlView):
    """`/control/sessions/{token}`."""

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Settle what shall happen on the purchase."""
        scenario = _clean(ScenarioForm, request)["scenario"]
        session = control.choose_scenario(token, scenario)
        return json_response(200, session_json(session) | {"scenario": scenario})


class Clock(ControlView):
    """`/control/clock`."""

    def get(self, _request: HttpRequest) -> HttpResponse:
        """Read the PSP's clock."""
        return json_response(200, control.read_clock())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Speed it up, or put it forward."""
        control.move_clock(**_clean(ClockForm, request))
        return json_response(200, control.read_clock())


class Outage(ControlView):
    """`/control/outage`."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Be away for a while."""
        control.set_outage(**_clean(OutageForm, request))
        return json_response(200, {})


class Faults(ControlView):
    """`/control/faults`."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Have purchases fail by chance."""
        control.set_faults(**_clean(FaultsForm, request))
        return json_response(200, {})


class Policy(ControlView):
    """`/control/policy`."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change what the PSP protects the merchant from."""
        control.set_policy(**_clean(PolicyForm, request))
        return json_response(200, {})


class Resend(ControlView):
    """`/control/webhooks/resend`."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send the session's latest webhook again."""
        event_id = control.resend_webhook(_clean(ResendForm, request)["token"])
        return json_response(200, {"event_id": event_id})


class GiveUp(ControlView):
    """`/control/webhooks/give-up`."""

    def post(self, _request: HttpRequest) -> HttpResponse:
        """Send no webhook any more that is not delivered yet."""
        control.give_up_webhooks()
        return json_response(200, {})


class Webhooks(ControlView):
    """`/control/webhooks`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show which deliveries were tried."""
        page = control.webhook_tries(request.GET.get("token"), behind=_cursor(request))
        return json_response(200, page)


class Reset(ControlView):
    """`/control/reset`."""

    def post(self, _request: HttpRequest) -> HttpResponse:
        """Put everything but the books back to normal."""
        control.reset()
        return json_response(200, {})


def _error(refusal: Refused) -> HttpResponse:
    return json_response(refusal.status, refusal.body(), refusal.headers)


def _cursor(request: HttpRequest) -> int:
    cursor = request.GET.get("cursor", "0")
    if not (cursor.isascii() and cursor.isdigit()):
        raise invalid_request("This is no cursor of ours.", field="cursor")
    return int(cursor)


def _clean(form_class: type[forms.Form], request: HttpRequest) -> dict[str, Any]:
    form = form_class(dict(Fields.parse(request.body).body))
    if not form.is_valid():
        field, messages = next(iter(form.errors.items()))
        raise invalid_request(" ".join(map(str, messages)), field=field)
    return form.cleaned_data
