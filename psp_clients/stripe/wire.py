"""Asks Stripe one thing at a time, and turns the pages of its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from psp_clients.contract import InDoubt, Operation, PreparedCall
from psp_clients.http import Transport
from psp_clients.strict_json import JsonObject, Unreadable, children, read_object, text
from psp_clients.stripe.calls import API_VERSION, Form, encoded
from psp_clients.stripe.refusals import refusal

PAGE_LINES: Final = 50  # Stripe gives 100, but those of large objects would exceed our size cap
MAX_PAGES: Final = 20_000  # a million lines: no honest list of one run is longer


class Wire:
    """One account's connection. Its repr shows no secret."""

    def __init__(self, transport: Transport, api_key: str) -> None:
        self._transport = transport
        self._authorization = f"Bearer {api_key}"

    def __repr__(self) -> str:
        return f"Wire({self._transport!r})"

    def change(self, call: PreparedCall) -> JsonObject:
        """Send a prepared call and return the object it is answered with."""
        return self._ask(call.operation, call.method, call.path, call.headers, call.body)

    def look_up(self, operation: Operation, path: str, query: Form | None = None) -> JsonObject:
        """Return the object that lives at a path."""
        asked = f"{path}?{encoded(query)}" if query else path
        return self._ask(operation, "GET", asked, {"Stripe-Version": API_VERSION}, b"")

    def pages(self, operation: Operation, path: str, query: Form) -> Iterator[list[JsonObject]]:
        """Yield a list page by page, newest first. Raises between pages too."""
        cursor = ""
        for _ in range(MAX_PAGES):
            after = {"starting_after": cursor} if cursor else {}
            page = self.look_up(operation, path, {**query, "limit": PAGE_LINES, **after})
            lines, has_more = children(page, "data"), page.get("has_more")
            if not isinstance(has_more, bool):
                raise Unreadable("has_more tells nothing")
            yield lines
            if not has_more:
                return
            last = text(lines[-1], "id") if lines else cursor
            if last == cursor:
                break
            cursor = last
        raise InDoubt(f"{operation}: the list does not end")

    def _ask(
        self,
        operation: Operation,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> JsonObject:
        answer = self._transport.send(
            method,
            path,
            headers={**headers, "Authorization": self._authorization},
            body=body,
            operation=operation,
        )
        if answer.status != HTTPStatus.OK:
            raise refusal(operation, answer)
        return read_object(answer.body)


@contextmanager
def in_doubt_if_unreadable(operation: Operation) -> Iterator[None]:
    """Turn an answer that cannot be believed into InDoubt."""
    try:
        yield
    except Unreadable as error:
        raise InDoubt(f"{operation}: answered, but unreadably: {error}") from None
