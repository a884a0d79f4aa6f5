"""Which tests are traced for coverage, and how the others are spared.

Tracing nearly doubles the time, so only those tests are traced that run what is measured in their
own process, and take many branches for their time.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Final

import pytest
from coverage import Coverage

import payments
import psp_clients

HERE: Final = Path(__file__).parent
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


@contextmanager
def untraced_collection() -> Iterator[None]:
    """Trace nothing of the collection but how all that is measured is imported.

    Definitions would count as not run if nobody saw them.
    """
    if Coverage.current() is not None:
        for package in (payments, psp_clients):
            for module in walk_packages(package.__path__, f"{package.__name__}."):
                import_module(module.name)
    with untraced():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace a test if it is measured."""
    place = item.path.relative_to(HERE).as_posix()
    if place.startswith(MEASURED) and not place.endswith(SPARED):
        return (yield)
    with untraced():
        return (yield)
