"""A session that webhooks are about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payments.models import PaymentSession
from tests.builders import make_session
from tests.told_psp import fresh_client


@pytest.fixture
def session(db: None) -> PaymentSession:
    """Return a registered session."""
    return make_session()


@pytest.fixture(autouse=True)
def fresh_psp_client() -> Iterator[None]:
    """Build the PSP client from this test's settings, and leave no other behind."""
    with fresh_client():
        yield
