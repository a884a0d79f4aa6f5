"""The home..."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.health import BAD, GOOD, UNKNOWN, Sign, signs
from payments.broker import broker
from payments.domain.lifecycle import Phase
from payments.heartbeat import QUEUE, note_sweep
from payments.models import InvariantCheck, ShopNotification
from tests.builders import (
    make_case,
    make_discrepancy,
    make_event,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_session,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet_broker")]

HOME = reverse("mid-office:home")


def shown(browser: Client, period: str = "day") -> Any:
    """Return what the page is made of."""
    response = browser.get(HOME, {"period": period})
    assert response.status_code == 200
    return response.context


def page(browser: Client) -> str:
    """Return the page as text."""
    return browser.get(HOME).content.decode()


def in_doubt(ago: timedelta, amount: str = "19.99", currency: str = "EUR", **fields: Any) -> Any:
    """Return a purchase in doubt for some time."""
    session = make_session(amount=amount, currency=currency)
    return make_purchase(session, created_at=timezone.now() - ago, **{"phase": "in_doubt"} | fields)


class TestMoneyAtRisk:
    def test_is_none_at_first(self, viewer: Client):
        assert "No purchase is in doubt or pending" in page(viewer)

    def test_stands_by_phase_and_age_with_sums_that_are_never_added_up(self, viewer: Client):
        minutes = timedelta(minutes=1)
        in_doubt(2 * minutes)
        in_doubt(30 * minutes, "10.01")
        in_doubt(40 * minutes, "500", "JPY")
        in_doubt(30 * 60 * minutes)
        in_doubt(3 * minutes, phase="pending")

        [doubt, pending] = shown(viewer)["risk"]

        assert (doubt.phase, doubt.line.psp) == ("in doubt", "sandbox")
        assert [each.count for _, each in doubt.ages] == [1, 2, 0, 1]
        assert doubt.ages[1][1].sums == [("10.01", "EUR"), ("500", "JPY")]
        assert doubt.total.sums == [("49.99", "EUR"), ("500", "JPY")]
        assert pending.phase == "pending"
        assert pending.total.sums == [("19.99", "EUR")]

    def test_is_neither_what_ended_nor_what_is_reserved(self, viewer: Client):
        make_purchase(phase=Phase.CAPTURED)
        make_purchase(phase=Phase.DECLINED)
        make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED)

        assert shown(viewer)["risk"] == []

    def test_is_led_to_oldest_first(self, viewer: Client):
        young, old = in_doubt(timedelta(minutes=1)), in_doubt(timedelta(days=2))

        response = viewer.get(HOME)

        assert [row["purchase"] for row in response.context["oldest"]] == [old, young]
        assert reverse("mid-office:session", args=[old.session_id]) in response.content.decode()

    def test_says_when_it_is_looked_at_next_or_that_it_is_not(self, viewer: Client):
        now = timezone.now()
        in_doubt(timedelta(hours=1), due_at=now + timedelta(minutes=10, seconds=30))
        in_doubt(timedelta(days=8), phase="pending", due_at=None)

        text = page(viewer)

        assert ">in 10 min</time>" in text
        assert "<strong>none is due</strong>" in text


class TestWhatWaitsForAPerson:
    def test_are_open_cases_by_kind(self, viewer: Client):
        make_case(make_session(), kind="surplus", owner=make_user(username="olga"))
        make_case(make_session(), kind="unanswered")
        make_case(make_session(), kind="unanswered")
        make_case(make_session(), resolved_at=timezone.now())

        cases = shown(viewer)["cases"]

        assert (cases["count"], cases["free"]) == (3, 2)
        assert [(kind, count) for kind, _, count in cases["kinds"]] == [
            ("unanswered", 2),
            ("surplus", 1),
        ]

    def test_are_notifications_that_did_not_arrive(self, viewer: Client):
        for state, attempts in (("given_up", 10), ("waiting", 3), ("waiting", 0)):
            told = make_notification_try(make_session()).notification
            ShopNotification.objects.filter(pk=told.pk).update(state=state, attempts=attempts)
        make_notification_try(make_session())

        context = shown(viewer)

        assert (context["given_up"], context["tried_in_vain"]) == ("1", "1")

    def test_are_discrepancies(self, viewer: Client):
        make_discrepancy(None)

        assert "<b>1</b> open discrepancy<" in page(viewer)


def sign(what: str) -> Sign:
    """Return what the machinery shows of one thing."""
    return next(each for each in signs(timezone.now()) if each.what == what)


class TestTheMachinery:
    def test_runs_while_workers_sweep(self):
        note_sweep(at=timezone.now())

        assert sign("Beat and workers").badge == GOOD

    def test_is_looked_at_where_nobody_swept(self):
        seen = sign("Beat and workers")

        assert (seen.badge, seen.seen) == (BAD, "No sweep yet: beat asks for none.")

    def test_names_workers_where_messages_wait(self):
        note_sweep(at=timezone.now() - timedelta(minutes=5, seconds=1))
        broker().ask("RPUSH", QUEUE, "a message")

        seen = sign("Beat and workers")

        assert seen.badge == BAD
        assert seen.seen == "Last sweep 5 min ago: 1 messages that no worker takes."

    def test_tells_of_work_that_waits_too_long(self):
        late = timezone.now() - timedelta(minutes=3, seconds=1)
        make_purchase(phase=Phase.IN_DOUBT, due_at=late)

        seen = sign("Due work")

        assert (seen.badge, seen.seen) == (BAD, "purchase 1, since 3 min")

    def test_is_well_where_nothing_waits(self):
        make_purchase(phase=Phase.IN_DOUBT)

        assert sign("Due work") == Sign("Due work", GOOD, "nothing waits")

    def test_tells_of_invariants(self):
        for minutes, verdict, badge in (
            (31, "held", BAD),
            (2, "held", GOOD),
            (1, "violated", BAD),
        ):
            at = timezone.now() - timedelta(minutes=minutes)
            InvariantCheck.objects.create(
                checked_at=at,
                changed_since=at,
                duration_ms=1,
                sessions=1,
                complete=True,
                results=[{"id": "I4", "verdict": verdict}],
            )

            assert sign("Invariants").badge == badge, (minutes, verdict)

    def test_knows_nothing_of_invariants_before_the_first_board(self):
        assert sign("Invariants").badge == UNKNOWN


def ended(cause: str, name: str = "purchase.captured", **fields: Any) -> None:
    """Have a purchase end by some road, now."""
    phase = Phase.CAPTURED if name == "purchase.captured" else Phase.DECLINED
    purchase = make_purchase(phase=phase, **fields)
    make_event(purchase.session, name, cause_kind=cause)


class TestTheFigures:
    def test_of_another_period_do_not_exist(self, viewer: Client):
        assert viewer.get(HOME, {"period": "year"}).status_code == 404

    def test_tell_of_each_step_in_each_period(self, viewer: Client):
        make_session()
        ended("psp_call")
        ended("receipt", "purchase.declined", reason_code="insufficient_funds")

        for period in ("day", "week", "month"):
            context = shown(viewer, period)

            assert [line.now for line in context["funnel"]] == ["3", "2", "1"], period
            assert [(line.word, line.now) for line in context["rates"]] == [("sandbox", "50.0 %")]
            assert [(line.word, line.now) for line in context["failures"]] == [
                ("insufficient funds", "1")
            ]
            assert sum(int(column.text) for column in context["volume"].columns) == 1

    def test_keep_currencies_apart(self, viewer: Client):
        ended("psp_call", session=make_session(status="completed"))
        ended("psp_call", session=make_session(status="completed", amount="500", currency="JPY"))

        taken = {one.currency: one.now for one in shown(viewer)["taken"]}

        assert taken == {"EUR": "19.99", "JPY": "500"}

    def test_tell_how_fast_psps_answer(self, viewer: Client):
        make_psp_call(make_session(), duration_ms=100)

        [row] = shown(viewer)["latencies"]

        assert (row.psp, row.calls) == ("sandbox", "1")
        assert row.half.now == row.most.now == "108 ms"


class TestTheAlarmOfWebhooks:
    def test_rings_where_others_tell_of_the_ends(self, viewer: Client):
        for _ in range(4):
            ended("poll")
        assert "are silent" not in page(viewer)
        ended("return")

        assert "Webhooks of sandbox are silent." in page(viewer)

    def test_does_not_ring_where_webhooks_come(self, viewer: Client):
        for _ in range(9):
            ended("poll")
        ended("receipt")

        assert "are silent" not in page(viewer)

    def test_does_not_ring_where_answers_tell_all(self, viewer: Client):
        for _ in range(9):
            ended("psp_call")

        response = viewer.get(HOME)

        assert "are silent" not in response.content.decode()
        [row] = response.context["roads"]
        assert (row.counts, row.share) == ([0, 9, 0, 0, 0], None)


def test_costs_the_same_however_much_there_is(
    viewer: Client, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for _ in range(5):
        in_doubt(timedelta(hours=1))
        ended("poll")
        make_case(make_session())

    with django_assert_max_num_queries(24):
        viewer.get(HOME)


def test_shows_what_psps_wrote_as_text(viewer: Client):
    ended("receipt", "purchase.declined", reason_code="<script>\u202e🌷\u0007")

    text = page(viewer)

    assert "<script>\u202e" not in text
    assert "&lt;script&gt;⟨U+202E⟩🌷⟨U+0007⟩" in text
