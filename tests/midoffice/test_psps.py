"""The page of PSPs..."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from payments.circuit import FAILURES_TO_OPEN, Circuit
from tests.builders import make_event, make_psp_call, make_session
from tests.midoffice.conftest import logged_in

PAGE = reverse("mid-office:psps")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("closed_circuit")]


def called(
    outcome: str = "answered", milliseconds: int = 40, ago: timedelta = timedelta(minutes=5)
) -> None:
    """Have a call answered some time ago."""
    make_psp_call(
        make_session(),
        operation="fetch",
        outcome=outcome,
        duration_ms=milliseconds,
        answered_at=timezone.now() - ago,
    )


def told(cause_kind: str, name: str = "purchase.captured") -> None:
    """Have an outcome become known by some road, now."""
    make_event(make_session(), name, cause_kind=cause_kind, phase_after="captured")


def row(browser: Client, period: str = "day") -> list[str]:
    """Return the cells of the sandbox's row, as they are read."""
    [(one, outcomes)] = browser.get(PAGE, {"period": period}).context["rows"]
    counts = (one.calls, one.understood, one.errors, one.in_doubt, one.p50_ms, one.p95_ms)
    return [one.psp, *map(str, counts), *map(str, outcomes), str(one.webhook_share)]


@pytest.fixture
def browser() -> Client:
    return logged_in()


class TestAPspThatWasNotCalled:
    def test_stands_there_with_nothing(self, browser: Client):
        assert row(browser) == ["sandbox", "0", "0", "0", "0", "None", "None", *["0"] * 5, "None"]
        assert "None" not in browser.get(PAGE).content.decode()


class TestCalls:
    def test_are_counted_by_what_became_of_them(self, browser: Client):
        for outcome in ("answered", "declined", "state_conflict"):
            called(outcome)
        for outcome in ("retryable", "invalid_request", "auth_failed", "unsupported", "not_sent"):
            called(outcome)
        called("in_doubt")

        assert row(browser)[:5] == ["sandbox", "9", "3", "5", "1"]

    def test_are_timed_unless_they_were_never_sent(self, browser: Client):
        for milliseconds in range(1, 101):
            called(milliseconds=milliseconds)
        called("not_sent", 0)

        assert row(browser)[5:7] == ["50", "95"]

    @pytest.mark.parametrize(("period", "calls"), [("hour", "1"), ("day", "2"), ("week", "3")])
    def test_are_those_of_the_period(self, browser: Client, period: str, calls: str):
        minutes, hours = timedelta(minutes=1), timedelta(hours=1)
        for ago in (59 * minutes, 23 * hours, 6 * 24 * hours, 8 * 24 * hours):
            called(ago=ago)

        assert row(browser, period)[1] == calls

    def test_of_another_period_do_not_exist(self, browser: Client):
        assert browser.get(PAGE, {"period": "year"}).status_code == 404


class TestOutcomes:
    def test_are_counted_by_the_road_they_came_by(self, browser: Client):
        for cause in ("receipt", "receipt", "psp_call", "return", "poll", "staff", "clock"):
            told(cause)

        assert row(browser)[7:] == ["2", "1", "1", "1", "2", "29"]

    def test_are_ends_alone(self, browser: Client):
        for name in ("purchase.declined", "purchase.cancelled", "purchase.expired"):
            told("receipt", name)
        for name in ("purchase.started", "purchase.pending", "report.stale"):
            told("receipt", name)

        assert row(browser)[7] == "3"


class TestAPspWhoseCircuitIsOpen:
    def test_is_said_to_be_passed_over(self, browser: Client):
        assert "<td>in use</td>" in browser.get(PAGE).content.decode()
        for _ in range(FAILURES_TO_OPEN):
            Circuit("sandbox").failed()

        assert "<td>passed over</td>" in browser.get(PAGE).content.decode()
