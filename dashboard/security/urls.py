"""Addresses of logins and second factors, under the names by which allauth looks for them.

What is not here can't be reached: nobody signs up, and no mail is sent.
"""

from __future__ import annotations

from typing import Any, Final

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path, reverse_lazy
from django.views.decorators.http import require_POST
from django.views.generic import View

from dashboard.access import staff_only
from dashboard.fresh import fresh_only
from dashboard.pages import banner

FOLDER: Final = "dashboard/security"


def shown(view: type[View[Any]], template: str, **options: Any) -> Any:
    """Return an allauth view that is shown in the look of the mid-office."""
    context = {"sandbox_words": banner, **options.pop("extra_context", {})}
    return view.as_view(template_name=f"{FOLDER}/{template}.html", extra_context=context, **options)


def confirmed(view: type[View[Any]], title: str, sentence: str, **options: Any) -> Any:
    """Return an allauth view that does something once a button is pressed."""
    words = {"title": title, "sentence": sentence}
    return shown(view, "confirm", extra_context=words, **options)


ENTRANCE: Final = [
    path("login/", shown(account.LoginView, "login"), name="account_login"),
    path("login/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path(
        "login/second-factor/",
        shown(mfa.AuthenticateView, "second_factor"),
        name="mfa_authenticate",
    ),
    path("logout/", require_POST(account.logout), name="account_logout"),
]

AGAIN: Final = [
    path(
        "again/password/",
        staff_only(shown(account.ReauthenticateView, "again_password")),
        name="account_reauthenticate",
    ),
    path(
        "again/code/",
        staff_only(shown(mfa.ReauthenticateView, "again_code")),
        name="mfa_reauthenticate",
    ),
    path(
        "again/passkey/",
        staff_only(shown(webauthn.ReauthenticateWebAuthnView, "again_passkey")),
        name="mfa_reauthenticate_webauthn",
    ),
]

add_totp = shown(totp.ActivateTOTPView, "add_totp")
add_passkey = shown(webauthn.AddWebAuthnView, "add_passkey")
change_password = shown(account.PasswordChangeView, "password")
set_password = shown(account.PasswordSetView, "password", success_url=reverse_lazy("mfa_index"))
remove_totp = confirmed(
    totp.DeactivateTOTPView,
    "Remove the authenticator app",
    "Its codes are worth nothing from then on. Recovery codes go with the last second factor.",
)
remove_passkey = confirmed(
    webauthn.RemoveWebAuthnView,
    "Remove the passkey",
    "It logs nobody in from then on. Recovery codes go with the last second factor.",
    success_url=reverse_lazy("mfa_index"),
)
new_codes = confirmed(
    recovery_codes.GenerateRecoveryCodesView,
    "Make new recovery codes",
    "Those that you have are worth nothing from then on.",
)
codes = shown(recovery_codes.ViewRecoveryCodesView, "recovery_codes")

OWN_SECURITY: Final = [
    path("security/", staff_only(shown(mfa.IndexView, "index")), name="mfa_index"),
    *(
        path(f"security/{address}/", staff_only(fresh_only(view)), name=name)
        for address, view, name in (
            ("password", change_password, "account_change_password"),
            ("first-password", set_password, "account_set_password"),
            ("authenticator-app/add", add_totp, "mfa_activate_totp"),
            ("authenticator-app/remove", remove_totp, "mfa_deactivate_totp"),
            ("passkeys/add", add_passkey, "mfa_add_webauthn"),
            ("passkeys/<int:pk>/remove", remove_passkey, "mfa_remove_webauthn"),
            ("recovery-codes", codes, "mfa_view_recovery_codes"),
            ("recovery-codes/new", new_codes, "mfa_generate_recovery_codes"),
        )
    ),
]

urlpatterns = [*ENTRANCE, *AGAIN, *OWN_SECURITY]
