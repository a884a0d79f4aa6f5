"""Where a person sees a payment at the sandbox PSP itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urljoin

from psp_clients.contract import PspReference


def dashboard_url(values: Mapping[str, str], ref: PspReference) -> str:
    """Return the page of the books on which the session stands, from registration on."""
    return urljoin(values["URL"], "/books/?" + urlencode({"token": ref.psp_token}))
