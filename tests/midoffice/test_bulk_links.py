"""Acts on many rows..."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.midoffice.conftest import logged_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "permission", "act"),
    [
        ("sessions", "change_purchase", "ask-many"),
        ("receipts", "replay_receipt", "replay-many"),
        ("notifications", "resend_notification", "resend-since"),
        ("home", "resend_notification", "resend-since"),
        ("approvals", "replay_receipt", "replay-many"),
    ],
)
def test_are_led_to_from_where_the_rows_are(name: str, permission: str, act: str, viewer: Client):
    page = reverse(f"mid-office:{name}")
    leads = f'href="{reverse(f"mid-office:{act}")}"'

    assert leads in logged_in(permission).get(page).content.decode()
    assert leads not in viewer.get(page).content.decode()


def test_stand_on_the_list_of_their_own_rows_alone():
    page = reverse("mid-office:sessions")
    leads = f'href="{reverse("mid-office:replay-many")}"'

    assert leads not in logged_in("replay_receipt").get(page).content.decode()
