"""The page of invariants..."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from payments.models import InvariantCheck
from tests.database.tables import changed_since, snapshot
from tests.invariants.planting import honest_purchase
from tests.midoffice.conftest import logged_in

PAGE = reverse("mid-office:invariants")
CHECK = reverse("mid-office:check-invariants")
HOSTILE = "</li><script>alert(1)</script>\u202e"

pytestmark = pytest.mark.django_db


def page(browser: Client) -> str:
    """Return the page as it is read, with single spaces."""
    return " ".join(unescape(browser.get(PAGE).content.decode()).split())


def keep(**fields: object) -> InvariantCheck:
    """Keep a board."""
    now = timezone.now()
    defaults = {
        "checked_at": now,
        "changed_since": now,
        "duration_ms": 7,
        "sessions": 12,
        "complete": True,
        "results": [],
    }
    return InvariantCheck.objects.create(**defaults | fields)


def said(invariant_id: str, verdict: str, **more: object) -> dict[str, object]:
    """Return a result as a board keeps it."""
    return {
        "id": invariant_id,
        "verdict": verdict,
        "findings": [],
        "cut_off": False,
        "unknown_because": "",
        **more,
    }


def states(browser: Client) -> dict[str, str]:
    """Return the word by every invariant."""
    rows = browser.get(PAGE).context["rows"]
    return {row.invariant.id: row.badge.word for row in rows}


def test_knows_nothing_before_the_first_look(viewer: Client):
    assert "Nobody has looked yet." in page(viewer)
    assert states(viewer)["I1"] == "unknown"
    assert states(viewer)["I17"] == "proved elsewhere"
    assert len(states(viewer)) == 21


def test_says_what_held_when_it_was_last_looked_at(viewer: Client):
    keep(results=[said("I1", "violated")])
    at = keep(results=[said("I1", "held"), said("I2", "unknown", unknown_because="no time")])

    shown = page(viewer)

    assert (states(viewer)["I1"], states(viewer)["I2"]) == ("held", "unknown")
    assert f"{at.checked_at:%Y-%m-%d %H:%M:%S} UTC</time>, 0 s ago: 12 sessions in 7 ms." in shown
    assert "Not all was checked: no time." in shown
    assert "Every session that changed since" in shown
    assert "<code>payments/psp.py</code>" in shown


def test_says_when_time_did_not_suffice_and_who_asked(viewer: Client):
    keep(complete=False, actor="olga")

    shown = page(viewer)

    assert "asked for by olga" in shown
    assert "Time did not suffice for every session that changed since" in shown


def test_leads_to_the_session_of_every_row_that_offends(viewer: Client):
    purchase = honest_purchase()
    finding = {
        "session": str(purchase.session_id),
        "kind": "purchase",
        "id": purchase.public_id,
        "why": HOSTILE,
    }
    guard = {"session": None, "kind": "guard", "id": "purchase.legal_phase", "why": "off"}
    keep(results=[said("I4", "violated", findings=[finding, guard], cut_off=True)])

    shown = viewer.get(PAGE).content.decode()

    link = reverse("mid-office:session", args=[purchase.session_id])
    assert f'<a href="{link}">purchase <code>{purchase.public_id}</code></a>' in shown
    assert "<li>guard <code>purchase.legal_phase</code>: off</li>" in shown
    assert "&lt;/li&gt;&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩" in shown
    assert "… and more." in shown
    assert viewer.get(reverse("mid-office:search"), {"q": purchase.public_id})["Location"] == link


def test_is_linked_from_every_page(viewer: Client):
    shown = viewer.get(reverse("mid-office:sessions")).content.decode()

    assert f'<a href="{PAGE}">Invariants</a>' in shown


def test_costs_few_statements(viewer: Client, django_assert_num_queries: DjangoAssertNumQueries):
    keep()
    with django_assert_num_queries(5):
        viewer.get(PAGE)


@pytest.mark.django_db(transaction=True)
class TestCheckNow:
    def test_looks_and_shows_what_was_found(self) -> None:
        purchase = honest_purchase(captured_amount=10)
        browser = logged_in("add_invariantcheck", username="olga")

        response = browser.post(CHECK, follow=True)

        shown = response.content.decode()
        assert response.redirect_chain == [(PAGE, 302)]
        assert "Looked at 1 sessions in" in shown
        assert f"purchase <code>{purchase.public_id}</code>" in shown
        assert InvariantCheck.objects.get().actor == "olga"

    def test_needs_the_permission(self, viewer: Client) -> None:
        before = snapshot()

        assert viewer.post(CHECK).status_code == 403

        assert changed_since(before) == {"payments_staffevent"}
        assert "Check now" not in page(viewer)
        assert "Check now" in page(logged_in("add_invariantcheck"))

    def test_is_not_done_by_a_link(self) -> None:
        assert logged_in("add_invariantcheck").get(CHECK).status_code == 405
        assert InvariantCheck.objects.count() == 0
