"""Starts a sandbox of a test's own: demo shop, PSP and issuer bank, as real processes.

    with start_sandbox(database_url=..., bps_url=..., bps_api_key=...) as sandbox:
        direct.post(f"{sandbox.psp_url}/v1/sessions", ...)
        sandbox.control("clock", {"advance_seconds": 14400})
        assert sandbox.books("c-1")["charged"] == "19.99"

It knows the sandbox only from outside: its environment, its commands, its HTTP.
"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, Final, Self

import pytest
import requests

from config.demo.ports import HOST, free_port
from tests import direct
from tests.databases import SANDBOX, copy, name_in, with_name
from tests.nursery import OF_SANDBOX, Nursery, nursery
from tests.patience import PATIENCE_SECONDS
from tests.sandbox.bps import StandInBps

PSP_API_KEY = "sandbox-key-for-tests"
PSP_WEBHOOK_SECRET = "whsec_dGhlIFBTUCBzaWducyB3aXRoIHRoaXMgaW4gdGVzdHM="
NOTIFICATION_SECRET = "whsec_QlBTIHNpZ25zIHdpdGggdGhpcyBpbiB0ZXN0cyBvbmx5"
NOBODY = f"http://{HOST}:9"
# What the demo runs, as scripts.
COMMANDS: Final = {
    "web": """
import sys
from gunicorn.app.wsgiapp import run
sys.argv = ["gunicorn", "--config=sandbox/gunicorn.conf.py", "--bind={address}", "sandbox.wsgi"]
run()
""",
    "clock": """
from django.core.management import call_command
call_command("run_clock")
""",
}


@dataclass
class SandboxServer:
    """A running sandbox. Everything about it that a test may want to know or do."""

    base_url: str
    database_url: str
    api_key: str
    webhook_secret: str
    notification_secret: str
    log: IO[bytes]
    nursery: Nursery
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def psp_url(self) -> str:
        """What BPS calls SANDBOX_PSP_URL."""
        return f"{self.base_url}/psp"

    @property
    def bps_variables(self) -> dict[str, str]:
        """The variables by which BPS is told of it."""
        return {
            "SANDBOX_PSP_URL": self.psp_url,
            "SANDBOX_PSP_API_KEY": self.api_key,
            "SANDBOX_PSP_WEBHOOK_SECRETS": self.webhook_secret,
        }

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a control call, a GET when there is no body, and return what it answers."""
        method = "GET" if body is None else "POST"
        url = f"{self.psp_url}/control/{path}"
        return _answer(direct.request(method, url, json=body, timeout=10))

    def books(self, checkout_id: str) -> dict[str, Any]:
        """Return the books of a checkout that has exactly one session at the PSP."""
        (entry,) = self.all_books(checkout_id)
        return entry

    def all_books(self, checkout_id: str = "") -> list[dict[str, Any]]:
        """Return the books of every session of a checkout, or of everyone, oldest first."""
        entries: list[dict[str, Any]] = []
        cursor: str | None = "0"
        while cursor is not None:
            query = {"checkout_id": checkout_id, "cursor": cursor}
            url = f"{self.psp_url}/control/books"
            page = _answer(direct.get(url, params=query, timeout=10))
            entries += page["data"]
            cursor = page["next_cursor"]
        return entries

    def start(self, name: str) -> None:
        """Start the process "web" or "clock", and wait until the web one serves."""
        address = self.base_url.removeprefix("http://")
        self.pids[name] = self.nursery.start(COMMANDS[name].format(address=address))
        if name == "web":
            self._wait_until_serving()

    def kill(self, name: str) -> None:
        """End a process, and all that it has started, with SIGKILL."""
        pid = self.pids.pop(name)
        self.nursery.kill(pid)
        self.nursery.end_of(pid)

    @contextmanager
    def awake(self) -> Iterator[Self]:
        """Let time pass until the block ends. A clock looks for work even where there is none."""
        os.kill(self.pids["clock"], signal.SIGCONT)
        yield self
        os.kill(self.pids["clock"], signal.SIGSTOP)

    def _wait_until_serving(self) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            with suppress(requests.RequestException):
                if direct.get(f"{self.base_url}/healthz", timeout=5).ok:
                    return
            time.sleep(0.05)
        self.log.seek(0)
        raise AssertionError(f"The sandbox did not start:\n{self.log.read().decode()}")


@contextmanager
def start_sandbox(
    *,
    database_url: str,
    bps_url: str = NOBODY,
    bps_api_key: str = "no-key",
) -> Iterator[SandboxServer]:
    """Serve a sandbox until the block ends.

    The database is made anew: webhooks that an earlier run left undelivered would be sent to
    whoever listens on those ports now.
    """
    base_url = f"http://{HOST}:{free_port()}"
    variables = {
        **os.environ,
        "SANDBOX_DATABASE_URL": database_url,
        "SANDBOX_PUBLIC_URL": base_url,
        "SANDBOX_SECRET_KEY": "a-key-for-tests-alone",
        "SANDBOX_PSP_API_KEY": PSP_API_KEY,
        "SANDBOX_PSP_WEBHOOK_SECRET": PSP_WEBHOOK_SECRET,
        "SANDBOX_SHOP_BPS_URL": bps_url,
        "SANDBOX_SHOP_BPS_API_KEY": bps_api_key,
        "SANDBOX_SHOP_NOTIFICATION_SECRET": NOTIFICATION_SECRET,
    }
    copy(SANDBOX.name_on(database_url, variables), database_url)
    with (
        tempfile.TemporaryFile("w+b") as log,
        nursery(variables, OF_SANDBOX, log=log) as processes,
    ):
        server = SandboxServer(
            base_url=base_url,
            database_url=database_url,
            api_key=PSP_API_KEY,
            webhook_secret=PSP_WEBHOOK_SECRET,
            notification_secret=NOTIFICATION_SECRET,
            log=log,
            nursery=processes,
        )
        server.start("clock")
        server.start("web")
        yield server


def database_url_for(suffix: str) -> str:
    """Return the URL of a database of this test process's own, on the tests' server."""
    url = os.environ["DATABASE_URL"]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    return with_name(url, f"{name_in(url)}_{suffix}_{worker}")


@pytest.fixture(scope="session")
def bps() -> Iterator[StandInBps]:
    """Return what the sandbox's shop takes for BPS."""
    with StandInBps(NOTIFICATION_SECRET) as server:
        yield server


@pytest.fixture(scope="session")
def sandbox_at_rest(bps: StandInBps) -> Iterator[SandboxServer]:
    """Return the sandbox of this test process, whose shop calls the stand-in for BPS."""
    database_url = database_url_for("sandbox")
    with start_sandbox(database_url=database_url, bps_url=bps.url, bps_api_key="key") as server:
        yield server


@pytest.fixture(scope="module")
def sandbox(sandbox_at_rest: SandboxServer) -> Iterator[SandboxServer]:
    """Return the sandbox of this test process, awake for the tests of a file."""
    with sandbox_at_rest.awake():
        yield sandbox_at_rest


def _answer(response: requests.Response) -> dict[str, Any]:
    assert response.ok, response.text
    answer: dict[str, Any] = response.json()
    return answer
