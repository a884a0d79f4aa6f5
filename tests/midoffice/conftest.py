"""People who come to the mid-office."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.fresh import GIVEN_AT
from tests.builders import make_user


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
    browser = Client()
    browser.force_login(make_user(*permissions, **fields))
    return gave_password(browser)


def gave_password(browser: Client, *, ago: timedelta = timedelta(0)) -> Client:
    """Let a browser have given the password, some time ago."""
    session = browser.session
    session[GIVEN_AT] = (timezone.now() - ago).isoformat()
    session.save()
    return browser
