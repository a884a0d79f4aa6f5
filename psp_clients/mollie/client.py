"""Mollie as a `PspClient`: sends calls, and believes only answers about what was asked.

The token is Mollie's payment id. Mollie's own page takes the money: there is nothing to confirm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from urllib.parse import unquote

from psp_clients.asking import in_doubt_if_unreadable
from psp_clients.contract import (
    Capabilities,
    ConfirmMode,
    ConfirmRequest,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundReport,
    RegisteredSession,
    Report,
    SessionRequest,
    Transaction,
    Unsupported,
    WebhookNotice,
    WebhookResponse,
)
from psp_clients.http import Transport
from psp_clients.mollie import calls, mapping, transactions, webhooks
from psp_clients.mollie.money import DIGITS
from psp_clients.mollie.signature import HEADER, read_secret
from psp_clients.mollie.wire import Wire
from psp_clients.prepared import segment
from psp_clients.strict_json import JsonObject, Unreadable

# Mollie's page says one hour. Earlier ones said 24: the shorter promise is the one to rely on.
KEY_WINDOW: Final = timedelta(hours=1)

API_KEY: Final = re.compile(r"(?:test|live)_\w{30,250}", re.ASCII)

# A lost registration is looked for at once, so it is among the newest; a thousand are enough.
PAGES_SEARCHED: Final = 10


class MollieClient:
    """One website profile at Mollie. Threads may share it. Its repr shows no secret."""

    name: str = "mollie"

    def __init__(
        self, transport: Transport, *, api_key: str, webhook_secrets: Sequence[str] = ()
    ) -> None:
        """Raise ValueError where the key or a secret cannot be one; the error shows neither."""
        if not API_KEY.fullmatch(api_key):
            raise ValueError("the API key is not test_… or live_…")
        self._wire = Wire(transport, api_key)
        self._secrets = [read_secret(secret) for secret in webhook_secrets]
        self.capabilities = Capabilities(
            confirm_mode=ConfirmMode.READS,
            can_poll=True,
            can_cancel=True,  # where the payment method allows it; else a StateConflict
            partial_refund=True,
            manual_capture=True,
            currencies=frozenset(DIGITS),
            key_window=KEY_WINDOW,
            signed_by=frozenset({HEADER}),
            ends_at_expiry=False,  # each payment method has its own time, up to 14 days
        )

    def __repr__(self) -> str:
        return f"MollieClient({self._wire!r})"

    def prepare_register(self, request: SessionRequest, *, key: str) -> PreparedCall:
        """Return the call that creates a payment."""
        return calls.register(request, key=key)

    def prepare_confirm(
        self, ref: PspReference, request: ConfirmRequest, *, key: str
    ) -> PreparedCall:
        """Raise Unsupported: the shopper's click on Mollie's page is the purchase."""
        raise Unsupported("Mollie's own page takes the money")

    def prepare_capture(self, ref: PspReference, money: Money, *, key: str) -> PreparedCall:
        """Return the call that takes what was authorised, or less."""
        return calls.capture(ref, money, key=key)

    def prepare_cancel(self, ref: PspReference, *, key: str) -> PreparedCall:
        """Return the call that cancels a payment."""
        return calls.cancel(ref, key=key)

    def prepare_refund(
        self, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
    ) -> PreparedCall:
        """Return the call that gives money back."""
        return calls.refund(ref, money, refund_id=refund_id, reason=reason, key=key)

    def register(self, call: PreparedCall) -> RegisteredSession:
        """Create a payment; the answer must repeat our reference and money."""
        with in_doubt_if_unreadable(call.operation):
            payment = self._wire.change(call)
            _expect_repeated(payment, call, "reference")
            return mapping.read_registered(payment)

    def confirm(self, call: PreparedCall) -> Report:
        """Raise Unsupported: there is nothing to send."""
        raise Unsupported("Mollie's own page takes the money")

    def capture(self, call: PreparedCall) -> Report:
        """Take what was authorised; the answer must repeat the money."""
        with in_doubt_if_unreadable(call.operation):
            capture = self._wire.change(call)
            _expect_same_payment(capture.get("paymentId"), call)
            _expect_repeated(capture, call)
            return mapping.read_capture(capture)

    def cancel(self, call: PreparedCall) -> Report:
        """End the payment. Only a report of CANCELLED or EXPIRED is a fence.

        StateConflict where it cannot be cancelled: most methods let a payment run until it
        expires.
        """
        with in_doubt_if_unreadable(call.operation):
            payment = self._wire.change(call)
            _expect_same_payment(payment.get("id"), call)
            return mapping.read_report(payment)

    def refund(self, call: PreparedCall) -> RefundReport:
        """Give money back; the answer must repeat our refund's id and money."""
        with in_doubt_if_unreadable(call.operation):
            refund = self._wire.change(call)
            _expect_same_payment(refund.get("paymentId"), call)
            _expect_repeated(refund, call, "refund_id")
            return mapping.read_refund(refund)

    def fetch(self, ref: PspReference) -> Report:
        """Ask what is true now: by token, or by our reference while the token is not known.

        Mollie finds nothing by reference: the newest thousand payments are searched. "Not found"
        is InDoubt: soon after a timeout it does not mean "not created".
        """
        with in_doubt_if_unreadable(Operation.FETCH):
            payment = self._by_token(ref) if ref.psp_token else self._by_reference(ref)
            if mapping.noted(payment, "reference") != ref.reference:
                raise Unreadable("the payment is not the one asked for")
            return mapping.read_report(payment)

    def fetch_refund(self, ref: PspReference, refund: RefundReference) -> RefundReport:
        """Ask what became of one refund of this payment: by its id, or by our reference.

        "Not found" is InDoubt: soon after a timeout it does not mean "not given back".
        """
        with in_doubt_if_unreadable(Operation.FETCH_REFUND):
            found = self._refund(ref, refund)
            if (found.get("paymentId"), mapping.noted(found, "refund_id")) != (
                ref.psp_token,
                refund.reference,
            ):
                raise Unreadable("the refund is not the one asked for")
            return mapping.read_refund(found)

    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        """Yield what Mollie took and gave back in [since, until), page by page as consumed.

        Raises between lines too: what was yielded before an error is not the whole list.
        """
        with in_doubt_if_unreadable(Operation.TRANSACTIONS):
            yield from transactions.transactions(self._wire, since, until)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[WebhookNotice]:
        """Read a classic webhook, or verify and read an event. Raises WebhookRejected alone."""
        return webhooks.read_webhook(headers, body, secrets=self._secrets)

    def webhook_response(self) -> WebhookResponse:
        """Return what ends Mollie's deliveries: 200."""
        return WebhookResponse(status=200, body=b"", content_type="text/plain")

    def _by_token(self, ref: PspReference) -> JsonObject:
        payment = self._wire.look_up(Operation.FETCH, calls.payment_path(ref.psp_token))
        if payment.get("id") != ref.psp_token:
            raise Unreadable("the id is not the one asked for")
        return payment

    def _by_reference(self, ref: PspReference) -> JsonObject:
        pages = self._wire.pages(Operation.FETCH, calls.PAYMENTS_PATH, "payments")
        for page in islice(pages, PAGES_SEARCHED):
            if found := [one for one in page if mapping.noted(one, "reference") == ref.reference]:
                return _only(found)
        raise Unreadable("none of the newest payments bears the reference")

    def _refund(self, ref: PspReference, refund: RefundReference) -> JsonObject:
        path = f"{calls.payment_path(ref.psp_token)}/refunds"
        if refund.refund_reference:
            path = f"{path}/{segment(refund.refund_reference, 'refund_reference')}"
            found = self._wire.look_up(Operation.FETCH_REFUND, path)
            if found.get("id") != refund.refund_reference:
                raise Unreadable("the id is not the one asked for")
            return found
        pages = self._wire.pages(Operation.FETCH_REFUND, path, "refunds")
        refunds = [one for page in pages for one in page]
        return _only(
            [one for one in refunds if mapping.noted(one, "refund_id") == refund.reference]
        )


def _only(found: Sequence[JsonObject]) -> JsonObject:
    if len(found) != 1:
        raise Unreadable(f"{len(found)} bear the reference")
    return found[0]


def _expect_same_payment(payment_id: object, call: PreparedCall) -> None:
    if payment_id != unquote(call.path.removeprefix(f"{calls.PAYMENTS_PATH}/").partition("/")[0]):
        raise Unreadable("the answer is about another payment")


def _expect_repeated(answer: JsonObject, call: PreparedCall, *notes: str) -> None:
    sent = json.loads(call.body)
    if answer.get("amount") != sent["amount"]:
        raise Unreadable("amount is not what was sent")
    for name in notes:
        if mapping.noted(answer, name) != sent["metadata"][name]:
            raise Unreadable(f"{name} is not what was sent")
