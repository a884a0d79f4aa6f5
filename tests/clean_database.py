"""The database that a test process has for itself: how it is made, and emptied between tests."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Final

import pytest
import pytest_django
from django.db import connection, connections, transaction
from django.test import TransactionTestCase

from payments.services.patience import threads
from tests.databases import BPS

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
