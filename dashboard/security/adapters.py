"""What allauth asks a site about: who may log in, where that leads, and how second factors look."""

from __future__ import annotations

from typing import Any, Final

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from qrcode.image.svg import SvgPathImage

# The page that follows a login or logout says enough.
UNSAID: Final = frozenset({"account/messages/logged_in.txt", "account/messages/logged_out.txt"})
PASSWORD_ALONE: Final = "reauthenticate"  # noqa: S105 - the name of a method


class StaffAdapter(DefaultAccountAdapter):
    """Logins are for staff, lead to our own pages, and mention nobody's e-mail address."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the member of staff whose name and password these are, or None.

        Raises ValidationError once too many were wrong. Whoever is no staff is told no more than
        a stranger.
        """
        user = super().authenticate(request, **credentials)
        return user if isinstance(user, User) and user.is_staff else None

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Turn away whoever shows a passkey of an account that was switched off."""
        messages.error(request, "This account may not log in.")
        return redirect("account_login")

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[Any]:
        """Return how somebody may prove who they are: never by password alone where there is more.

        A passkey comes first, which no false page can ask for.
        """
        methods = super().get_reauthentication_methods(user)
        factors = [method for method in methods if method["id"] != PASSWORD_ALONE]
        return factors[::-1] or methods

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Leave it to `dashboard.fresh`, which guards the same pages by a stricter rule."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Lead to our own pages alone, not to any allowed host."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Lead back to where the change was begun."""
        return reverse("mfa_index")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Say what was done, except what shows by itself."""
        if message_template not in UNSAID:
            super().add_message(request, level, message_template, *args, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors bear our name and that of the member of staff."""

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """Return what the app shows beside the code."""
        return user.get_username()

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code as an element of the page: a data URL is what our CSP forbids."""
        return str(qrcode.make(url, image_factory=SvgPathImage).to_string(encoding="unicode"))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return whom a passkey is for: the host, under a name that people know."""
        return {**super().get_public_key_credential_rp_entity(), "name": "BPS mid-office"}

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:  # noqa: A002
        """Return the name that a new passkey is offered."""
        made = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {made + 1}"
