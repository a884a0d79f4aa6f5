"""A real Celery worker is killed with SIGKILL at its most dangerous moments."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from payments.models import ShopNotification
from tests.sandbox_server import SandboxServer
from tests.scenarios.world import World
from tests.shop_world import nobody_else_is_busy

Environment = dict[str, str]


@pytest.fixture(scope="module")
def celery_environment(environment_beside: Environment, sandbox: SandboxServer) -> Environment:
    """Return the environment of a worker whose PSP is the sandbox."""
    return {
        **environment_beside,
        **sandbox.bps_variables,
        "BPS_SCHEDULE_SPEED": "60",
        "BPS_PSP_CONNECT_TIMEOUT_SECONDS": "0.5",
        "BPS_PSP_MONEY_TIMEOUT_SECONDS": "1",
        "BPS_LEASE_SECONDS": "2",
        "BPS_SWEEP_SECONDS": "0.5",
    }


@contextmanager
def celery_worker(environment: Environment, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker with beat inside, in one process, until the block ends."""
    options = ["--pool=solo", "--beat", "--scheduler=celery.beat:Scheduler", "--without-gossip"]
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "--quiet", "--app=config", "worker", *options],
        env={**environment, **more},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        # The whole group: beat is a child that a killed parent leaves behind.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)
        process.wait()


class Successor:
    """One worker for all stories: asleep while others die, and carrying on while it is awake."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        os.killpg(process.pid, SIGSTOP)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it work until the block ends."""
        os.killpg(self._process.pid, SIGCONT)
        try:
            yield
        finally:
            self._fall_asleep()

    def _fall_asleep(self) -> None:
        """Stop it where it is not in a transaction, whose locks it would keep."""
        os.killpg(self._process.pid, SIGSTOP)
        while not nobody_else_is_busy():
            os.killpg(self._process.pid, SIGCONT)
            time.sleep(0.05)
            os.killpg(self._process.pid, SIGSTOP)


@pytest.fixture(scope="module")
def successor(celery_environment: Environment) -> Iterator[Successor]:
    """Start the worker that goes on where others died."""
    with celery_worker(celery_environment) as process:
        yield Successor(process)


def wait_for(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait without lending a hand: the worker must do it all."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.1)


class TestAWorkerKilled:
    @pytest.mark.parametrize(
        ("point", "charges_then"),
        [("before_send", 0), ("after_send", 1), ("after_answer", 1), ("before_record_commit", 1)],
    )
    def test_around_the_charge_leaves_one_charge_that_its_successor_records(
        self,
        world: World,
        celery_environment: Environment,
        successor: Successor,
        point: str,
        charges_then: int,
    ) -> None:
        checkout = world.register("20.00")
        world.buy(checkout, prefer="respond-async")

        with celery_worker(celery_environment, BPS_CRASH_AT=f"{point}:1") as doomed:
            assert doomed.wait(30) == -SIGKILL
        assert world.purchase(checkout).phase == "submitting"
        wait_for(lambda: world.charges(checkout) == charges_then)

        with successor.awake():
            wait_for(world.has_phase(checkout, "captured"))
            assert world.charges(checkout) == 1

    @pytest.mark.parametrize(
        ("point", "charges_then"), [("before_send", 0), ("after_send", 1), ("after_answer", 1)]
    )
    def test_around_another_try_leaves_one_charge_that_its_successor_records(
        self,
        world: World,
        celery_environment: Environment,
        successor: Successor,
        point: str,
        charges_then: int,
    ) -> None:
        checkout = world.register("20.25")
        world.buy(checkout)  # is declined for now
        world.sandbox.control(f"sessions/{checkout.token}", {"scenario": "approve"})
        world.buy(checkout, prefer="respond-async")

        with celery_worker(celery_environment, BPS_CRASH_AT=f"{point}:1") as doomed:
            assert doomed.wait(30) == -SIGKILL
        assert world.purchase(checkout).phase == "pending"
        wait_for(lambda: world.charges(checkout) == charges_then)

        with successor.awake():
            wait_for(world.has_phase(checkout, "captured"))
            assert world.charges(checkout) == 1

    def test_between_telling_the_shop_and_recording_it_tells_the_shop_again(
        self, world: World, celery_environment: Environment, successor: Successor
    ) -> None:
        checkout = world.register("20.00")
        world.buy(checkout)

        with celery_worker(celery_environment, BPS_CRASH_AT="after_notification_sent:1") as doomed:
            assert doomed.wait(30) == -SIGKILL

        with successor.awake():
            wait_for(lambda: ShopNotification.objects.get().delivered_at is not None)


class TestAWebProcessKilled:
    def test_after_accepting_a_purchase_leaves_it_to_a_worker(
        self, world: World, celery_environment: Environment, successor: Successor
    ) -> None:
        """The row is as the dead process left it: accepted, leased, and sent by nobody."""
        checkout = world.register("20.00")
        accept_and_die(world, checkout.id, checkout.token, celery_environment)
        assert world.purchase(checkout).phase == "submitting"
        assert world.charges(checkout) == 0

        with successor.awake():
            wait_for(world.has_phase(checkout, "captured"))
            assert world.charges(checkout) == 1


def accept_and_die(world: World, checkout_id: str, token: str, environment: Environment) -> None:
    """Accept Buy Now in a process that dies between its commit and the call to the PSP."""
    script = f"""
import django; django.setup()
from django.utils import timezone
from payments.models import CauseKind, Shop
from payments.services.buy_now import accept_buy_now
from payments.services.timeline import Cause
accept_buy_now(shop=Shop.objects.get(), checkout_id={checkout_id!r}, psp_token={token!r},
    purchase_info={{"items": []}}, carried_by_caller=True,
    cause=Cause(CauseKind.API_REQUEST), now=timezone.now())
"""
    died = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment, "BPS_CRASH_AT": "after_intent_commit:1"},
        check=False,
    )
    assert died.returncode == -SIGKILL
