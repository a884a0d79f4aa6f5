"""Turns the pages of Mollie's lists, beside asking one thing at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from psp_clients.asking import Asking
from psp_clients.contract import InDoubt, Operation
from psp_clients.http import Transport
from psp_clients.mollie.refusals import refusal
from psp_clients.strict_json import JsonObject, Unreadable, child, children

PAGE_LINES: Final = 100  # Mollie gives 250, but those of large payments would exceed our size cap
MAX_PAGES: Final = 10_000  # a million lines: no honest list of one run is longer

_ENTITY_ID = re.compile(r"[a-z]{2,4}_[0-9A-Za-z]{1,128}")


class Wire(Asking):
    """Asks one account at Mollie, and turns pages. Its repr shows no secret."""

    def __init__(self, transport: Transport, api_key: str) -> None:
        super().__init__(transport, {"Authorization": f"Bearer {api_key}"}, refusal)

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
