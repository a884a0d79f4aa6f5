"""Every night..."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from payments.models import (
    Case,
    Discrepancy,
    ReconciliationRun,
    Resolution,
    RunState,
    StatementLine,
)
from payments.psp import psp_client
from payments.services import due
from payments.services.prune import prune
from payments.services.reconcile import LostRun, carry_run, plan_nightly_runs, take_batch
from payments.tasks import reconcile_nightly
from tests.builders import make_discrepancy, make_run, make_statement_line
from tests.contract.servers import ReplayingPsp, Reply
from tests.reconciliation.conftest import NOON, YESTERDAY, bought
from tests.reconciliation.test_command import as_looked_up

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
THREE_AT_NIGHT = datetime(2030, 1, 10, 3, tzinfo=UTC)


class TestTheDaysThatAreOver:
    def test_are_planned_once_for_each_psp(self):
        assert plan_nightly_runs(["sandbox", "other"], now=THREE_AT_NIGHT) == 6
        assert plan_nightly_runs(["sandbox", "other"], now=THREE_AT_NIGHT + 20 * DAY / 24) == 0

        days = sorted(run.since.day for run in ReconciliationRun.objects.filter(psp="sandbox"))
        assert days == [7, 8, 9]
        assert {run.until - run.since for run in ReconciliationRun.objects.all()} == {DAY}

    def test_are_over_once_the_psp_has_closed_its_books(self):
        plan_nightly_runs(["sandbox"], now=THREE_AT_NIGHT - DAY)

        assert plan_nightly_runs(["sandbox"], now=THREE_AT_NIGHT - timedelta(minutes=61)) == 0
        assert plan_nightly_runs(["sandbox"], now=THREE_AT_NIGHT - timedelta(minutes=60)) == 1

    def test_cannot_be_planned_twice_even_at_once(self):
        make_run(is_nightly=True)

        with pytest.raises(IntegrityError, match="one_nightly_run_per_psp_and_day"):
            make_run(is_nightly=True)

    def test_are_planned_by_beat(self):
        planned = settings.CELERY_BEAT_SCHEDULE["reconcile"]["task"]

        reconcile_nightly()

        assert planned == reconcile_nightly.name
        assert ReconciliationRun.objects.filter(is_nightly=True, psp="sandbox").count() == 3


class TestWhatIsOpen:
    @pytest.fixture
    def quiet_psp(self, psp: ReplayingPsp) -> ReplayingPsp:
        """Give a PSP that lists nothing, whatever it is asked first."""
        psp.will_answer(Reply(200, {"data": [], "next_cursor": None}))
        return psp

    def test_is_looked_at_again_and_healed(self, quiet_psp: ReplayingPsp):
        purchase = bought(NOON - 5 * DAY, phase="in_doubt")
        earlier = make_run(since=YESTERDAY - 5 * DAY, until=YESTERDAY - 4 * DAY)
        line = make_statement_line(
            run=earlier, session=purchase.session, booked_at=NOON - 5 * DAY, psp_reference="ch_1"
        )
        row = make_discrepancy(
            purchase.session,
            run=earlier,
            kind="status",
            subject=f"charge:{line.psp_reference}",
            purchase=purchase,
            happened_at=line.booked_at,
        )
        run = due_run()
        while ReconciliationRun.objects.get(pk=run.pk).step != "open":
            take_batch(ReconciliationRun.objects.get(pk=run.pk))
        quiet_psp.will_answer(Reply(200, as_looked_up(purchase, "paid")))

        carry_run(run.pk, now=timezone.now())

        row.refresh_from_db()
        purchase.refresh_from_db()
        assert (row.resolution, row.last_run, purchase.phase) == ("healed", run, "captured")

    def test_stays_open_where_nothing_has_changed_and_asks_nobody_twice(
        self, quiet_psp: ReplayingPsp
    ):
        purchase = bought(NOON - 5 * DAY)
        earlier = make_run(since=YESTERDAY - 5 * DAY, until=YESTERDAY - 4 * DAY)
        row = make_discrepancy(
            purchase.session,
            run=earlier,
            kind="missing_there",
            subject=f"payment:{purchase.session.reference}",
            happened_at=NOON - 5 * DAY,
        )

        carry_run(due_run().pk, now=timezone.now())

        row.refresh_from_db()
        assert (row.resolution, row.last_run) == (Resolution.OPEN, earlier)
        assert Case.objects.count() == 0  # a case was opened when it was found


def due_run(**fields: Any) -> ReconciliationRun:
    """Return a run over yesterday that a worker has claimed."""
    now = timezone.now()
    return make_run(
        state=RunState.RUNNING, due_at=now, leased_until=due.lease_end(now), attempts=1, **fields
    )


class TestARun:
    def test_gives_way_where_another_worker_went_on(self, psp: ReplayingPsp):
        psp.will_answer(Reply(200, {"data": [], "next_cursor": None}))
        mine = due_run()
        take_batch(ReconciliationRun.objects.get(pk=mine.pk))

        with pytest.raises(LostRun):
            take_batch(mine)

        assert ReconciliationRun.objects.get(pk=mine.pk).cursor == YESTERDAY.isoformat()

    def test_is_tried_again_later_and_given_up_after_a_day(self, psp: ReplayingPsp):
        psp.will_answer(Reply(503, {}))
        run = due_run()

        carry_run(run.pk, now=timezone.now())

        run.refresh_from_db()
        assert (run.state, run.leased_until) == (RunState.RUNNING, None)
        assert run.due_at is not None
        assert run.due_at > timezone.now()
        ReconciliationRun.objects.update(attempts=30)
        carry_run(run.pk, now=timezone.now())
        ended = ReconciliationRun.objects.get()
        assert (ended.state, ended.due_at) == (RunState.FAILED, None)

    def test_reads_the_list_in_windows_a_little_beyond_its_period(self, psp: ReplayingPsp):
        psp.will_answer(Reply(200, {"data": [], "next_cursor": None}))

        carry_run(due_run().pk, now=timezone.now())

        assert len(psp.requests) == 26
        first, last = psp.requests[0].path, psp.requests[-1].path
        assert f"since={(YESTERDAY - DAY / 24):%Y-%m-%dT%H}" in first
        assert f"until={(YESTERDAY + 25 * DAY / 24):%Y-%m-%dT%H}" in last


class TestOldLists:
    def test_are_forgotten_unless_something_found_in_them_is_open(self):
        long_ago = timezone.now() - 91 * DAY
        done, unresolved, recent = (
            make_run(finished_at=long_ago),
            make_run(finished_at=long_ago),
            make_run(),
        )
        for run in (done, unresolved, recent):
            make_statement_line(run=run)
        make_discrepancy(None, run=unresolved)

        prune(now=timezone.now())

        assert {line.run for line in StatementLine.objects.all()} == {unresolved, recent}
        assert Discrepancy.objects.count() == 1


@pytest.fixture(autouse=True)
def fresh_client() -> Iterator[None]:
    """Leave no client behind that talks to a test's PSP."""
    yield
    psp_client.cache_clear()
