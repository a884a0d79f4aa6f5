"""A real Chromium on a live server.

What the pages log in its console fails the test, and so does a page without our strict policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect
from pytest_django.live_server_helper import LiveServer

from tests.builders import PASSWORD
from tests.e2e.street import site, street
from tests.patience import PATIENCE_SECONDS

__all__ = ["OpenPage", "give_password", "open_page", "site", "street"]

OpenPage = Callable[..., Page]

REFUSED = 400
PATIENCE_MS = 1000 * PATIENCE_SECONDS
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(autouse=True)
def _uncounted(transactional_db: None) -> None:
    """Forget earlier logins, or the limits would meet a test for what others did."""
    cache.clear()


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """Open pages of the live server, each in a browser profile of its own.

    `login` is Django's own browser of somebody who is logged in, and whom the page then belongs to.
    `script` runs in each of the page's documents.
    """
    faults = Faults()
    contexts = []

    def open_one(
        path: str,
        *,
        status: int = 200,
        login: Client | None = None,
        script: str = "",
        **profile: Any,
    ) -> Page:
        ours = profile.setdefault("base_url", live_server.url)
        context = browser.new_context(**profile)
        contexts.append(context)
        if login is not None:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": login.cookies[name].value, "url": ours}])
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        faults.listen(page, ours)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert faults.found() == []


def give_password(page: Page, username: str, password: str = PASSWORD) -> None:
    """Fill in the login page."""
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


class Faults:
    """What a browser complained of, and pages of ours that came without the strict policy."""

    def __init__(self) -> None:
        self._said: list[tuple[str, str]] = []
        self._refused: set[str] = set()

    def listen(self, page: Page, ours: str) -> None:
        """Note from now on what is wrong with what a page shows. `ours` begins our addresses."""
        page.on("console", self._note)
        page.on("pageerror", lambda error: self._said.append(("", str(error))))
        page.on("response", lambda answer: self._look_at(answer, ours))

    def found(self) -> list[str]:
        """Return all faults. Chromium complains of every refused page; the tests expect those."""
        return [
            text
            for url, text in self._said
            if not (url in self._refused and text.startswith("Failed to load resource"))
        ]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._said.append((message.location["url"], message.text))

    def _look_at(self, answer: Response, ours: str) -> None:
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        if not is_page or not answer.url.startswith(ours):
            return
        if answer.status >= REFUSED:
            self._refused.add(answer.url)
        policy = answer.headers.get("content-security-policy", "")
        if "default-src 'none'" not in policy or "unsafe" in policy:
            self._said.append((answer.url, f"{answer.url} has the policy {policy!r}"))
