"""The access token that every call to PayPal bears: got with our credentials, kept until it ends.

However many threads want one at the same time, one of them asks, and all share what came of it.
Without a token nothing was sent: that is how every failure here is told.
"""

from __future__ import annotations

import base64
import copy
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from psp_clients.asking import retry_after
from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    NotSent,
    Operation,
    PspError,
    RetryableRejected,
)
from psp_clients.http import Answer, Transport
from psp_clients.strict_json import JsonObject, Unreadable, read_object, text

LOGIN_PATH: Final = "/v1/oauth2/token"
# A token that ends within this time is not used for another call.
MARGIN: Final = timedelta(minutes=1)
# Longer than any login that the transport lets happen, and much shorter than a lease.
LONGEST_FLIGHT_SECONDS: Final = 30

_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_REFUSED: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    ends_at: datetime


@dataclass(slots=True)
class _Flight:
    """One thread's errand for a token, which the others wait for."""

    landed: threading.Event = field(default_factory=threading.Event)
    token: _Token | None = None
    error: PspError | None = None


class Access:
    """Tokens of one account. Threads may share it. Its repr shows no secret."""

    def __init__(
        self, transport: Transport, client_id: str, client_secret: str, now: Callable[[], datetime]
    ) -> None:
        """Raise ValueError where the credentials cannot be any; the error shows neither."""
        if not _VISIBLE.fullmatch(client_id) or ":" in client_id:
            raise ValueError("the client id is not made of visible ASCII characters but colons")
        if not _VISIBLE.fullmatch(client_secret):
            raise ValueError("the client secret is not made of visible ASCII characters")
        credentials = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._authorization = f"Basic {credentials}"
        self._transport = transport
        self._now = now
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._flight: _Flight | None = None

    def __repr__(self) -> str:
        return f"Access({self._transport!r})"

    def token(self, operation: Operation) -> str:
        """Return a token that is good for a call now.

        Raises AuthFailed where our credentials are refused, RetryableRejected where PayPal wants
        us to slow down, and NotSent for whatever else kept the token from us.
        """
        with self._lock:
            if self._token is not None and self._now() < self._token.ends_at - MARGIN:
                return self._token.value
            flight, is_ours = self._flight, self._flight is None
            if flight is None:
                flight = self._flight = _Flight()
        if is_ours:
            self._fly(flight, operation)
        elif not flight.landed.wait(LONGEST_FLIGHT_SECONDS):
            raise _not_sent(operation, "another thread's login does not end")
        if flight.token is not None:
            return flight.token.value
        raise copy.copy(flight.error) or _not_sent(operation, "another thread's login broke off")

    def renewed(self, refused: str, operation: Operation) -> str:
        """Return another token than the one that PayPal has just refused. Raises as `token`."""
        with self._lock:
            if self._token is not None and self._token.value == refused:
                self._token = None
        return self.token(operation)

    def _fly(self, flight: _Flight, operation: Operation) -> None:
        try:
            flight.token = self._log_in(operation)
        except PspError as error:
            flight.error = error
        finally:
            with self._lock:
                self._token, self._flight = flight.token, None
            flight.landed.set()

    def _log_in(self, operation: Operation) -> _Token:
        asked_at = self._now()
        try:
            answer = self._transport.send(
                "POST",
                LOGIN_PATH,
                headers={
                    "Authorization": self._authorization,
                    "Content-Type": "application/x-www-form-urlencoded",
                },
                body=b"grant_type=client_credentials",
                # It changes nothing, and must not take as long as what it is for.
                operation=Operation.FETCH,
            )
        except (NotSent, InDoubt):
            raise _not_sent(operation, "PayPal gave no access token") from None
        if answer.status != HTTPStatus.OK:
            raise _refusal(operation, answer)
        try:
            return _read_token(read_object(answer.body), asked_at)
        except Unreadable as error:
            raise _not_sent(operation, f"PayPal's access token is none: {error}") from None


def _read_token(answer: JsonObject, asked_at: datetime) -> _Token:
    value, lasts = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(value, str) or not _VISIBLE.fullmatch(value):
        raise Unreadable("access_token is not made of visible ASCII characters")
    if text(answer, "token_type").lower() != "bearer":
        raise Unreadable("token_type is not Bearer")
    if type(lasts) is not int or not 0 < lasts < timedelta(days=366).total_seconds():
        raise Unreadable("expires_in is no number of seconds")
    return _Token(value, asked_at + timedelta(seconds=lasts))


def _refusal(operation: Operation, answer: Answer) -> PspError:
    said = f"login answered {answer.status}"
    if answer.status in _REFUSED:
        return AuthFailed(f"{operation}: nothing was sent ({said})")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return RetryableRejected(
            f"{operation}: nothing was sent ({said})", retry_after=retry_after(answer)
        )
    return _not_sent(operation, said)


def _not_sent(operation: Operation, why: str) -> NotSent:
    return NotSent(f"{operation}: nothing was sent ({why})")
