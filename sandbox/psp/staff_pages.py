"""The PSP's pages for whoever tries BPS: the books to read, and a panel to disturb things.

The panel does what the control calls do, through the same forms; it too is for this machine
alone. The books may be read by anyone who reaches the sandbox.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views import View

from sandbox.psp import books, control
from sandbox.psp.errors import Refused
from sandbox.psp.forms import ClockForm, FaultsForm, OutageForm, PolicyForm, ResendForm
from sandbox.psp.loopback import is_loopback
from sandbox.psp.models import Conditions

BOOKS_SHOWN = 50


class BooksPage(View):
    """`/books/`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the latest sessions, or one checkout's, named by its id or by a session's token."""
        checkout_id = request.GET.get("checkout_id", "").strip()
        if token := request.GET.get("token"):
            checkout_id = books.checkout_of(token) or token
        entries = (
            books.page(checkout_id=checkout_id)["data"]
            if checkout_id
            else books.latest(BOOKS_SHOWN)
        )
        context = {"entries": entries, "checkout_id": checkout_id, "shown": BOOKS_SHOWN}
        return render(request, "psp/books.html", context)


@dataclass(frozen=True, slots=True)
class Panel:
    """One form of the control panel, and what it does."""

    name: str
    title: str
    words: str
    button: str
    form: type[forms.Form]
    act: Callable[..., object]

    def form_for(self, data: QueryDict | None = None) -> forms.Form:
        """Return the form, with ids of its own on a page of several forms."""
        return self.form(data, auto_id=f"{self.name}-%s", label_suffix="")


PANELS = (
    Panel(
        "clock",
        "Clock",
        "The PSP and the issuer live on a clock of their own. A bank that takes hours answers"
        " in a moment when the clock is put forward by 14400 seconds.",
        "Set the clock",
        ClockForm,
        control.move_clock,
    ),
    Panel(
        "outage",
        "Outage",
        "For a while every call to the PSP ends badly.",
        "Set the outage",
        OutageForm,
        control.set_outage,
    ),
    Panel(
        "faults",
        "Random faults",
        "Purchases that have chosen no scenario draw one. The same seed draws the same.",
        "Set the rates",
        FaultsForm,
        control.set_faults,
    ),
    Panel(
        "policy",
        "Policy",
        "How much the PSP protects a merchant from charging twice.",
        "Set the policy",
        PolicyForm,
        control.set_policy,
    ),
    Panel(
        "resend",
        "Webhooks",
        "Sends the latest webhook of a session once more.",
        "Send again",
        ResendForm,
        control.resend_webhook,
    ),
    Panel(
        "reset",
        "Reset",
        "Puts clock, outage, faults and policy back to normal. The books stay.",
        "Reset",
        forms.Form,
        control.reset,
    ),
)


class ControlPanel(View):
    """`/control-panel/`, and `/control-panel/{name}` for its forms."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse whoever is not on this machine."""
        if not is_loopback(request.META.get("REMOTE_ADDR", "")):
            raise PermissionDenied("The control panel is for this machine alone.")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what is set, and the forms to change it."""
        return _panel_page(request, done=request.GET.get("done"))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        """Do what one form asks for, then show the panel again."""
        panel = next((panel for panel in PANELS if panel.name == name), None)
        if panel is None:
            raise Http404
        form = panel.form_for(request.POST)
        if form.is_valid():
            try:
                panel.act(**form.cleaned_data)
                return redirect(f"/control-panel/?done={name}")
            except Refused as refusal:
                form.add_error(None, refusal.message)
        return _panel_page(request, faulty=(name, form), status=400)


def _panel_page(
    request: HttpRequest,
    *,
    done: str | None = None,
    faulty: tuple[str, forms.Form] | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {panel.name: panel.form_for() for panel in PANELS}
    if faulty:
        shown[faulty[0]] = faulty[1]
    conditions = Conditions.current()
    context = {
        "panels": [(panel, shown[panel.name]) for panel in PANELS],
        "done": next((panel.title for panel in PANELS if panel.name == done), None),
        "conditions": conditions,
        "clock": control.read_clock(),
        "outage": conditions.outage(conditions.now()),
    }
    return render(request, "psp/control_panel.html", context, status=status)
