"""The hosted PSP in the registry, in whatever shape a story wants, and a shop that uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from payments.circuit import Circuit
from payments.models import ShopApiKey
from payments.psp import psp_client
from payments.services.patience import threads
from psp_clients.registry import PSPS
from tests.api.caller import Caller
from tests.builders import make_shop
from tests.hosted import client
from tests.hosted.server import HostedPsp
from tests.hosted.street import Street


@pytest.fixture
def hosted() -> Iterator[HostedPsp]:
    """Start the PSP."""
    server = HostedPsp()
    yield server
    server.goes_on.set()
    server.stop()


@pytest.fixture
def street_with(
    hosted: HostedPsp, settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[Callable[[str], Street]]:
    """Return what builds a street whose PSP has a shape."""
    monkeypatch.setitem(PSPS, "hosted", client)
    settings.BPS_PSPS = ["sandbox", "hosted"]
    settings.HOSTED_URL, settings.HOSTED_API_KEY = hosted.url, "a-key"

    def build(shape: str) -> Street:
        settings.HOSTED_SHAPE = shape
        psp_client.cache_clear()
        Circuit("hosted").reset()
        shop = make_shop(routing={"*": ["hosted"]})
        return Street(hosted, Caller(ShopApiKey.objects.create_key(name="tests", shop=shop)[1]))

    yield build
    hosted.goes_on.set()
    threads().shutdown()
    threads.cache_clear()
    psp_client.cache_clear()
    Circuit("hosted").reset()


@pytest.fixture
def street(street_with: Callable[[str], Street]) -> Street:
    """Return a street whose PSP answers whatever it is asked."""
    return street_with("asked")


@pytest.fixture
def told_street(street_with: Callable[[str], Street]) -> Street:
    """Return a street whose PSP cannot be asked: its webhooks tell."""
    return street_with("told")


@pytest.fixture
def unsigned_street(street_with: Callable[[str], Street]) -> Street:
    """Return a street whose PSP signs nothing and cannot cancel."""
    return street_with("unsigned")
