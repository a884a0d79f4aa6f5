"""What every test may ask for."""

import os
from collections.abc import Iterator

import pytest
import pytest_django
from django.conf import settings
from django.db import connection, connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright

from config.chromium import ARGUMENTS, MISSING, find_chromium
from payments.services.patience import threads

# pyproject.toml chooses "repeatable": a change is what makes a test fail, not the day's luck.
# `--hypothesis-profile=search` looks where nobody has looked yet, for as long as one has.
UNHURRIED = hypothesis_settings(deadline=None, suppress_health_check=list(HealthCheck))
hypothesis_settings.register_profile(
    "repeatable", UNHURRIED, derandomize=True, max_examples=40, stateful_step_count=25
)
hypothesis_settings.register_profile(
    "search", UNHURRIED, max_examples=1_000, stateful_step_count=50, print_blob=True
)


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Make the databases. Before they go, wait for late answers, and end what threads left open."""
    yield
    threads().shutdown()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """Return the environment for a BPS process of its own that shares this test's database.

    It sees only what is committed, hence the transactional database. Its settings are
    `config.settings`; the test overrides what it wants.
    """
    url = os.environ["DATABASE_URL"]
    test_database = connection.settings_dict["NAME"]
    head, _, query = url.partition("?")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"{head.rpartition('/')[0]}/{test_database}?{query}",
        "REDIS_URL": settings.REDIS_URL,
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a Chromium, for one module at a time; without one its tests are skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip(MISSING)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django would take for async code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()
        # The loop gave this thread database connections of its own, which nothing else closes.
        connections.close_all()
