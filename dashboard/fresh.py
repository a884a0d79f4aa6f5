"""Step-up: whoever moves money has proved within five minutes who they are.

By a second factor, which has to be enrolled where BPS_MONEY_NEEDS_SECOND_FACTOR is on. Where it is
off, the password is enough for whoever has no second factor. Nothing is done meanwhile, and what
was typed is kept for the way back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final, cast

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode

FRESH_FOR: Final = timedelta(minutes=5)
HELD_UP: Final = "held_up"
# Recovery codes come along with these, and are none by themselves.
SECOND_FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor(user: User) -> bool:
    """Tell whether somebody has enrolled an authenticator app or a passkey."""
    return bool(is_mfa_enabled(user, SECOND_FACTORS))


def is_fresh(request: HttpRequest, now: datetime) -> bool:
    """Tell whether somebody has proved within five minutes, in this browser, who they are.

    Where a second factor is enrolled, nothing less counts.
    """
    user = cast("User", request.user)
    enough = {"mfa"} if has_second_factor(user) else {"mfa", "password"}
    since = (now - FRESH_FOR).timestamp()
    records = get_authentication_records(request, user)
    return any(record["method"] in enough and record["at"] > since for record in records)


@receiver(authenticator_added)
def note_enrolment(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Count the enrolment of a second factor as its first use: it was shown to work."""
    if authenticator.type in SECOND_FACTORS:
        record_authentication(request, user, "mfa", type=authenticator.type)


def step_up(request: HttpRequest, form: Form, now: datetime) -> HttpResponse | None:
    """Return where somebody who may not move money yet must go first; None where the act goes on.

    A valid form is kept meanwhile: one that is not may hold what we must not store.
    """
    elsewhere: HttpResponse
    needs_one = settings.BPS_MONEY_NEEDS_SECOND_FACTOR
    if needs_one and not has_second_factor(cast("User", request.user)):
        elsewhere = redirect("mfa_index")
    elif not is_fresh(request, now):
        elsewhere = _ask(request)
    else:
        request.session.pop(HELD_UP, None)
        return None
    typed = typed_before(request)
    if form.is_bound and form.is_valid():
        typed = {name: form.data.get(name, "") for name in form.fields}
    request.session[HELD_UP] = {"path": request.path, "typed": typed}
    return elsewhere


def typed_before(request: HttpRequest) -> dict[str, str]:
    """Return what was typed on this page when it was held up, by field."""
    held_up = request.session.get(HELD_UP, {})
    return dict(held_up["typed"]) if held_up.get("path") == request.path else {}


def fresh_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Ask members of staff to prove who they are before a view that changes how they log in."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return view(request, **kwargs) if is_fresh(request, timezone.now()) else _ask(request)

    return guarded


def _ask(request: HttpRequest) -> HttpResponse:
    methods = get_adapter().get_reauthentication_methods(request.user)
    if not methods:  # neither a password nor a second factor: nothing could be asked for
        raise PermissionDenied
    return redirect(f"{methods[0]['url']}?{urlencode({'next': request.path})}")
