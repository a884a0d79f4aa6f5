"""Finds out whether PayPal signed a webhook: by its certificate, or else by asking PayPal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from psp_clients.contract import (
    Operation,
    PreparedCall,
    PspError,
    WebhookRejected,
    WebhookUnverifiable,
)
from psp_clients.paypal.api import Api
from psp_clients.paypal.certificates import Certificates, Unjudged
from psp_clients.paypal.signature import Transmission, is_signed, question, read_transmission
from psp_clients.strict_json import JsonObject, Unreadable, read_object, text

VERIFY_PATH: Final = "/v1/notifications/verify-webhook-signature"
VERDICTS: Final = {"SUCCESS": True, "FAILURE": False}


class Witness:
    """Knows which webhook of PayPal's is ours, and what PayPal signs."""

    def __init__(self, api: Api, certificates: Certificates, webhook_id: str) -> None:
        self._api = api
        self._certificates = certificates
        self._webhook_id = webhook_id

    def proved(self, headers: Mapping[str, str], body: bytes, now: datetime) -> JsonObject:
        """Return the event that PayPal signed for us. Raises WebhookRejected, WebhookUnverifiable.

        What does not even look like PayPal's is rejected before anything is asked.
        """
        transmission = read_transmission(headers, now)
        try:
            event = read_object(body)
        except Unreadable as error:
            raise WebhookRejected(f"the body is not a webhook's: {error}") from None
        if not self._is_genuine(transmission, body, now):
            raise WebhookRejected("PayPal has not signed this")
        return event

    def _is_genuine(self, transmission: Transmission, body: bytes, now: datetime) -> bool:
        try:
            key = self._certificates.key_at(transmission.cert_url, now)
        except Unjudged:
            return self._paypal_vouches_for(transmission, body)
        return is_signed(transmission, body, webhook_id=self._webhook_id, key=key)

    def _paypal_vouches_for(self, transmission: Transmission, body: bytes) -> bool:
        asked = PreparedCall(
            operation=Operation.FETCH,
            method="POST",
            path=VERIFY_PATH,
            headers={"Content-Type": "application/json"},
            body=question(transmission, body, webhook_id=self._webhook_id),
            key="",
        )
        try:
            verdict = VERDICTS.get(text(self._api.change(asked), "verification_status"))
        except (PspError, Unreadable) as error:
            raise WebhookUnverifiable(f"PayPal could not be asked: {error}") from None
        if verdict is None:
            raise WebhookUnverifiable("PayPal was asked, and its answer is not understood")
        return verdict
