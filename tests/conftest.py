"""What every test may ask for."""

import gc
import os
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright

from config.chromium import ARGUMENTS, MISSING, find_chromium
from payments.broker import broker
from payments.circuit import Circuit
from payments.heartbeat import QUEUE, SWEPT
from tests.clean_database import django_db_modify_db_settings, django_db_setup, kept_rows
from tests.databases import with_name
from tests.patience import waited
from tests.sandbox_server import bps, sandbox, sandbox_at_rest

__all__ = [
    "bps",
    "django_db_modify_db_settings",
    "django_db_setup",
    "kept_rows",
    "sandbox",
    "sandbox_at_rest",
]

HERE: Final = Path(__file__).parent

# pyproject.toml chooses "repeatable": a change is what makes a test fail, not the day's luck.
# `--hypothesis-profile=search` looks where nobody has looked yet, for as long as one has.
UNHURRIED = hypothesis_settings(deadline=None, suppress_health_check=list(HealthCheck))
hypothesis_settings.register_profile(
    "repeatable", UNHURRIED, derandomize=True, max_examples=25, stateful_step_count=25
)
hypothesis_settings.register_profile(
    "search", UNHURRIED, max_examples=1_000, stateful_step_count=50, print_blob=True
)

# What takes longest comes first, lest one process work on while the others have nothing left.
LONG: Final = (
    "e2e/test_every_page.py",
    "campaign/test_short_run.py",
    "scenarios/test_the_process_dies.py",
    "house/test_demo.py",
    "e2e/test_acts.py",
    "e2e/test_a_shopper_pays.py",
    "sandbox/test_waiting.py",
    "scenarios/test_webhooks_misbehave.py",
    "scenarios/test_one_success_too_many.py",
    "scenarios/test_reconciliation_finds_what_was_lost.py",
    "e2e/test_result_page.py",
    "scenarios/test_the_shopper_walks_away.py",
    "properties/test_any_life_of_an_order.py",
    "scenarios/test_many_press_at_once.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare tests and modules the garbage collector, since all live until the end.

    It looks less often, too: next to nothing that a test leaves needs it.
    """
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()
    return collected


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files before all others, whose random order stays."""
    places = {HERE / path: place for place, path in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


# As many as gunicorn has in production, in two processes.
REQUEST_THREADS: Final = 16


@pytest.fixture(scope="session")
def request_threads(django_db_setup: None) -> Iterator[ThreadPoolExecutor]:
    """Return threads that serve requests, and keep their database connections, as gunicorn's do.

    A connection costs more than most requests.
    """
    made: list[BaseDatabaseWrapper] = []

    def note_connection() -> None:
        made.append(connections["default"])

    with ThreadPoolExecutor(
        REQUEST_THREADS,
        thread_name_prefix="bps",
        initializer=note_connection,
    ) as threads:
        yield threads
    for one in made:
        one.inc_thread_sharing()  # or only its own thread, which has ended, might close it
        one.close()


@pytest.fixture(scope="session")
def environment_beside(django_db_setup: None) -> dict[str, str]:
    """Return the environment for a BPS process that shares this test process's database.

    Its settings are `config.settings`; a test overrides what it wants.
    """
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": with_name(os.environ["DATABASE_URL"], connection.settings_dict["NAME"]),
        "REDIS_URL": settings.REDIS_URL,
    }


@pytest.fixture
def process_environment(
    transactional_db: None, environment_beside: dict[str, str]
) -> dict[str, str]:
    """Return the environment for a process of this test's: what it sees has to be committed."""
    return environment_beside


@pytest.fixture
def closed_circuit() -> Iterator[None]:
    """Let calls to the PSP be tried, and leave no trace of those that fail."""
    Circuit("sandbox").reset()
    yield
    Circuit("sandbox").reset()


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


@pytest.fixture
def quiet_broker() -> Iterator[None]:
    """Have nobody sweep, and no message wait. An earlier test may have left the broker for lost."""
    waited(lambda: broker().ask("DEL", SWEPT, QUEUE) is not None)
    yield
    broker().ask("DEL", SWEPT, QUEUE)
