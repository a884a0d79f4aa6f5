"""What every test may ask for."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Final

import pytest
import pytest_django
from coverage import Coverage
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright

import payments
import psp_clients
from config.chromium import ARGUMENTS, MISSING, find_chromium
from payments.services.patience import threads
from tests.databases import BPS, with_name
from tests.sandbox_server import bps, sandbox, sandbox_at_rest

__all__ = ["bps", "sandbox", "sandbox_at_rest"]

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

# Tracing nearly doubles the time, so only those tests are traced that run what is measured in their
# own process, and take many branches for their time.
MEASURED: Final = (
    "api/",
    "contract/",
    "database/test_verify_events.py",
    "hosted/",
    "house/test_readme.py",
    "invariants/",
    "midoffice/four_eyes/",
    "midoffice/test_acts.py",
    "midoffice/test_bulk_links.py",
    "midoffice/test_psps.py",
    "midoffice/test_support_bundle.py",
    "midoffice/test_two_people.py",
    "reconciliation/",
    "rules/",
    "scenarios/test_a_broker_that_comes_back.py",
    "scenarios/test_staff_act.py",
    "scenarios/test_the_fence_is_lost.py",
    "services/",
    "support/",
    "webhooks/",
)
# What these run, others run as well, but for a few lines.
SPARED: Final = (
    "_contract.py",
    "_journey.py",
    "api/test_buy_now.py",
    "four_eyes/test_each_act.py",
    "four_eyes/test_new_values.py",
    "hosted/test_acted_on_the_page.py",
    "hosted/test_the_time_is_over.py",
    "invariants/test_a_whole_day.py",
    "invariants/test_what_is_found.py",
    "reconciliation/test_planted_books.py",
    "webhooks/test_a_false_webhook.py",
)


@contextmanager
def untraced() -> Iterator[None]:
    """Stop all tracing until the block ends. In a worker there are two who trace."""
    stopped = []
    while (tracing := Coverage.current()) is not None:
        tracing.stop()
        stopped.append(tracing)
    try:
        yield
    finally:
        for tracing in reversed(stopped):
            tracing.start()


def import_measured() -> None:
    """Import all that is measured, whose definitions would count as not run if nobody saw them."""
    for package in (payments, psp_clients):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare tests and modules the garbage collector, since all live until the end, and tracing."""
    if Coverage.current() is not None:
        import_measured()
    gc.disable()
    with untraced():
        collected = yield
    gc.freeze()
    gc.enable()
    return collected


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files before all others, whose random order stays."""
    places = {HERE / path: place for place, path in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace a test if it is measured."""
    place = item.path.relative_to(HERE).as_posix()
    if place.startswith(MEASURED) and not place.endswith(SPARED):
        return (yield)
    with untraced():
        return (yield)


# Made with the database, the same in every test, and dear to make: Django's own flush makes them
# anew behind each test that commits.
KEPT: Final = frozenset({"django_content_type", "auth_permission"})


def empty_tables(_case: TransactionTestCase) -> None:
    """Empty every table but the kept ones, behind a test that commits.

    Truncating would make every file of every table and index anew, which takes twenty times as long
    as deleting a few rows. The locks wait for whoever still writes, as truncating would.
    """
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = [connection.ops.quote_name(table) for table in tables if table not in KEPT]
    deletes = "; ".join(f"DELETE FROM {name}" for name in names)  # noqa: S608 - our own tables
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger forbids it
        cursor.execute(f"LOCK {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE; {deletes}")


def drop_what_is_broken(_case: TransactionTestCase) -> bool:
    """Close connections that the next test could not use; answer whether to close all others.

    Django would, lest a rollback has undone what it set for a session: on PostgreSQL it sets
    nothing that one undoes. A connection costs PostgreSQL more than most tests.
    """
    for each in connections.all(initialized_only=True):
        each.close_if_unusable_or_obsolete()
    return False


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Have the test database copied from one that is migrated already."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    test = connection.settings_dict["TEST"]
    test["TEMPLATE"] = BPS.name_on(os.environ["DATABASE_URL"], environment)


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Make the databases. Before they go, wait for late answers, and end what threads left open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_should_reload_connections", drop_what_is_broken)
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("SHOW is_superuser")
            if cursor.fetchone() == ("on",):  # nobody else may do without triggers
                patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield
    threads().shutdown()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    # Whoever drops them closes another, where a browser's event loop ran as they were made.
    connection.close()


@pytest.fixture(scope="module")
def kept_rows(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Let a module make rows once: return what to make them in.

    Each of its tests is rolled back to them, and they go with the module. None of its tests may
    commit: nobody else sees what they are about.
    """
    with ExitStack() as rows:
        with django_db_blocker.unblock():
            rows.enter_context(transaction.atomic())
        yield django_db_blocker.unblock
        with django_db_blocker.unblock():
            transaction.set_rollback(True)
            rows.close()


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
