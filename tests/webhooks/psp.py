"""The sandbox PSP as it sends webhooks: Standard Webhooks, signed with any secret."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from django.conf import settings
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from payments.models import PaymentSession

URL = "/webhooks/sandbox/"
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of thirty-two byt").decode()


def event_body(session: PaymentSession | None, event_id: str, **changes: Any) -> bytes:
    """Return the body of an event about a session, or about one that nobody knows."""
    body = {
        "id": event_id,
        "type": "session.paid",
        "created_at": timezone.now().isoformat(),
        "data": {
            "session": {
                "token": session.psp_token if session else "tok_unknown",
                "reference": session.reference if session else uuid4().hex,
                "status": "paid",
            }
        },
        **changes,
    }
    return json.dumps(body).encode()


@dataclass(frozen=True)
class Delivery:
    """One webhook, right in every way unless it is changed."""

    body: bytes
    event_id: str
    signed_at: datetime = field(default_factory=timezone.now)
    secrets: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def about(cls, session: PaymentSession | None, **changes: Any) -> Self:
        """Return the delivery of a new event."""
        event_id = f"evt_{uuid4().hex}"
        return cls(body=event_body(session, event_id, **changes), event_id=event_id)

    def but(self, **changes: Any) -> Self:
        """Return it with changes, signed anew."""
        return replace(self, **changes)

    def signatures(self) -> str:
        """Return one signature by each secret, or by the one that the settings name."""
        secrets = self.secrets or (settings.SANDBOX_PSP_WEBHOOK_SECRETS,)
        text = self.body.decode()
        return " ".join(Webhook(one).sign(self.event_id, self.signed_at, text) for one in secrets)

    def send(self, url: str = URL) -> Any:
        """POST it as the PSP does. A header that is changed to nothing is left out."""
        headers = {
            "webhook-id": self.event_id,
            "webhook-timestamp": str(int(self.signed_at.timestamp())),
            **({} if "webhook-signature" in self.headers else self._signed()),
            **self.headers,
        }
        sent = {name: value for name, value in headers.items() if value}
        return Client().post(url, self.body, content_type="application/json", headers=sent)

    def _signed(self) -> dict[str, str]:
        return {"webhook-signature": self.signatures()}
