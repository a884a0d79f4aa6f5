"""The sandbox PSP's client as a test's settings want it, and a PSP that says what a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from payments.circuit import Circuit
from payments.psp import psp_client
from tests.contract.servers import ReplayingPsp


@contextmanager
def fresh_client() -> Iterator[None]:
    """Build the client from the settings of now, with no failures to its name; leave no other."""
    psp_client.cache_clear()
    Circuit("sandbox").reset()
    yield
    psp_client.cache_clear()
    Circuit("sandbox").reset()


@pytest.fixture
def psp(settings: Any) -> Iterator[ReplayingPsp]:
    """Give a PSP that says what a test wants to hear."""
    server = ReplayingPsp()
    settings.SANDBOX_PSP_URL = server.url
    with fresh_client():
        yield server
    server.stop()
