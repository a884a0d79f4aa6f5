"""How every client asks: an answer is a JSON object, a refusal, or nothing to believe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from psp_clients.contract import InDoubt, Operation, PreparedCall, PspError
from psp_clients.http import Answer, Transport
from psp_clients.strict_json import JsonObject, Unreadable, read_object

LONGEST_WAIT: Final = timedelta(hours=1)

# Accepted (202) is not done: what comes of it is looked up.
_DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})

Refusal = Callable[[Operation, Answer], PspError]


class Asking:
    """Asks one account at a PSP. `credentials` are the headers that prove who asks.

    `refusal` says what an answer other than success stands for; it is raised. Its repr shows no
    secret.
    """

    def __init__(
        self, transport: Transport, credentials: Mapping[str, str], refusal: Refusal
    ) -> None:
        self._transport = transport
        self._credentials = dict(credentials)
        self._refusal = refusal

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._transport!r})"

    def change(self, call: PreparedCall) -> JsonObject:
        """Send a prepared call and return the object it is answered with."""
        return self.object_in(call.operation, self.answer_to(call))

    def look_up(self, operation: Operation, path: str) -> JsonObject:
        """Return the object that lives at a path."""
        return self.object_in(operation, self.answer_to(reading(operation, path)))

    def answer_to(self, call: PreparedCall) -> Answer:
        """Send a call, and return whatever it is answered with."""
        return self._send(call, self._credentials)

    def object_in(self, operation: Operation, answer: Answer) -> JsonObject:
        """Return the object of a success; raise what any other answer stands for."""
        if answer.status not in _DONE:
            raise self._refusal(operation, answer)
        return read_object(answer.body)

    def _send(self, call: PreparedCall, credentials: Mapping[str, str]) -> Answer:
        return self._transport.send(
            call.method,
            call.path,
            headers={**call.headers, **credentials},
            body=call.body,
            operation=call.operation,
        )


def reading(operation: Operation, path: str) -> PreparedCall:
    """Return a call that only reads what lives at a path."""
    return PreparedCall(operation, "GET", path, {}, b"", key="")


@contextmanager
def in_doubt_if_unreadable(operation: Operation) -> Iterator[None]:
    """Turn an answer that cannot be believed into InDoubt."""
    try:
        yield
    except Unreadable as error:
        raise InDoubt(f"{operation}: answered, but unreadably: {error}") from None


def retry_after(answer: Answer) -> timedelta | None:
    """Return how long a PSP asks us to wait, an hour at most; None where it does not say."""
    value = answer.headers.get("Retry-After", "")
    if not re.fullmatch(r"[0-9]{1,9}", value):
        return None
    return min(timedelta(seconds=int(value)), LONGEST_WAIT)
