"""Serves BPS to a test: by threads of this process, or by a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIServer
from django.test.testcases import QuietWSGIRequestHandler

from tests import direct
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"


class Server(WSGIServer):
    """Serves BPS at a port of its own, by threads that others may use before and after it."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        super().__init__((HOST, 0), QuietWSGIRequestHandler)
        self.set_app(WSGIHandler())
        self.url = f"http://{HOST}:{self.server_port}"
        self._threads = threads
        self._underway: list[Future[None]] = []
        self._stops = False
        self._door = Thread(target=self._welcome)
        self._door.start()

    def stop(self) -> None:
        """Let nobody in any more, and wait for those who are."""
        self._stops = True
        socket.create_connection((HOST, self.server_port)).close()  # somebody at the door opens it
        self._door.join()
        self.server_close()
        wait(self._underway)

    def _welcome(self) -> None:
        while True:
            guest = self.get_request()
            if self._stops:
                self.shutdown_request(guest[0])
                return
            self._underway.append(self._threads.submit(self._serve, *guest))

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001 - it is noted, and the thread serves others
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)


@pytest.fixture
def bps_url(transactional_db: None, request_threads: ThreadPoolExecutor) -> Iterator[str]:
    """Serve BPS by threads of this process until the story ends.

    Not pytest-django's live_server, which serves all stories: late webhooks of one would reach the
    next. And which leaves each request's thread, and its database connection, with the request.
    """
    server = Server(request_threads)
    yield server.url
    server.stop()


@contextmanager
def bps_web(environment: Mapping[str, str], *, port: int) -> Iterator[str]:
    """Serve BPS by gunicorn until the block ends; yield its URL."""
    url = f"http://127.0.0.1:{port}"
    options = ["--config=config/gunicorn.py", "--workers=1", f"--bind=127.0.0.1:{port}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "config.wsgi"],
        cwd=ROOT,
        env={**environment, "BPS_PUBLIC_URL": url},
    )
    try:
        _wait_until_serving(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_until_serving(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if direct.get(f"{url}/healthz", timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    raise AssertionError("BPS did not start")
