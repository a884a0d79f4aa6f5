"""A pytest plugin that writes down, as JSON lines, every request that a PSP client sends.

It listens where all of them pass, the one transport. Which PSP is meant is told by whose code asks.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from types import FrameType
from typing import Final

import pytest

from psp_clients.contract import InDoubt, Operation
from psp_clients.http import Answer, Transport
from psp_clients.registry import PSPS

OPTION: Final = "--psp-requests"

_OF_A_PSP = re.compile(r"psp_clients\.(\w+)(?:\.|$)")
_transport_sends = Transport.send


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file to write to."""
    parser.addoption(OPTION, type=Path, required=True, help="where requests are written down")


def pytest_configure(config: pytest.Config) -> None:
    """Listen from now on, for as long as this process runs."""
    requests: Path = config.getoption(OPTION)
    requests.touch()
    lock = Lock()

    def send(
        self: Transport,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        operation: Operation,
    ) -> Answer:
        psp = _who_asks(sys._getframe(1))  # noqa: SLF001 - there is no other way to ask

        def write_down() -> None:
            seen = {"psp": psp, "method": method, "path": path, "body": body.decode()}
            with lock, requests.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(seen) + "\n")

        try:
            answer = _transport_sends(
                self, method, path, headers=headers, body=body, operation=operation
            )
        except InDoubt:
            write_down()
            raise
        write_down()
        return answer

    Transport.send = send  # type: ignore[method-assign]


def _who_asks(frame: FrameType | None) -> str:
    """Return the PSP whose client is at work, or nothing where none is."""
    while frame is not None:
        of_a_psp = _OF_A_PSP.match(str(frame.f_globals.get("__name__", "")))
        if of_a_psp and of_a_psp[1] in PSPS:
            return of_a_psp[1]
        frame = frame.f_back
    return ""
