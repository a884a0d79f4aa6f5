"""Fixtures: servers that behave as scripted, stopped at the end whatever happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .servers import Behaviour, ReplayingPsp, SocketServer


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], SocketServer]]:
    """Start servers with a given behaviour."""
    started: list[SocketServer] = []

    def start(behaviour: Behaviour) -> SocketServer:
        started.append(SocketServer(behaviour))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def psp() -> Iterator[ReplayingPsp]:
    """Give a PSP that replays answers and notes requests."""
    server = ReplayingPsp()
    yield server
    server.stop()
