"""Stripe as a `PspClient`: sends calls, and believes only answers about what was asked.

The token is a Checkout session's id. Stripe's own page takes the money: nothing is confirmed. The
session's payment (`pi_…`) is what is captured and given back, and our `payment_reference`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
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
    ReportedState,
    SessionRequest,
    Transaction,
    Unsupported,
    WebhookNotice,
    WebhookResponse,
)
from psp_clients.http import Transport
from psp_clients.prepared import segment
from psp_clients.strict_json import JsonObject, Unreadable, text
from psp_clients.stripe import calls, mapping, transactions, webhooks
from psp_clients.stripe.money import DIGITS
from psp_clients.stripe.signature import read_secret
from psp_clients.stripe.wire import Wire

KEY_WINDOW: Final = timedelta(hours=24)  # "at least 24 hours", as Stripe documents it

API_KEY: Final = re.compile(r"[sr]k_(?:test|live)_\w{10,240}", re.ASCII)

# A lost registration is looked for at once, so it is among the newest; a thousand are enough.
PAGES_SEARCHED: Final = 20


def utc_now() -> datetime:
    """Return what the clock says."""
    return datetime.now(UTC)


class StripeClient:
    """One account at Stripe. Threads may share it. Its repr shows no secret."""

    name: str = "stripe"

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str,
        webhook_secrets: Sequence[str],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Raise ValueError where the key or a secret cannot be one; the error shows neither."""
        if not API_KEY.fullmatch(api_key):
            raise ValueError("the API key is not sk_… or rk_…, test or live")
        self._wire = Wire(transport, api_key)
        self._secrets = [read_secret(secret) for secret in webhook_secrets]
        self._now = now
        self.capabilities = Capabilities(
            confirm_mode=ConfirmMode.READS,
            can_poll=True,
            can_cancel=True,  # while open, or while it waits to be captured; else a StateConflict
            partial_refund=True,
            manual_capture=True,
            currencies=frozenset(DIGITS),
            key_window=KEY_WINDOW,
            ends_at_expiry=False,  # Stripe keeps a session open for half an hour at the least
        )

    def __repr__(self) -> str:
        return f"StripeClient({self._wire!r})"

    def prepare_register(self, request: SessionRequest, *, key: str) -> PreparedCall:
        """Return the call that opens a session."""
        return calls.register(request, key=key, now=self._now())

    def prepare_confirm(
        self, ref: PspReference, request: ConfirmRequest, *, key: str
    ) -> PreparedCall:
        """Raise Unsupported: the shopper's click on Stripe's page is the purchase."""
        raise Unsupported("Stripe's own page takes the money")

    def prepare_capture(self, ref: PspReference, money: Money, *, key: str) -> PreparedCall:
        """Return the call that takes what was authorised, or less."""
        return calls.capture(ref, money, key=key)

    def prepare_cancel(self, ref: PspReference, *, key: str) -> PreparedCall:
        """Return the call that ends an open session, or a payment that waits to be captured."""
        return calls.cancel(ref, key=key)

    def prepare_refund(
        self, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
    ) -> PreparedCall:
        """Return the call that gives money back."""
        return calls.refund(ref, money, refund_id=refund_id, reason=reason, key=key)

    def register(self, call: PreparedCall) -> RegisteredSession:
        """Open a session; the answer must repeat our reference and money."""
        with in_doubt_if_unreadable(call.operation):
            session, sent = self._wire.change(call), calls.decoded(call.body)
            price = "line_items[0][price_data]"
            _expect(
                (session.get("client_reference_id"), sent["client_reference_id"]),
                (session.get("amount_total"), int(sent[f"{price}[unit_amount]"])),
                (session.get("currency"), sent[f"{price}[currency]"]),
            )
            return mapping.read_registered(session)

    def confirm(self, call: PreparedCall) -> Report:
        """Raise Unsupported: there is nothing to send."""
        raise Unsupported("Stripe's own page takes the money")

    def capture(self, call: PreparedCall) -> Report:
        """Take what was authorised, or less; an answer that it was taken must repeat how much."""
        with in_doubt_if_unreadable(call.operation):
            intent, sent = self._wire.change(call), calls.decoded(call.body)
            _expect((intent.get("id"), _id_in(call.path)))
            report = mapping.read_intent(intent)
            if report.state is ReportedState.CAPTURED:
                _expect((intent.get("amount_received"), int(sent["amount_to_capture"])))
            return report

    def cancel(self, call: PreparedCall) -> Report:
        """End a session or a payment. Only a report of CANCELLED or EXPIRED is a fence.

        StateConflict where it is past ending: somebody paid, or it has ended already.
        """
        with in_doubt_if_unreadable(call.operation):
            ended = self._wire.change(call)
            _expect((ended.get("id"), _id_in(call.path)))
            is_session = call.path.startswith(calls.SESSIONS_PATH)
            return mapping.read_session(ended) if is_session else mapping.read_intent(ended)

    def refund(self, call: PreparedCall) -> RefundReport:
        """Give money back; the answer must repeat payment, amount and our refund's id."""
        with in_doubt_if_unreadable(call.operation):
            refund, sent = self._wire.change(call), calls.decoded(call.body)
            _expect(
                (mapping.id_of(refund, "payment_intent"), sent["payment_intent"]),
                (refund.get("amount"), int(sent["amount"])),
                (
                    mapping.noted(refund, mapping.REFUND_ID),
                    sent[f"metadata[{mapping.REFUND_ID}]"],
                ),
            )
            return mapping.read_refund(refund)

    def fetch(self, ref: PspReference) -> Report:
        """Ask what is true now: by token, or by our reference while the token is not known.

        Stripe finds nothing by reference: the newest thousand sessions are searched. "Not found"
        is InDoubt: soon after a timeout it does not mean "not opened".
        """
        with in_doubt_if_unreadable(Operation.FETCH):
            return mapping.read_session(self._session(Operation.FETCH, ref))

    def fetch_refund(self, ref: PspReference, refund: RefundReference) -> RefundReport:
        """Ask what became of one refund of this payment: by its id, or by our reference.

        "Not found" is InDoubt: soon after a timeout it does not mean "not given back".
        """
        with in_doubt_if_unreadable(Operation.FETCH_REFUND):
            if refund.refund_reference:
                found = self._refund_by_id(refund.refund_reference)
            else:
                found = self._refund_by_reference(ref, refund.reference)
            _expect(
                (mapping.noted(found, mapping.REFUND_ID), refund.reference),
                (mapping.noted(found, mapping.REFERENCE), ref.reference),
            )
            return mapping.read_refund(found)

    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        """Yield what Stripe took and gave back in [since, until), page by page as consumed.

        Raises between lines too: what was yielded before an error is not the whole list.
        """
        with in_doubt_if_unreadable(Operation.TRANSACTIONS):
            yield from transactions.transactions(self._wire, since, until)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[WebhookNotice]:
        """Verify, then read. Raises WebhookRejected, and nothing else, whatever the bytes."""
        return webhooks.read_webhook(headers, body, secrets=self._secrets, now=self._now())

    def webhook_response(self) -> WebhookResponse:
        """Return what ends Stripe's deliveries: any 2xx."""
        return WebhookResponse(status=200, body=b"", content_type="text/plain")

    def _session(self, operation: Operation, ref: PspReference) -> JsonObject:
        """Return the session of a reference, with its payment and charge in it."""
        token = ref.psp_token or self._token_of(operation, ref.reference)
        path = calls.session_path(token)
        session = self._wire.look_up(operation, path, calls.WHOLE_SESSION)
        _expect((session.get("id"), token), (session.get("client_reference_id"), ref.reference))
        if ref.payment_reference and session.get("payment_intent") is not None:
            _expect((mapping.id_of(session, "payment_intent"), ref.payment_reference))
        return session

    def _token_of(self, operation: Operation, reference: str) -> str:
        pages = self._wire.pages(operation, calls.SESSIONS_PATH, {})
        for page in islice(pages, PAGES_SEARCHED):
            if found := [one for one in page if one.get("client_reference_id") == reference]:
                return text(_only(found), "id")
        raise Unreadable("none of the newest sessions bears the reference")

    def _refund_by_id(self, refund_reference: str) -> JsonObject:
        path = f"{calls.REFUNDS_PATH}/{segment(refund_reference, 'refund_reference')}"
        refund = self._wire.look_up(Operation.FETCH_REFUND, path)
        _expect((refund.get("id"), refund_reference))
        return refund

    def _refund_by_reference(self, ref: PspReference, reference: str) -> JsonObject:
        intent_id = ref.payment_reference or mapping.id_of(
            self._session(Operation.FETCH_REFUND, ref), "payment_intent"
        )
        if not intent_id:
            raise Unreadable("nothing was paid that could be given back")
        pages = self._wire.pages(
            Operation.FETCH_REFUND, calls.REFUNDS_PATH, {"payment_intent": intent_id}
        )
        refunds = [one for page in pages for one in page]
        return _only([one for one in refunds if mapping.noted(one, mapping.REFUND_ID) == reference])


def _only(found: Sequence[JsonObject]) -> JsonObject:
    if len(found) != 1:
        raise Unreadable(f"{len(found)} bear the reference")
    return found[0]


def _id_in(path: str) -> str:
    """Return the id before the last segment of a path: what the call is about."""
    return unquote(path.rsplit("/", 2)[1])


def _expect(*pairs: tuple[object, object]) -> None:
    """Raise Unreadable unless each answer is what was asked for."""
    if any(answered != asked for answered, asked in pairs):
        raise Unreadable("the answer is about something else")
