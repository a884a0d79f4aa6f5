"""How a shop knows that a notification is ours: Standard Webhooks, by every live secret."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from standardwebhooks import Webhook


def signed_headers(
    *, message_id: str, body: str, at: datetime, secrets: Iterable[str]
) -> dict[str, str]:
    """Return the headers that prove who sent a body, and when.

    While a shop changes its secret two are live, and a signature by either is enough for it.
    """
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
