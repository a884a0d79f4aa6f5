"""Second factors as their owners use them."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from payments.models import StaffEvent
from tests.builders import PASSWORD, TOTP_KEY

WRONG_CODE = "no code"


def code(key: str = TOTP_KEY) -> str:
    """Return what an authenticator app shows now."""
    return format_hotp_value(hotp_value(key, int(time.time()) // app_settings.TOTP_PERIOD))


def make_recovery_codes(user: User) -> list[str]:
    """Return the recovery codes that somebody has been given."""
    return RecoveryCodes.activate(user).get_unused_codes()


def make_passkey(user: User, name: str = "Laptop") -> Authenticator:
    """Return a passkey that nobody can use: what it is made of only a real browser knows."""
    kind, data = Authenticator.Type.WEBAUTHN, {"name": name, "credential": {}}
    passkey: Authenticator = Authenticator.objects.create(user=user, type=kind, data=data)
    return passkey


def give_password(browser: Client, user: User, password: str = PASSWORD, **fields: str) -> Any:
    """Submit the login page."""
    answer = {"login": user.username, "password": password, **fields}
    return browser.post(reverse("account_login"), answer)


def is_in(browser: Client) -> bool:
    """Tell whether a browser is logged in to the mid-office."""
    return browser.get(reverse("mid-office:approvals")).status_code == 200


def told(user: User) -> list[str]:
    """Return what the staff events tell of a user, oldest first."""
    events = StaffEvent.objects.filter(subject=f"user {user.get_username()}").order_by("pk")
    return [event.data["why"] for event in events]
