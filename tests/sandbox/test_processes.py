"""The sandbox's processes."""

from collections.abc import Iterator

import pytest

from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, database_url_for, start_sandbox


@pytest.fixture
def own_sandbox() -> Iterator[SandboxServer]:
    """Return a sandbox whose processes the test may kill."""
    with start_sandbox(database_url=database_url_for("sandbox_to_kill")) as server:
        yield server


def test_lose_no_work_when_they_are_killed(own_sandbox: SandboxServer, receiver: Receiver):
    merchant = Merchant(own_sandbox, receiver)
    session = merchant.register(amount="20.18")
    assert merchant.purchase(session).json()["status"] == "processing"
    merchant.webhooks(session, 1)

    own_sandbox.kill("clock")
    paid_meanwhile = merchant.paid()
    own_sandbox.kill("web")
    own_sandbox.start("web")
    own_sandbox.start("clock")

    merchant.wait_for_status(session, "paid")
    assert merchant.books(session)["charged"] == "20.18"
    assert merchant.books(paid_meanwhile)["charged"] == "20.00"
    assert [one.type for one in merchant.webhooks(paid_meanwhile, 1)] == ["session.paid"]
    assert [one.type for one in merchant.webhooks(session, 2)][1] == "session.paid"
