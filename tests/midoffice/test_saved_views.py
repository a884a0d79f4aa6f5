"""A saved view..."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import SavedView
from dashboard.saved_views import KEPT_AT_MOST
from tests.builders import make_user

pytestmark = pytest.mark.django_db

SESSIONS = reverse("mid-office:sessions")
SAVE = reverse("mid-office:save-view", args=["sessions"])


@pytest.fixture
def olga() -> Client:
    """Return the browser of a member of staff."""
    browser = Client()
    browser.force_login(make_user(username="olga"))
    return browser


def save(browser: Client, name: str, query: str = "currency=EUR") -> str:
    """Save a view; return where that led to."""
    return browser.post(SAVE, {"name": name, "query": query})["Location"]


def names(browser: Client) -> list[str]:
    """Return the names of the views that the list offers."""
    return [view.name for view in browser.get(SESSIONS).context["saved_views"]]


def test_leads_back_to_the_list_as_it_was_narrowed(olga: Client):
    where = save(olga, "Euros in doubt", "currency=EUR&phase=in_doubt&status=started")

    assert where == f"{SESSIONS}?status=started&phase=in_doubt&currency=EUR"
    page = olga.get(where).content.decode()
    assert '?status=started&amp;phase=in_doubt&amp;currency=EUR" aria-current="page"' in page
    assert "Euros in doubt" in page


def test_keeps_nothing_that_does_not_narrow_the_list(olga: Client):
    where = save(olga, "a", "currency=EUR&cursor=x&next=//evil.example")

    assert where == f"{SESSIONS}?currency=EUR"
    assert SavedView.objects.get().query == "currency=EUR"


def test_of_the_same_name_takes_the_place_of_the_older(olga: Client):
    save(olga, "a", "currency=EUR")
    save(olga, "a", "currency=USD")

    assert [view.query for view in SavedView.objects.all()] == ["currency=USD"]


def test_is_seen_by_nobody_else(olga: Client, viewer: Client):
    save(olga, "hers")
    view = SavedView.objects.get()

    assert names(viewer) == []
    assert viewer.post(reverse("mid-office:delete-view", args=[view.pk])).status_code == 404
    assert names(olga) == ["hers"]


def test_is_deleted_by_its_owner(olga: Client):
    save(olga, "a")
    view = SavedView.objects.get()

    response = olga.post(reverse("mid-office:delete-view", args=[view.pk]))

    assert response["Location"] == f"{SESSIONS}?currency=EUR"
    assert names(olga) == []


def test_needs_a_name(olga: Client):
    for name in ("", "   ", "x" * 61, "a\0b"):
        assert save(olga, name) == f"{SESSIONS}?currency=EUR"
        assert SavedView.objects.count() == 0, name


def test_is_kept_of_known_lists_alone(olga: Client):
    address = reverse("mid-office:save-view", args=["nonsense"])

    assert olga.post(address, {"name": "a", "query": ""}).status_code == 404


def test_is_one_of_so_many(olga: Client):
    for number in range(KEPT_AT_MOST + 1):
        save(olga, f"{number:02}")

    assert names(olga) == [f"{number:02}" for number in range(KEPT_AT_MOST)]


def test_shows_its_name_as_text(olga: Client):
    save(olga, "<script>\u202e")

    page = olga.get(SESSIONS).content.decode()

    assert "<script>\u202e" not in page
    assert "&lt;script&gt;⟨U+202E⟩" in page


def test_is_neither_kept_nor_deleted_by_a_link(olga: Client):
    save(olga, "a")
    view = SavedView.objects.get()

    assert olga.get(SAVE).status_code == 405
    assert olga.get(reverse("mid-office:delete-view", args=[view.pk])).status_code == 405
    assert names(olga) == ["a"]
