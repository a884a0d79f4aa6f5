"""HTTP as bytes: requests that no decent client would send, and the status of the answer."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

TIMEOUT_SECONDS: Final = 30
LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CLOSES: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
CHUNK_BYTES: Final = 64
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"  # not the answer yet

Framing = Literal["length", "chunked", "none"]


class NoAnswer(Exception):
    """The server closed the connection without a word, twice."""


@dataclass(frozen=True)
class RawRequest:
    """One request. Headers are sent as they stand, in their order, repeated if they repeat."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    path: str = "/webhooks/sandbox/"
    method: str = "POST"
    framing: Framing = "length"

    def encoded(self) -> bytes:
        """Return the bytes for the wire."""
        headers = [("Host", "127.0.0.1"), *self.headers, *self._framing_header()]
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self._framed_body()

    def _framing_header(self) -> list[tuple[str, str]]:
        return {
            "length": [("Content-Length", str(len(self.body)))],
            "chunked": [("Transfer-Encoding", "chunked")],
            "none": [],
        }[self.framing]

    def _framed_body(self) -> bytes:
        if self.framing != "chunked":
            return self.body if self.framing == "length" else b""
        pieces = [self.body[at : at + CHUNK_BYTES] for at in range(0, len(self.body), CHUNK_BYTES)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


class Connection:
    """A connection to one server, kept alive while the server keeps it. For one thread."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def status_of(self, request: RawRequest) -> int:
        """Send a request and return the status of its answer. Raises NoAnswer, OSError."""
        wire = request.encoded()
        for _ in range(2):  # a kept connection may have been closed meanwhile: try a fresh one
            answer = self._answer(wire, has_body=request.method != "HEAD")
            if answer:
                return int(answer.split(b" ", 2)[1])
        raise NoAnswer

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, wire: bytes, *, has_body: bool) -> bytes:
        """Return the answer, or nothing if the connection was closed before one came."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BrokenPipeError, ConnectionResetError):
            # A server may answer, and close, before it has read everything.
            self._socket.sendall(wire)
        try:
            return self._read(self._socket, has_body=has_body)
        except ConnectionResetError:
            self.close()
            return b""

    def _read(self, connection: socket.socket, *, has_body: bool) -> bytes:
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = connection.recv(65536)
            if not received:
                self.close()
                return answer
            answer += received
            if answer.startswith(CONTINUE):
                answer = answer.removeprefix(CONTINUE)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        left = int(length[1]) - len(body) if length and has_body else 0
        while left > 0:
            received = connection.recv(65536)
            if not received:
                break
            left -= len(received)
        if CLOSES.search(head) or (length is None and has_body):
            self.close()
        return answer
