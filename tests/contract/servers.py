"""Servers on 127.0.0.1 that do exactly what a test scripts, down to the socket."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 5.0
# Self-signed, for 127.0.0.1, with its key: it guards nothing.
CERTIFICATE = Path(__file__).with_name("loopback.pem")


@dataclass(frozen=True)
class Seen:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer to give; `body` is sent as JSON unless it is bytes."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


# Reads the request, then closes without a word.
DROP = Reply(0, b"")

Behaviour = Callable[["SocketServer", socket.socket], object]


class SocketServer:
    """Accepts connections and hands each to `behaviour`, in a thread of its own."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[Seen] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._accepted: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.address)

    def stop(self) -> None:
        """Stop accepting, cut what is connected, and wait for every thread to end."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            socket.create_connection(self.address, PATIENCE_SECONDS).close()
        for sock in self._accepted:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        self._listener.close()

    def read_request(self, sock: socket.socket) -> Seen | None:
        """Read one whole request and note it; None at the end of the connection.

        Whoever sends one waits for the answer before the next: all that comes is of this one.
        """
        received = b""
        while b"\r\n\r\n" not in received:
            more = sock.recv(65536)
            if not more:
                return None
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += sock.recv(65536)
        method, path, _ = first.split(" ")
        self.requests.append(Seen(method, path, headers, body))
        return self.requests[-1]

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            self.connections += 1
            self._accepted.append(sock)
            self._threads.append(threading.Thread(target=self._serve, args=(sock,)))
            self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE_SECONDS)
        with sock, contextlib.suppress(OSError):
            self.behaviour(self, sock)


def over_tls(behaviour: Behaviour) -> Behaviour:
    """Let a server behave so behind a handshake, as 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def serve_tls(server: SocketServer, sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as wrapped:
            behaviour(server, wrapped)

    return serve_tls


class ReplayingPsp(SocketServer):
    """Answers each request with the next of `replies`, the last one for ever.

    What `aside` answers (a login, say) is noted in `asides` instead, and uses up no reply.
    """

    def __init__(self, aside: Callable[[Seen], Reply | None] = lambda _: None) -> None:
        self.replies: deque[Reply] = deque()
        self.asides: list[Seen] = []
        self._aside = aside
        super().__init__(self._replay)

    def will_answer(self, *replies: Reply) -> None:
        self.replies = deque(replies)

    def _replay(self, _: SocketServer, sock: socket.socket) -> None:
        while seen := self.read_request(sock):
            reply = self._aside(seen)
            if reply is not None:
                self.requests.remove(seen)
                self.asides.append(seen)
            else:
                reply = self.replies.popleft() if len(self.replies) > 1 else self.replies[0]
            if reply is DROP:
                return
            sock.sendall(reply.to_bytes())


def reset(sock: socket.socket) -> None:
    """Close with RST instead of FIN: the other side's next read is a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@contextlib.contextmanager
def unused_url() -> Iterator[str]:
    """Give an address at which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield "http://{}:{}".format(*bound.getsockname())


@contextlib.contextmanager
def full_url() -> Iterator[str]:
    """Give an address whose queue of connections is full: connecting hangs."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield "http://{}:{}".format(*listener.getsockname())
