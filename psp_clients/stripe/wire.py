"""Turns the pages of Stripe's lists, beside asking one thing at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from psp_clients.asking import Asking
from psp_clients.contract import InDoubt, Operation, PreparedCall
from psp_clients.http import Transport
from psp_clients.strict_json import JsonObject, Unreadable, children, text
from psp_clients.stripe.calls import API_VERSION, Form, encoded
from psp_clients.stripe.refusals import refusal

PAGE_LINES: Final = 50  # Stripe gives 100, but those of large objects would exceed our size cap
MAX_PAGES: Final = 20_000  # a million lines: no honest list of one run is longer


class Wire(Asking):
    """Asks one account at Stripe, and turns pages. Its repr shows no secret."""

    def __init__(self, transport: Transport, api_key: str) -> None:
        super().__init__(transport, {"Authorization": f"Bearer {api_key}"}, refusal)

    def look_up(self, operation: Operation, path: str, query: Form | None = None) -> JsonObject:
        """Return the object that lives at a path."""
        asked = f"{path}?{encoded(query)}" if query else path
        headers = {"Stripe-Version": API_VERSION}
        return self.change(PreparedCall(operation, "GET", asked, headers, b"", key=""))

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
