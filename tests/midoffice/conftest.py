"""People who come to the mid-office."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
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
    """Return the browser of somebody who has an authenticator app, and has just logged in by it.

    Its session is written as a login leaves it, at a fraction of the price of one.
    """
    make_authenticator_app(user)
    session, browser = SessionStore(), Client()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    _prove(session, "mfa", timedelta(0))
    browser.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return browser


def proved(browser: Client, by: str = "mfa", *, ago: timedelta = timedelta(0)) -> Client:
    """Let somebody have proved who they are, and nothing else, by "mfa" or "password"."""
    _prove(browser.session, by, ago)
    return browser


def _prove(session: SessionBase, by: str, ago: timedelta) -> None:
    record = {"method": by, "at": (timezone.now() - ago).timestamp()}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [record]
    session["account_authentication_methods_user"] = session[SESSION_KEY]
    session.save()
