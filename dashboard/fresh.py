"""Step-up: whoever moves money has given the password within five minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_only
from dashboard.pages import page

FRESH_FOR: Final = timedelta(minutes=5)
MOST_WRONG_PASSWORDS: Final = 5
GIVEN_AT: Final = "password_given_at"
WRONG: Final = "wrong_passwords"


class Login(LoginView):
    """The login of the mid-office; it remembers when the password was given."""

    template_name = "dashboard/login.html"
    authentication_form = AdminAuthenticationForm  # refuses whoever is no staff

    def form_valid(self, form: AuthenticationForm) -> Any:
        """Log in, and note the time."""
        answer = super().form_valid(form)
        note_password(self.request, timezone.now())
        return answer


def note_password(request: HttpRequest, now: datetime) -> None:
    """Remember in this browser's session that the password was given."""
    request.session[GIVEN_AT] = now.isoformat()
    request.session.pop(WRONG, None)


def is_fresh(request: HttpRequest, now: datetime) -> bool:
    """Tell whether the password was given within five minutes."""
    given_at: str = request.session.get(GIVEN_AT, "")
    return bool(given_at) and now - datetime.fromisoformat(given_at) < FRESH_FOR


def ask_for_password(request: HttpRequest) -> HttpResponse:
    """Send somebody to give the password again, and back to the act's page. Nothing is done."""
    where = reverse("mid-office:password")
    return redirect(f"{where}?{urlencode({'next': request.path})}")


class PasswordForm(forms.Form):
    """The password of whoever is logged in."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Ask for the password again. Five wrong ones end the login."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        wanted = reverse("mid-office:sessions")
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if request.user.check_password(form.cleaned_data["password"]):
            note_password(request, timezone.now())
            return redirect(wanted)
        wrong = request.session.get(WRONG, 0) + 1
        request.session[WRONG] = wrong
        if wrong >= MOST_WRONG_PASSWORDS:
            logout(request)
            return redirect("mid-office:login")
        form.add_error("password", "This is not your password.")
    return page(request, "dashboard/password.html", {"form": form, "next": wanted})
