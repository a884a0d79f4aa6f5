"""Prefer (RFC 7240): how long a shop wants to wait, and never longer than it may."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from payments.api.preferences import LONGEST_WAIT, patience


class TestPrefer:
    def test_says_how_long_to_wait(self) -> None:
        seconds = {
            "": 3,
            "respond-async": 0,
            "Respond-Async": 0,
            "respond-async; foo=bar": 0,
            "return=minimal, respond-async": 0,
            "wait=5": 5,
            "wait=0": 0,
            'wait="7"': 7,
            "WAIT = 7": 7,
            "wait=5; foo=bar": 5,
            "return=minimal, wait=5": 5,
            "respond-async, wait=5": 5,
            "wait=5, respond-async": 5,
            "wait=5, wait=9": 5,
            "wait=25": 25,
            "wait=26": 25,
            "wait=9999": 25,
        }

        assert {header: patience(header).total_seconds() for header in seconds} == seconds

    def test_that_cannot_be_read_is_ignored(self) -> None:
        headers = [
            "wait",
            "wait=",
            "wait=-1",
            "wait=+1",
            "wait=1.5",
            "wait=1e3",
            "wait=soon",
            "wait=\u0665",
            "waits=5",
            "respond-asynchronously",
            ",,,",
            ";",
            "=",
            "handling=lenient",
        ]

        waits = {header: patience(header) for header in headers}
        assert waits == dict.fromkeys(headers, timedelta(seconds=3))

    @given(st.text(max_size=60))
    def test_never_makes_a_request_wait_longer_than_25_seconds(self, header: str) -> None:
        assert timedelta() <= patience(header) <= LONGEST_WAIT == timedelta(seconds=25)
