"""A session that webhooks are about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payments.circuit import Circuit
from payments.models import PaymentSession
from payments.psp import psp_client
from tests.builders import make_session


@pytest.fixture
def session(db: None) -> PaymentSession:
    """Return a registered session."""
    return make_session()


@pytest.fixture(autouse=True)
def fresh_psp_client() -> Iterator[None]:
    """Build the PSP client from this test's settings, and leave no other behind."""
    psp_client.cache_clear()
    Circuit("sandbox").reset()
    yield
    psp_client.cache_clear()
    Circuit("sandbox").reset()
