"""Connections that know whether a request was begun, and that bound what comes back.

Used by `http` alone. One exchange runs at a time in a thread; it is noted in `exchange`. Nothing
here decides what a failure means.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MAX_ANSWER_BYTES = 1024 * 1024


class _Exchange(threading.local):
    """The calling thread's exchange: how long an answer may take, and whether it was begun.

    `begun` is set just before the request's first byte is handed to the socket. It is a fact
    where an exception's type is a guess: urllib3 reports a hanging TLS handshake as a read
    timeout and a reset one as an aborted connection, exactly like an answer that never came.
    """

    answer_seconds = 0.0
    begun = False
    deadline = 0.0
    sent: Callable[[], None] = staticmethod(lambda: None)

    def prepare(self, answer_seconds: float, sent: Callable[[], None]) -> None:
        """Start anew; the answer must be complete so long after the first byte was sent.

        `sent` is called once the last one was.
        """
        self.answer_seconds = answer_seconds
        self.begun = False
        self.sent = sent

    def begin(self) -> None:
        """Note that from now on the other side may have received something."""
        if not self.begun:
            self.begun = True
            self.deadline = time.monotonic() + self.answer_seconds


exchange = _Exchange()


class AnswerTooLarge(OSError):
    """The answer is larger than any honest one. An OSError, so that the connection is dropped."""


class _BoundedReader(io.RawIOBase):
    """Reads one answer, status line to last byte, until the deadline or the size cap.

    A socket's own timeout starts again with every byte, in the headers too: a peer that sends
    one byte now and then would hold the caller for ever.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._room = MAX_ANSWER_BYTES
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = exchange.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._sock.settimeout(remaining)
        count = self._raw.readinto(buffer)
        self.ended = count == 0
        self._room -= count or 0
        if self._room < 0:
            raise AnswerTooLarge
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader = _BoundedReader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read the head; http.client would take one that breaks off for a whole one."""
        super().begin()
        if self._reader.ended:
            raise http.client.IncompleteRead(b"")


class _NotingSend(http.client.HTTPConnection):
    response_class = _BoundedResponse

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        exchange.begin()
        super().send(data)

    def getresponse(self) -> Any:
        exchange.sent()
        return super().getresponse()


class _PlainConnection(_NotingSend, HTTPConnection):
    pass


class _TlsConnection(_NotingSend, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class BoundedAdapter(HTTPAdapter):
    """An adapter whose connections note `exchange.begun` and keep to its deadline."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools hand out our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
