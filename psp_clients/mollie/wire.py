"""Asks Mollie one thing at a time, and turns the pages of its lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from psp_clients.contract import InDoubt, Operation, PreparedCall
from psp_clients.http import Transport
from psp_clients.mollie.refusals import refusal
from psp_clients.strict_json import JsonObject, Unreadable, child, children, read_object

PAGE_LINES: Final = 100  # Mollie gives 250, but those of large payments would exceed our size cap
MAX_PAGES: Final = 10_000  # a million lines: no honest list of one run is longer

_ENTITY_ID = re.compile(r"[a-z]{2,4}_[0-9A-Za-z]{1,128}")


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

    def look_up(self, operation: Operation, path: str) -> JsonObject:
        """Return the object that lives at a path."""
        return self._ask(operation, "GET", path, {}, b"")

    def pages(self, operation: Operation, path: str, name: str) -> Iterator[list[JsonObject]]:
        """Yield a list page by page, newest first. Raises between pages too."""
        cursor = ""
        for _ in range(MAX_PAGES):
            query = {"limit": str(PAGE_LINES), **({"from": cursor} if cursor else {})}
            page = self.look_up(operation, f"{path}?{urlencode(query)}")
            yield children(child(page, "_embedded"), name)
            following = _next(page)
            if not following:
                return
            if following == cursor:
                break
            cursor = following
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
        # Accepted (202) is not done: what comes of it is looked up.
        if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise refusal(operation, answer)
        return read_object(answer.body)


@contextmanager
def in_doubt_if_unreadable(operation: Operation) -> Iterator[None]:
    """Turn an answer that cannot be believed into InDoubt."""
    try:
        yield
    except Unreadable as error:
        raise InDoubt(f"{operation}: answered, but unreadably: {error}") from None


def _next(page: JsonObject) -> str:
    """Return the id that the next page begins with, or nothing.

    Of the address that Mollie gives only this is taken: it could lead to another host.
    """
    following = child(page, "_links").get("next")
    if following is None:
        return ""
    href = following.get("href") if isinstance(following, dict) else None
    try:
        begins = parse_qs(urlsplit(str(href)).query).get("from", [])
    except ValueError:
        begins = []
    if len(begins) != 1 or not _ENTITY_ID.fullmatch(begins[0]):
        raise Unreadable("next does not say where the next page begins")
    return begins[0]
