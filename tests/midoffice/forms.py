"""Pages of acts, as a browser fills them in."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

from django.test import Client
from django.urls import reverse

REASON = "The customer called."


def act_page(name: str, row_id: UUID | None = None) -> str:
    """Return the address of an act."""
    return reverse(f"mid-office:{name}", args=[row_id] if row_id else [])


def opened(browser: Client, address: str) -> dict[str, str]:
    """Open an act's page; return its form as it would be sent back, with a reason."""
    shown = browser.get(address)
    assert shown.status_code == 200
    key = re.search(r'name="form_key" value="([0-9a-f-]+)"', shown.content.decode())
    assert key is not None
    return {"form_key": key[1], "reason": REASON}


def act(browser: Client, name: str, row_id: UUID | None = None, **fields: Any) -> Any:
    """Submit an act's form, with a key such as its page would give, and a reason."""
    form = {"form_key": str(uuid4()), "reason": REASON}
    return browser.post(act_page(name, row_id), {**form, **fields})


def act_and_look(browser: Client, name: str, row_id: UUID | None = None, **fields: Any) -> str:
    """Open an act's page, fill it in, submit it; return the page that this leads to."""
    address = act_page(name, row_id)
    answer = browser.post(address, {**opened(browser, address), **fields}, follow=True)
    return answer.content.decode()
