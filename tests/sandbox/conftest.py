"""What the sandbox's tests share: one running sandbox, a receiver for webhooks, a BPS to call.

The tests know the sandbox only over HTTP. Their amounts end in digits that choose no scenario,
unless a scenario is the point.
"""

from collections.abc import Iterator

import pytest

from tests.sandbox.bps import StandInBps
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import (
    NOTIFICATION_SECRET,
    SandboxServer,
    database_url_for,
    sandbox,
    start_sandbox,
)

__all__ = ["bps", "merchant", "receiver", "sandbox", "sandbox_at_rest"]


@pytest.fixture(scope="session")
def bps() -> Iterator[StandInBps]:
    """Return what the sandbox's shop takes for BPS."""
    with StandInBps(NOTIFICATION_SECRET) as server:
        yield server


@pytest.fixture(scope="session")
def sandbox_at_rest(bps: StandInBps) -> Iterator[SandboxServer]:
    """Return a sandbox whose shop calls the stand-in for BPS."""
    database_url = database_url_for("sandbox_and_shop")
    with start_sandbox(database_url=database_url, bps_url=bps.url, bps_api_key="key") as server:
        yield server


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """Return a merchant's endpoint for webhooks."""
    with Receiver() as server:
        yield server


@pytest.fixture
def merchant(sandbox: SandboxServer, receiver: Receiver) -> Iterator[Merchant]:
    """Return a merchant at the sandbox PSP; afterwards the PSP's conditions are normal again."""
    yield Merchant(sandbox, receiver)
    sandbox.control("reset", {})
