"""Serves BPS to a test: by threads of this process, or by a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30


@pytest.fixture
def bps_url(transactional_db: None) -> Iterator[str]:
    """Serve BPS by threads of this process until the story ends.

    Not pytest-django's live_server, which serves all stories: late webhooks of one would reach the
    next.
    """
    server = LiveServer("127.0.0.1")
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
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if requests.get(f"{url}/healthz", timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    raise AssertionError("BPS did not start")
