"""A real Celery worker is killed with SIGKILL at its most dangerous moments."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from payments.models import ShopNotification
from tests.nursery import OF_BPS, Nursery, dying, nursery
from tests.sandbox_server import SandboxServer
from tests.scenarios.world import World
from tests.shop_world import nobody_else_is_busy

Environment = dict[str, str]


# With beat inside, in one process.
WORKER = """
from config.celery import app
app.worker_main(["--quiet", "worker", "--pool=solo", "--beat",
    "--scheduler=celery.beat:Scheduler", "--without-gossip"])
"""
# What a web process does with Buy Now between the request and the call to the PSP.
ACCEPT = """
from django.utils import timezone
from payments.models import CauseKind, Shop
from payments.services.buy_now import accept_buy_now
from payments.services.timeline import Cause
accept_buy_now(shop=Shop.objects.get(), checkout_id={checkout_id!r}, psp_token={psp_token!r},
    purchase_info={{"items": []}}, carried_by_caller=True,
    cause=Cause(CauseKind.API_REQUEST), now=timezone.now())
"""


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


@pytest.fixture(scope="module")
def processes(celery_environment: Environment) -> Iterator[Nursery]:
    """Return the nursery of this file's processes."""
    with nursery(celery_environment, OF_BPS) as processes:
        yield processes


@pytest.fixture(scope="module")
def dies_at(processes: Nursery) -> Callable[[str], None]:
    """Return what runs a worker until it dies at a crash point."""

    def run_until(point: str) -> None:
        doomed = processes.start(dying(WORKER, at=point))
        assert processes.end_of(doomed) == -SIGKILL
        processes.kill(doomed)  # beat is a child that a killed parent leaves behind

    return run_until


class Successor:
    """One worker for all stories: asleep while others die, and carrying on while it is awake."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        os.killpg(pid, SIGSTOP)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it work until the block ends."""
        os.killpg(self._pid, SIGCONT)
        try:
            yield
        finally:
            self._fall_asleep()

    def _fall_asleep(self) -> None:
        """Stop it where it is not in a transaction, whose locks it would keep."""
        os.killpg(self._pid, SIGSTOP)
        while not _all_is_still():
            os.killpg(self._pid, SIGCONT)
            time.sleep(0.05)
            os.killpg(self._pid, SIGSTOP)


def _all_is_still() -> bool:
    """Tell whether nobody is at work, and goes to work on what came from who has just stopped."""
    for _ in range(4):
        if not nobody_else_is_busy():
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def successor(processes: Nursery) -> Successor:
    """Start the worker that goes on where others died."""
    return Successor(processes.start(WORKER))


class TestAWorkerKilled:
    @pytest.mark.parametrize(
        ("point", "charges_then"),
        [("before_send", 0), ("after_send", 1), ("after_answer", 1), ("before_record_commit", 1)],
    )
    def test_around_the_charge_leaves_one_charge_that_its_successor_records(
        self,
        world: World,
        dies_at: Callable[[str], None],
        successor: Successor,
        point: str,
        charges_then: int,
    ) -> None:
        checkout = world.register("20.00")
        world.buy(checkout, prefer="respond-async")

        dies_at(point)
        assert world.purchase(checkout).phase == "submitting"
        world.wait_until(lambda: world.charges(checkout) == charges_then)

        with successor.awake():
            world.wait_until(world.has_phase(checkout, "captured"))
            assert world.charges(checkout) == 1

    @pytest.mark.parametrize(
        ("point", "charges_then"), [("before_send", 0), ("after_send", 1), ("after_answer", 1)]
    )
    def test_around_another_try_leaves_one_charge_that_its_successor_records(
        self,
        world: World,
        dies_at: Callable[[str], None],
        successor: Successor,
        point: str,
        charges_then: int,
    ) -> None:
        checkout = world.register("20.25")
        world.buy(checkout)  # is declined for now
        world.sandbox.control(f"sessions/{checkout.token}", {"scenario": "approve"})
        world.buy(checkout, prefer="respond-async")

        dies_at(point)
        assert world.purchase(checkout).phase == "pending"
        world.wait_until(lambda: world.charges(checkout) == charges_then)

        with successor.awake():
            world.wait_until(world.has_phase(checkout, "captured"))
            assert world.charges(checkout) == 1

    def test_between_telling_the_shop_and_recording_it_tells_the_shop_again(
        self, world: World, dies_at: Callable[[str], None], successor: Successor
    ) -> None:
        checkout = world.register("20.00")
        world.buy(checkout)

        dies_at("after_notification_sent")

        with successor.awake():
            world.wait_until(
                lambda: ShopNotification.objects.get().delivered_at is not None,
            )


class TestAWebProcessKilled:
    def test_after_accepting_a_purchase_leaves_it_to_a_worker(
        self, world: World, processes: Nursery, successor: Successor
    ) -> None:
        """The row is as the dead process left it: accepted, leased, and sent by nobody."""
        checkout = world.register("20.00")
        script = ACCEPT.format(checkout_id=checkout.id, psp_token=checkout.token)
        web = processes.start(dying(script, at="after_intent_commit"))
        assert processes.end_of(web) == -SIGKILL
        assert world.purchase(checkout).phase == "submitting"
        assert world.charges(checkout) == 0

        with successor.awake():
            world.wait_until(world.has_phase(checkout, "captured"))
            assert world.charges(checkout) == 1
