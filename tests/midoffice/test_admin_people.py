"""Users and roles in the Django admin..."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from payments.models import StaffEvent
from tests.builders import make_user
from tests.midoffice.conftest import let_in, logged_in

pytestmark = pytest.mark.django_db

RIGHTS = {"is_active": "on", "is_staff": "on"}


@pytest.fixture
def sara() -> User:
    """Return a superuser."""
    return make_user(username="sara", is_superuser=True)


@pytest.fixture
def browser(sara: User) -> Client:
    """Return her browser."""
    return let_in(sara)


@pytest.fixture
def approver() -> Group:
    """Return a role."""
    return Group.objects.get_or_create(name="approver")[0]


def page_of(user: User, action: str = "change") -> str:
    """Return the admin page of a user."""
    return reverse(f"admin:auth_user_{action}", args=[user.pk])


def change(browser: Client, user: User, **fields: Any) -> Any:
    """Submit the form of a user."""
    return browser.post(page_of(user), {"username": user.username, **RIGHTS, **fields})


def test_are_given_roles_on_record(browser: Client, approver: Group):
    ann = make_user(username="ann")

    answer = change(browser, ann, groups=[approver.pk], is_superuser="on")

    assert answer.status_code == 302
    told = StaffEvent.objects.get()
    assert (told.name, told.actor, told.subject) == ("user.changed", "sara", "user ann")
    assert told.data == {
        "before": {"is_superuser": False, "groups": []},
        "after": {"is_superuser": True, "groups": ["approver"]},
    }


def test_are_made_on_record(browser: Client):
    secret = "correct horse battery"
    browser.post(
        reverse("admin:auth_user_add"),
        {
            "username": "ann",
            "usable_password": "true",
            "password1": secret,
            "password2": secret,
        },
    )

    told = StaffEvent.objects.get()
    assert (told.name, told.subject) == ("user.made", "user ann")
    assert "password" not in str(told.data)


def test_never_change_their_own_rights(browser: Client, sara: User, approver: Group):
    change(browser, sara, username="eve", groups=[approver.pk], is_superuser="", is_staff="")

    sara.refresh_from_db()
    assert (sara.username, sara.is_superuser, sara.is_staff) == ("sara", True, True)
    assert not sara.groups.exists()
    assert not StaffEvent.objects.exists()


def test_are_given_passwords_on_record(browser: Client):
    ann = make_user(username="ann")
    address = reverse("admin:auth_user_password_change", args=[ann.pk])
    secret = "correct horse battery"

    browser.post(address, {"password1": secret, "password2": "another"})
    assert not StaffEvent.objects.exists()
    browser.post(address, {"password1": secret, "password2": secret})

    ann.refresh_from_db()
    assert ann.check_password(secret)
    told = StaffEvent.objects.get()
    assert (told.name, told.actor, told.subject) == ("user.password_set", "sara", "user ann")
    assert secret not in str(told.data)


def test_are_never_deleted(browser: Client):
    ann = make_user(username="ann")

    assert browser.post(page_of(ann, "delete"), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=ann.pk).exists()


def test_are_changed_by_superusers_alone(approver: Group):
    ann, address = make_user(username="ann"), reverse("admin:auth_user_add")
    other = logged_in("add_user", "change_user", "view_user", "delete_user")

    assert change(other, ann, is_superuser="on").status_code == 403
    assert other.post(address, {"username": "eve"}).status_code == 403
    ann.refresh_from_db()
    assert not ann.is_superuser


def test_roles_are_read_only(browser: Client, approver: Group):
    address = reverse("admin:auth_group_change", args=[approver.pk])
    before = set(approver.permissions.all())

    assert browser.get(address).status_code == 200
    assert browser.post(address, {"name": "approver", "permissions": []}).status_code == 403
    assert browser.post(reverse("admin:auth_group_add"), {"name": "eve"}).status_code == 403
    assert set(approver.permissions.all()) == before
