"""What the sandbox's tests share: a merchant of the sandbox PSP, and a receiver for webhooks.

The tests know the sandbox only over HTTP. Their amounts end in digits that choose no scenario,
unless a scenario is the point.
"""

from collections.abc import Iterator

import pytest

from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer


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
