"""Serves a fake PSP over HTTP: what it says to a request is its own business."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

# Given method, path, headers (names in lower case) and body; None: say nothing, and hang up.
Speaker = Callable[[str, str, dict[str, str], str], tuple[int, Any, Mapping[str, str]] | None]


def handler_of(speak: Speaker, content_type: str) -> type[BaseHTTPRequestHandler]:
    """Return what answers each request with JSON, as `speak` says; bytes are sent as they are."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            given = {name.lower(): value for name, value in self.headers.items()}
            answer = speak(self.command, self.path, given, body)
            if answer is None:
                return
            status, told, headers = answer
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            with suppress(OSError):  # whoever asked may have gone
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

    return Handler
