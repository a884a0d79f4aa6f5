"""The fault proxy does to real sockets what it says."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.campaign.proxy import Link, Mode, Proxy

ANSWER = b"answered: "


class Echo(socketserver.BaseRequestHandler):
    """Answers what it is told, as long as it is told anything."""

    def handle(self) -> None:
        while told := self.request.recv(4096):
            self.request.sendall(ANSWER + told)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        proxy = Proxy(Link("there", ("127.0.0.1", server.server_address[1])))
        proxy.start()
        yield proxy
        proxy.stop()
        server.shutdown()
        thread.join()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.links["there"].port), timeout=5)


def ask(connection: socket.socket, words: bytes = b"hello") -> bytes:
    connection.sendall(words)
    return connection.recv(4096)


def test_passes_bytes_both_ways(proxy: Proxy):
    with closing(connect(proxy)) as connection:
        assert ask(connection) == b"answered: hello"
        assert ask(connection, b"again") == b"answered: again"


def test_resets_a_connection_that_was_open_before(proxy: Proxy):
    with closing(connect(proxy)) as connection:
        assert ask(connection) == b"answered: hello"
        proxy.set("there", Mode.RESET)

        with pytest.raises(ConnectionResetError):
            ask(connection)


def test_swallows_bytes_for_good(proxy: Proxy):
    proxy.set("there", Mode.BLACK_HOLE)
    with closing(connect(proxy)) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            ask(connection)

        proxy.end("there", Mode.BLACK_HOLE)

        connection.settimeout(5)
        assert connection.recv(4096) == b""


def test_holds_bytes_and_delivers_them_late(proxy: Proxy):
    proxy.set("there", Mode.STALL)
    with closing(connect(proxy)) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            ask(connection)

        proxy.end("there", Mode.STALL)

        connection.settimeout(5)
        assert connection.recv(4096) == b"answered: hello"


def test_ends_an_answer_half_way(proxy: Proxy):
    proxy.set("there", Mode.HALF)
    with closing(connect(proxy)) as connection:
        assert ask(connection) == b"answere"
        assert connection.recv(4096) == b""


def test_delays_every_packet(proxy: Proxy):
    proxy.set("there", Mode.DELAY)
    with closing(connect(proxy)) as connection:
        started = time.monotonic()
        assert ask(connection) == b"answered: hello"
        assert time.monotonic() - started > 0.7


def test_throttles(proxy: Proxy):
    proxy.set("there", Mode.THROTTLE)
    with closing(connect(proxy)) as connection:
        started = time.monotonic()
        assert len(ask(connection, b"x" * 1000)) == 1010
        assert time.monotonic() - started > 0.8


def test_ends_only_the_mode_that_it_was_told_to_end(proxy: Proxy):
    proxy.set("there", Mode.DELAY)
    proxy.set("there", Mode.RESET)

    proxy.end("there", Mode.DELAY)

    assert proxy.links["there"].mode is Mode.RESET


def test_resets_whoever_comes_while_nobody_listens_there():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        link = Link("there", ("127.0.0.1", probe.getsockname()[1]))
    proxy = Proxy(link)
    proxy.start()
    try:
        # The reset may overtake the end of connecting.
        with pytest.raises(ConnectionResetError), closing(connect(proxy)) as connection:
            connection.recv(1)
    finally:
        proxy.stop()
