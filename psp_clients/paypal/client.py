"""PayPal as a `PspClient`: sends calls, and believes only answers about what was asked.

The shopper approves an order on PayPal's page, which moves no money; Buy Now captures it. An order
cannot be cancelled, and need not be: without our capture nothing is ever charged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from cryptography import x509

from psp_clients.asking import in_doubt_if_unreadable, reading
from psp_clients.contract import (
    Capabilities,
    ConfirmMode,
    ConfirmRequest,
    InDoubt,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundReport,
    RegisteredSession,
    Report,
    RetryableRejected,
    SessionRequest,
    Transaction,
    Unsupported,
    WebhookNotice,
    WebhookRejected,
    WebhookResponse,
)
from psp_clients.http import Transport
from psp_clients.paypal import calls, ledger, mapping, news
from psp_clients.paypal.access import Access
from psp_clients.paypal.api import Api
from psp_clients.paypal.certificates import Certificates
from psp_clients.paypal.money import CURRENCIES, from_paypal
from psp_clients.paypal.refusals import is_too_large
from psp_clients.paypal.signature import FORMS
from psp_clients.paypal.witness import Witness
from psp_clients.settings import Mode
from psp_clients.strict_json import JsonObject, Unreadable, child

# Orders keep request ids for six hours, refunds for 45 days: callers know one window.
KEY_WINDOW = timedelta(hours=6)


def utc_now() -> datetime:
    """Return the present, in UTC."""
    return datetime.now(UTC)


class PayPalClient:
    """One account at PayPal. Threads may share it. Its repr shows no secret."""

    name: str = "paypal"

    def __init__(
        self,
        transport: Transport,
        *,
        client_id: str,
        client_secret: str,
        webhook_id: str,
        mode: Mode = Mode.TEST,
        roots: Sequence[x509.Certificate] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Raise ValueError where the credentials cannot be any; the error shows neither.

        `roots` are trusted to vouch for PayPal's signing certificates; by default, those that
        vouch for any server on the web. `now` is the clock that tokens, certificates, webhooks and
        lists are judged by.
        """
        self._transport = transport
        self._api = Api(transport, Access(transport, client_id, client_secret, now))
        self._witness = Witness(self._api, Certificates(transport, mode, roots), webhook_id)
        self._now = now
        self.capabilities = Capabilities(
            confirm_mode=ConfirmMode.CAPTURES,
            can_poll=True,
            can_cancel=False,
            partial_refund=True,
            manual_capture=False,
            currencies=CURRENCIES,
            key_window=KEY_WINDOW,
            signed_by=frozenset(FORMS),
            ends_at_expiry=True,
        )

    def __repr__(self) -> str:
        return f"PayPalClient({self._transport!r})"

    def prepare_register(self, request: SessionRequest, *, key: str) -> PreparedCall:
        """Return the call that registers a checkout."""
        return calls.register(request, key=key)

    def prepare_confirm(
        self, ref: PspReference, request: ConfirmRequest, *, key: str
    ) -> PreparedCall:
        """Return the call that makes PayPal charge."""
        return calls.confirm(ref.psp_token, request, key=key)

    def prepare_capture(self, ref: PspReference, money: Money, *, key: str) -> PreparedCall:
        """Refuse: which orders are only authorised on Buy Now is not told to those who confirm."""
        _refuse("to authorise first and capture later")

    def prepare_cancel(self, ref: PspReference, *, key: str) -> PreparedCall:
        """Refuse: an order ends by itself, and charges nothing unless we capture it."""
        _refuse("to cancel an order")

    def prepare_refund(
        self, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
    ) -> PreparedCall:
        """Return the call that gives money back."""
        return calls.refund(ref, money, refund_id=refund_id, key=key)

    def register(self, call: PreparedCall) -> RegisteredSession:
        """Register a checkout; the answer must repeat our reference and money."""
        with in_doubt_if_unreadable(call.operation):
            order = self._api.change(call)
            _expect_registered(order, call)
            return mapping.read_registered(order)

    def confirm(self, call: PreparedCall) -> Report:
        """Capture an order. A refusal is mostly an error: Declined, or DeclinedForNow."""
        with in_doubt_if_unreadable(call.operation):
            order = self._api.change(call)
            if order.get("id") != calls.id_in(call):
                raise Unreadable("the answer is about another order")
            return mapping.read_report(order)

    def capture(self, call: PreparedCall) -> Report:
        """Refuse, as `prepare_capture` does."""
        _refuse("to authorise first and capture later")

    def cancel(self, call: PreparedCall) -> Report:
        """Refuse, as `prepare_cancel` does."""
        _refuse("to cancel an order")

    def refund(self, call: PreparedCall) -> RefundReport:
        """Give money back; the answer must repeat our reference and money."""
        with in_doubt_if_unreadable(call.operation):
            answer = self._api.change(call)
            sent = json.loads(call.body)
            _expect_refund(answer, sent["invoice_id"], calls.id_in(call))
            _expect_amount(answer, sent)
            return mapping.read_refund(answer)

    def fetch(self, ref: PspReference) -> Report:
        """Ask what is true of an order now. It is Unsupported while its token is not known.

        "Not found" is InDoubt: soon after a timeout it does not mean "not charged".
        """
        with in_doubt_if_unreadable(Operation.FETCH):
            return mapping.read_report(self._order(Operation.FETCH, ref))

    def fetch_refund(self, ref: PspReference, refund: RefundReference) -> RefundReport:
        """Ask what became of one refund of this payment: by its id, or among the order's refunds.

        "Not found" is InDoubt: soon after a timeout it does not mean "not given back".
        """
        with in_doubt_if_unreadable(Operation.FETCH_REFUND):
            if refund.refund_reference:
                path = calls.refund_path(refund.refund_reference)
                found = self._api.look_up(Operation.FETCH_REFUND, path)
                if found.get("id") != refund.refund_reference:
                    raise Unreadable("the refund is not the one asked for")
            else:
                found = self._refund_among(ref, refund.reference)
            _expect_refund(found, refund.reference, ref.payment_reference)
            return mapping.read_refund(found)

    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        """Yield what PayPal did between two instants, page by page as consumed.

        A line may come twice. Raises between lines too: what was yielded before an error is not the
        whole list. A list that does not reach to `until` yet is RetryableRejected.
        """
        for start, end in ledger.windows(since, until):
            yield from self._window(start, end)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[WebhookNotice]:
        """Verify, by PayPal's certificate or else by asking PayPal; then read."""
        event = self._witness.proved(headers, body, self._now())
        try:
            return news.read_notices(event)
        except Unreadable as error:
            raise WebhookRejected(f"the body is not a webhook's: {error}") from None

    def webhook_response(self) -> WebhookResponse:
        """Return what ends PayPal's deliveries: any 2xx."""
        return WebhookResponse(status=200, body=b"", content_type="text/plain")

    def _order(self, operation: Operation, ref: PspReference) -> JsonObject:
        if not ref.psp_token:
            _refuse("to look an order up by our reference")
        order = self._api.look_up(operation, calls.order_path(ref.psp_token))
        if (order.get("id"), _reference_in(order)) != (ref.psp_token, ref.reference):
            raise Unreadable("the order is not the one asked for")
        return order

    def _refund_among(self, ref: PspReference, reference: str) -> JsonObject:
        order = self._order(Operation.FETCH_REFUND, ref)
        found = [one for one in mapping.refunds_of(order) if one.get("invoice_id") == reference]
        if len(found) != 1:
            raise Unreadable(f"{len(found)} refunds bear the reference")
        return found[0]

    def _window(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        """Yield one window's lines, in halves where PayPal finds the list too long."""
        page = self._page(since, until, 1)
        if page is None:
            halves = ledger.halves(since, until)
            if not halves:
                raise InvalidRequest("transactions: PayPal finds the shortest list too long")
            for start, end in halves:
                yield from self._window(start, end)
            return
        pages = page.pages
        yield from page.lines
        for number in range(2, pages + 1):
            page = self._page(since, until, number)
            if page is None or page.pages != pages:
                raise InDoubt("transactions: the list changed while it was read")
            yield from page.lines

    def _page(self, since: datetime, until: datetime, number: int) -> ledger.Page | None:
        """Return one page, or nothing where PayPal finds the whole list too long."""
        asked = reading(Operation.TRANSACTIONS, ledger.page_path(since, until, number))
        with in_doubt_if_unreadable(asked.operation):
            answer = self._api.answer_to(asked)
            if is_too_large(answer):
                return None
            page = ledger.read_page(self._api.object_in(asked.operation, answer))
        if not ledger.is_up_to_date(page, until, self._now()):
            raise RetryableRejected("transactions: PayPal's list does not reach that far yet")
        return page


def _refuse(what: str) -> NoReturn:
    raise Unsupported(f"PayPal offers no way {what}")


def _reference_in(order: JsonObject) -> object:
    unit = mapping.only_unit(order)
    return unit.get("custom_id") or unit.get("reference_id")


def _expect_registered(order: JsonObject, call: PreparedCall) -> None:
    (sent,) = json.loads(call.body)["purchase_units"]
    if _reference_in(order) != sent["custom_id"]:
        raise Unreadable("the reference is not what was sent")
    _expect_amount(mapping.only_unit(order), sent)


def _expect_amount(answer: JsonObject, sent: JsonObject) -> None:
    """Expect the same money, however it is written: PayPal may answer "500.00" to "500"."""
    if from_paypal(child(answer, "amount")) != from_paypal(sent["amount"]):
        raise Unreadable("the amount is not what was sent")


def _expect_refund(refund: JsonObject, reference: str, capture_id: str) -> None:
    """Expect a refund to bear our reference, and, where it says of what it is, our payment."""
    told = mapping.capture_behind(refund)
    if refund.get("invoice_id") != reference or (told and capture_id and told != capture_id):
        raise Unreadable("the refund is not the one asked for")
