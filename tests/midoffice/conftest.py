"""People who come to the mid-office."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.builders import make_authenticator_app, make_user


@pytest.fixture
def viewer(db: None) -> Client:
    """Return a browser of a member of staff who may look and do nothing."""
    return logged_in()


@pytest.fixture
def superuser(db: None) -> Client:
    """Return a browser of a superuser."""
    return logged_in(is_superuser=True)


def logged_in(*permissions: str, **fields: object) -> Client:
    """Return a browser of a member of staff with these permissions."""
    return let_in(make_user(*permissions, **fields))


def let_in(user: User) -> Client:
    """Return the browser of somebody who has an authenticator app, and has just logged in by it."""
    make_authenticator_app(user)
    browser = Client()
    browser.force_login(user)
    return proved(browser)


def proved(browser: Client, by: str = "mfa", *, ago: timedelta = timedelta(0)) -> Client:
    """Let somebody have proved who they are, and nothing else, by "mfa" or "password"."""
    session = browser.session
    record = {"method": by, "at": (timezone.now() - ago).timestamp()}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [record]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    return browser
