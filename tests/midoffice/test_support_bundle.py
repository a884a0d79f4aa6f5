"""Taking a support bundle in the mid-office..."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from payments.models import CauseKind, Event, PaymentSession
from tests.builders import make_case, make_session
from tests.database.tables import changed_since, snapshot
from tests.midoffice.conftest import logged_in

# The taking is committed before the bundle is made.
pytestmark = pytest.mark.django_db(transaction=True)

PERMISSION = "download_support_bundle"


def address(session: PaymentSession) -> str:
    return reverse("mid-office:support-bundle", args=[session.pk])


def test_gives_a_file_and_records_who_took_it():
    session = make_session()

    response = logged_in(PERMISSION, username="olga").post(address(session))

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == (
        f'attachment; filename="support-bundle-{session.pk}.json"'
    )
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    told = json.loads(response.content)
    assert told["references"]["checkout_id"] == session.checkout_id
    event = Event.objects.get(session=session)
    assert (event.name, event.cause_kind, event.actor) == (
        "support_bundle.handed_out",
        CauseKind.STAFF,
        "olga",
    )


def test_needs_the_permission(viewer: Client):
    session = make_session()
    before = snapshot()

    assert viewer.post(address(session)).status_code == 403
    assert changed_since(before) == {"payments_event"}
    assert Event.objects.get().data == {"act": "support-bundle", "why": "no permission"}


def test_is_not_done_by_a_link():
    session = make_session()
    before = snapshot()

    assert logged_in(PERMISSION).get(address(session)).status_code == 405
    assert snapshot() == before


def test_knows_no_session_that_is_not_there():
    missing = reverse("mid-office:support-bundle", args=[UUID(int=7)])

    assert logged_in(PERMISSION).post(missing).status_code == 404


def test_is_offered_with_every_case_to_those_who_may(viewer: Client):
    session = make_session()
    make_case(session)
    page = reverse("mid-office:session", args=[session.pk])

    offered = logged_in(PERMISSION).get(page).content.decode()

    assert f'action="{address(session)}" id="support-bundle"' in offered
    assert '<a href="#support-bundle">Support bundle</a>' in offered
    assert "Support bundle" not in viewer.get(page).content.decode()
