"""Webhook and polls are lost for good; then the PSP's books and ours are compared."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from io import StringIO
from signal import SIGKILL
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from payments.models import (
    Case,
    CauseKind,
    Discrepancy,
    Event,
    Purchase,
    ReconciliationRun,
    Resolution,
    RunState,
    ShopNotification,
)
from payments.psp import psp_client
from payments.services import due
from tests.database.tables import snapshot
from tests.nursery import OF_BPS, Nursery, dying, nursery
from tests.sandbox_server import SandboxServer, database_url_for, start_sandbox
from tests.scenarios.world import Checkout, World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# The sandbox keeps the books of all stories: each of these happens on days of its own.
_days_ahead = itertools.count(100, 10)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    """Return a sandbox of these stories' own.

    In another, what the banks of other stories had yet to answer would be booked on these days.
    """
    with start_sandbox(database_url=database_url_for("sandbox_to_reconcile")) as server:
        yield server


@pytest.fixture
def day(world: World, settings: Any) -> date:
    """Put the PSP's clock on noon of a day on which nothing was booked yet, and return it.

    No webhook is believed from now on, as if none came.
    """
    settings.SANDBOX_PSP_WEBHOOK_SECRETS = "whsec_YW5vdGhlciBzZWNyZXQgdGhhbiB0aGUgUFNQJ3Mgb25l"
    psp_client.cache_clear()
    now = datetime.fromisoformat(world.sandbox.control("clock")["now"])
    noon = (now + next(_days_ahead) * DAY).replace(hour=12, minute=0)
    world.sandbox.control("clock", {"advance_seconds": (noon - now).total_seconds()})
    return noon.date()


def period(day: date) -> tuple[str, ...]:
    """Return the options for a day."""
    return ("--psp", "sandbox", "--from", str(day), "--to", str(day))


def reconcile(day: date, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command; return its exit code, and what it printed as JSON."""
    said = StringIO()
    status = 0
    try:
        call_command("reconcile", *period(day), "--json", *options, stdout=said, stderr=StringIO())
    except SystemExit as ended:
        status = int(str(ended.code))
    answer: dict[str, Any] = json.loads(said.getvalue())
    return status, answer


def lose_the_outcome(world: World, amount: str = "20.05") -> Checkout:
    """Have the PSP charge, and BPS hear nothing of it, ever."""
    checkout = world.register(amount)
    world.buy(checkout)
    bought = Purchase.objects.filter(session__checkout_id=checkout.id)
    bought.update(due_at=None, leased_until=None, created_at=timezone.now() - HOUR)
    assert world.purchase(checkout).phase == "in_doubt"
    assert world.charges(checkout) == 1
    return checkout


class TestAChargeThatBpsNeverHeardOf:
    def test_is_found_and_healed_through_the_gate(self, world: World, day: date) -> None:
        checkout = lose_the_outcome(world)

        status, said = reconcile(day)

        assert (status, said["found"], said["healed"]) == (0, {"status": 1}, 1)
        assert world.purchase(checkout).phase == "captured"
        moved = Event.objects.get(name="purchase.captured")
        assert (moved.cause_kind, moved.cause_id) == (CauseKind.RECONCILIATION, said["run"])
        assert ShopNotification.objects.get().type == "purchase.successful"
        [row] = Discrepancy.objects.all()
        assert (row.kind, row.resolution) == ("status", Resolution.HEALED)
        assert (row.ours, row.theirs) == ("started, 20.05 EUR", "successful, 20.05 EUR")
        assert Case.objects.count() == 0

    def test_is_not_found_again_once_healed(self, world: World, day: date) -> None:
        lose_the_outcome(world)
        reconcile(day)

        status, said = reconcile(day)

        assert (status, said["found"], said["compared"]) == (0, {}, 1)
        assert Discrepancy.objects.count() == 1

    def test_is_only_told_of_by_a_dry_run(self, world: World, day: date) -> None:
        checkout = lose_the_outcome(world)
        before = snapshot()

        status, said = reconcile(day, "--dry-run")

        assert (status, said["found"], said["healed"]) == (1, {"status": 1}, 0)
        assert said["differences"][0]["reference"] == world.session(checkout).reference
        after = snapshot()
        changed = {table for table in after if after[table] != before[table]}
        changed.discard("payments_webhookreceipt")  # which come, rejected, when they come
        assert changed == {"payments_reconciliationrun", "payments_statementline"}

    def test_is_found_by_a_worker_too(self, world: World, day: date) -> None:
        checkout = lose_the_outcome(world)
        midnight = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        run = ReconciliationRun.objects.create(
            psp="sandbox", since=midnight, until=midnight + DAY, due_at=timezone.now()
        )

        world.work_until(has_ended)

        run.refresh_from_db()
        assert (run.state, run.due_at, run.healed) == (RunState.FINISHED, None, 1)
        assert world.purchase(checkout).phase == "captured"


class TestAChargeForNothingHere:
    def test_is_one_discrepancy_however_often_it_is_found(self, world: World, day: date) -> None:
        checkout = world.register("20.00")
        world.charge_behind_our_back(checkout)

        first, second = reconcile(day), reconcile(day)

        assert [status for status, _ in (first, second)] == [1, 1]
        assert [said["already_known"] for _, said in (first, second)] == [0, 1]
        [row] = Discrepancy.objects.all()
        assert (row.kind, row.ours) == ("missing_here", "nobody bought, 20.00 EUR")
        assert (str(row.run_id), str(row.last_run_id)) == (first[1]["run"], second[1]["run"])
        [case] = Case.objects.all()
        assert case.session == world.session(checkout)


@pytest.fixture(scope="module")
def processes(environment_beside: dict[str, str], sandbox: SandboxServer) -> Iterator[Nursery]:
    """Return the nursery of processes whose PSP is the sandbox."""
    with nursery({**environment_beside, **sandbox.bps_variables}, OF_BPS) as processes:
        yield processes


class TestARunKilledInTheMiddle:
    @pytest.mark.parametrize("batch", [1, 15, 31])
    def test_is_resumed_and_counts_everything_once(
        self,
        world: World,
        day: date,
        processes: Nursery,
        batch: int,
    ) -> None:
        checkouts = [lose_the_outcome(world), lose_the_outcome(world)]
        script = f"""
from django.core.management import call_command
call_command("reconcile", *{period(day)!r})
"""

        killed = processes.start(dying(script, at="before_batch_commit", passing=batch))

        assert processes.end_of(killed) == -SIGKILL
        run = ReconciliationRun.objects.get()
        assert run.is_running
        assert due.claim_due("reconciliation", now=timezone.now()) is None  # its lease holds
        ReconciliationRun.objects.update(leased_until=timezone.now())
        world.work_until(has_ended)
        run.refresh_from_db()
        assert (run.state, run.lines, run.compared) == (RunState.FINISHED, 2, 2)
        assert (run.found, run.healed) == ({"status": 2}, 2)
        assert [world.purchase(checkout).phase for checkout in checkouts] == ["captured"] * 2
        assert Discrepancy.objects.count() == 2


class TestAPspThatCannotBeAsked:
    def test_leaves_the_run_to_workers_who_ask_again(self, world: World, day: date) -> None:
        checkout = lose_the_outcome(world)
        world.sandbox.control("outage", {"seconds": 60, "mode": "503"})

        with pytest.raises(CommandError, match="Workers ask again") as refused:
            reconcile(day)

        assert refused.value.returncode == 3
        assert ReconciliationRun.objects.get().is_running
        world.sandbox.control("outage", {"seconds": 0})
        world.work_until(has_ended)
        assert world.purchase(checkout).phase == "captured"

    def test_is_not_asked_again_with_credentials_that_it_refuses(
        self, world: World, day: date, settings: Any, fresh_client: Callable[[], None]
    ) -> None:
        settings.SANDBOX_PSP_API_KEY = "revoked"
        fresh_client()

        with pytest.raises(CommandError, match="The run has ended"):
            reconcile(day)

        run = ReconciliationRun.objects.get()
        assert (run.state, run.due_at) == (RunState.FAILED, None)


@pytest.fixture
def fresh_client(world: World) -> Callable[[], None]:
    """Return what has the next call use the settings as they then are."""
    return psp_client.cache_clear


def has_ended() -> bool:
    """Tell whether the only run has ended."""
    return not ReconciliationRun.objects.get().is_running
