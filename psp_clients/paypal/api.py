"""One account's way to PayPal: every call with an access token, and answers read or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from psp_clients.contract import InDoubt, Operation, PreparedCall
from psp_clients.http import Answer, Transport
from psp_clients.paypal.access import Access
from psp_clients.paypal.refusals import refusal
from psp_clients.strict_json import JsonObject, Unreadable, read_object

DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


class Api:
    """Sends to PayPal. Threads may share it. Its repr shows no secret."""

    def __init__(self, transport: Transport, access: Access) -> None:
        self._transport = transport
        self._access = access

    def __repr__(self) -> str:
        return f"Api({self._transport!r})"

    def change(self, call: PreparedCall) -> JsonObject:
        """Send a prepared call, as it is, and return the object that it made or changed."""
        answer = self.send(
            call.operation, call.method, call.path, headers=call.headers, body=call.body
        )
        return done(call.operation, answer)

    def look_up(self, operation: Operation, path: str) -> JsonObject:
        """Return the object at a path."""
        return done(operation, self.send(operation, "GET", path, headers={}, body=b""))

    def send(
        self,
        operation: Operation,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        """Send with an access token, and once more with a new one where PayPal refuses it."""

        def answer_to(token: str) -> Answer:
            borne = {**headers, "Authorization": f"Bearer {token}"}
            return self._transport.send(method, path, headers=borne, body=body, operation=operation)

        token = self._access.token(operation)
        answer = answer_to(token)
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        return answer_to(self._access.renewed(token, operation))


def done(operation: Operation, answer: Answer) -> JsonObject:
    """Return the object of a success; raise what any other answer stands for."""
    if answer.status not in DONE:
        raise refusal(operation, answer)
    return read_object(answer.body)


@contextmanager
def in_doubt_if_unreadable(operation: Operation) -> Iterator[None]:
    """Take an answer that is not as documented for none."""
    try:
        yield
    except Unreadable as error:
        raise InDoubt(f"{operation}: answered, but unreadably: {error}") from None
