"""Who may enter the mid-office: members of staff, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

Params = ParamSpec("Params")
View = Callable[Concatenate[HttpRequest, Params], HttpResponseBase]


def staff_only(view: View[Params]) -> View[Params]:
    """Let staff in; send strangers to the login, and refuse whoever is no staff.

    The login leads back to a page, never to an act. Pages for staff are never kept by browsers
    or proxies.
    """

    @wraps(view)
    def guarded(
        request: HttpRequest, /, *args: Params.args, **kwargs: Params.kwargs
    ) -> HttpResponseBase:
        if not request.user.is_authenticated:
            is_page = request.method in ("GET", "HEAD")
            return redirect_to_login(request.get_full_path() if is_page else "")
        if not request.user.is_staff:
            raise PermissionDenied
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    return guarded
