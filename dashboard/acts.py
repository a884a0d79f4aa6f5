"""How every act of staff goes: a page that says what will happen, a reason, and then it is done.

The page is a plain form, so that it works without JavaScript. Whoever may not act is refused, and
that is recorded; whoever moves money must have proved within five minutes who they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_only
from dashboard.act_forms import ReasonForm
from dashboard.fresh import step_up, typed_before
from dashboard.pages import page
from dashboard.refusal_words import in_words
from payments.models import Shop
from payments.services.record_refusal import record_refusal
from payments.services.refusals import NotAllowed, Refusal
from psp_clients.contract import PspError

Perform = Callable[[User, Any, ReasonForm, datetime], str]


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `target` is what `find` returned: a session, a webhook, a case, or nothing."""

    name: str
    title: str
    permission: str
    perform: Perform  # does it, and says what was done
    find: Callable[[UUID | None], Any] = lambda _: None
    session_id: Callable[[Any], UUID | None] = lambda _: None
    shop: Callable[[Any], Shop | None] = lambda _: None
    back: Callable[[Any], str] = lambda _: "/mid-office/"
    facts: Callable[[Any], Sequence[tuple[str, str]]] = lambda _: ()  # what it is done to
    what_happens: Callable[[Any], Sequence[str]] = lambda _: ()
    form: Callable[..., ReasonForm] = ReasonForm
    form_options: Callable[[Any], dict[str, Any]] = lambda _: {}
    moves_money: bool = False


def view_of(act: Act) -> Callable[..., HttpResponseBase]:
    """Return the view of an act: GET asks, POST does."""

    @staff_only
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, row_id: UUID | None = None) -> HttpResponse:
        target = act.find(row_id)
        by = cast("User", request.user)
        if not by.has_perm(f"payments.{act.permission}"):
            refuse(by, act.name, act.session_id(target), act.shop(target))
        options = {"initial": typed_before(request), **act.form_options(target)}
        form = act.form(request.POST or None, **options)
        if act.moves_money and (elsewhere := step_up(request, form, timezone.now())):
            return elsewhere
        if request.method == "POST" and form.is_valid() and _done(request, act, by, target, form):
            return redirect(act.back(target))
        context = {
            "act": act,
            "form": form,
            "facts": act.facts(target),
            "what_happens": act.what_happens(target),
            "back": act.back(target),
        }
        return page(request, "dashboard/act.html", context)

    return view


def refuse(by: User, act: str, session_id: UUID | None, about: Shop | None = None) -> NoReturn:
    """Record that somebody may not do it, and refuse. Raises PermissionDenied."""
    record_refusal(by=by, act=act, session_id=session_id, why="no permission", about=about)
    raise PermissionDenied


def _done(request: HttpRequest, act: Act, by: User, target: Any, form: ReasonForm) -> bool:
    try:
        said = act.perform(by, target, form, timezone.now())
    except NotAllowed:
        refuse(by, act.name, act.session_id(target), act.shop(target))
    except (Refusal, PspError) as refused:
        form.add_error(None, in_words(refused))
        return False
    messages.success(request, said)
    return True
