"""A PSP that lists what it is told to, as sandbox/API.md says: transactions and sessions."""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

Line = dict[str, Any]

PAGE: Final = 100


@contextmanager
def listing_psp(lines: Sequence[Line]) -> Iterator[str]:
    """Serve lines, which are in the order of their booking, until the block ends; yield the URL."""
    booked = [datetime.fromisoformat(line["booked_at"]) for line in lines]
    charge_of = {line["token"]: line for line in lines if line["kind"] == "charge"}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/v1/transactions":
                self._answer(_page(lines, booked, query))
            else:
                self._answer(_session(charge_of[parts.path.rpartition("/")[2]]))

        def _answer(self, body: Line) -> None:
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _page(lines: Sequence[Line], booked: Sequence[datetime], query: dict[str, str]) -> Line:
    begin = bisect_left(booked, datetime.fromisoformat(query["since"]))
    end = bisect_left(booked, datetime.fromisoformat(query["until"]))
    begin = int(query.get("cursor", begin))
    following = begin + PAGE
    return {
        "data": lines[begin : min(following, end)],
        "next_cursor": str(following) if following < end else None,
    }


def _session(charge: Line) -> Line:
    """Return the session of a charge, as a look-up shows it."""
    return {
        "token": charge["token"],
        "reference": charge["reference"],
        "status": "paid",
        "amount": charge["amount"],
        "currency": charge["currency"],
        "charge": charge["id"],
        "captured_amount": charge["amount"],
        "refunded_amount": "0.00",
    }
