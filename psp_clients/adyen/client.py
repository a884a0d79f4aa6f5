"""Adyen as a `PspClient`: sends calls, and believes only answers about what was asked.

The token is the hosted session's id. Adyen's own page takes the money, modifications are only
received, and nothing can be polled: what becomes of either is told by webhooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NoReturn
from urllib.parse import quote

from psp_clients.adyen import calls, mapping, webhooks
from psp_clients.adyen.calls import Account
from psp_clients.adyen.money import DIGITS
from psp_clients.adyen.refusals import refusal
from psp_clients.adyen.return_query import session_result
from psp_clients.adyen.signature import read_key
from psp_clients.asking import Asking, in_doubt_if_unreadable
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
from psp_clients.prepared import segment
from psp_clients.settings import Mode
from psp_clients.strict_json import JsonObject, Unreadable

KEY_WINDOW: Final = timedelta(days=7)  # "at least 7 days", as its documentation has it


class AdyenClient:
    """One merchant account at Adyen. Threads may share it. Its repr shows no secret."""

    name: str = "adyen"

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str,
        account: Account,
        hmac_keys: Sequence[str],
        mode: Mode = Mode.TEST,
    ) -> None:
        """Raise ValueError where the API key or an HMAC key cannot be one; it shows neither."""
        if not re.fullmatch(r"[\x21-\x7e]+", api_key):
            raise ValueError("the API key is not made of visible ASCII characters")
        self._transport = transport
        self._asking = Asking(transport, {"X-API-Key": api_key}, refusal)
        self._account = account
        self._keys = [read_key(key) for key in hmac_keys]
        self._mode = mode
        self.capabilities = Capabilities(
            confirm_mode=ConfirmMode.READS,
            can_poll=False,
            # No cancel is a fence. A session that nobody paid in cannot be ended, only left to
            # expire; `cancel` releases an authorisation, and its answer is a receipt.
            can_cancel=False,
            partial_refund=True,
            manual_capture=True,
            currencies=frozenset(DIGITS),
            key_window=KEY_WINDOW,
            ends_at_expiry=True,  # no payment begins afterwards; a promised one is told as PENDING
        )

    def __repr__(self) -> str:
        return f"AdyenClient({self._transport!r})"

    def prepare_register(self, request: SessionRequest, *, key: str) -> PreparedCall:
        """Return the call that creates a hosted session."""
        return calls.register(self._account, request, key=key)

    def prepare_confirm(
        self, ref: PspReference, request: ConfirmRequest, *, key: str
    ) -> PreparedCall:
        """Raise Unsupported: the shopper's click on Adyen's page is the purchase."""
        raise Unsupported("Adyen's own page takes the money")

    def prepare_capture(self, ref: PspReference, money: Money, *, key: str) -> PreparedCall:
        """Return the call that takes what was authorised, or less."""
        return calls.capture(self._account, ref, money, key=key)

    def prepare_cancel(self, ref: PspReference, *, key: str) -> PreparedCall:
        """Return the call that releases an authorisation, by whichever reference we know."""
        return calls.cancel(self._account, ref, key=key)

    def prepare_refund(
        self, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
    ) -> PreparedCall:
        """Return the call that gives money back."""
        return calls.refund(self._account, ref, money, refund_id=refund_id, reason=reason, key=key)

    def register(self, call: PreparedCall) -> RegisteredSession:
        """Create a session; the answer must repeat our reference, money and account."""
        with in_doubt_if_unreadable(call.operation):
            session = self._asking.change(call)
            _expect_repeated(session, call, "reference", "amount", "merchantAccount")
            return mapping.read_registered(session)

    def confirm(self, call: PreparedCall) -> Report:
        """Raise Unsupported: there is nothing to send."""
        raise Unsupported("Adyen's own page takes the money")

    def capture(self, call: PreparedCall) -> Report:
        """Ask for what was authorised; PENDING until the webhook tells what came of it."""
        return self._modify(call, "reference", "amount", "merchantAccount")

    def cancel(self, call: PreparedCall) -> Report:
        """Ask for an authorisation to be released; PENDING, which is no fence, until told."""
        names = () if calls.payment_in(call.path) else ("paymentReference",)
        return self._modify(call, "reference", "merchantAccount", *names)

    def refund(self, call: PreparedCall) -> RefundReport:
        """Ask for money to be given back; PENDING until the webhook tells what came of it."""
        with in_doubt_if_unreadable(call.operation):
            answer = self._asking.change(call)
            _expect_same_payment(answer, call)
            _expect_repeated(answer, call, "reference", "amount", "merchantAccount")
            return mapping.read_refund(answer)

    def fetch(self, ref: PspReference) -> Report:
        """Ask what the session says, with what the shopper's browser brought back.

        Adyen answers for the moment of the return, whenever it is asked. Raises Unsupported without
        a result of this very session.
        """
        result = session_result(ref)
        session_path = f"{calls.SESSIONS_PATH}/{segment(ref.psp_token, 'psp_token')}"
        with in_doubt_if_unreadable(Operation.FETCH):
            session = self._asking.look_up(
                Operation.FETCH, f"{session_path}?sessionResult={quote(result, safe='')}"
            )
            if session.get("id") != ref.psp_token:
                raise Unreadable("the id is not the one asked for")
            if session.get("reference", ref.reference) != ref.reference:
                raise Unreadable("the session is not the one asked for")
            return mapping.read_session(session)

    def fetch_refund(self, ref: PspReference, refund: RefundReference) -> RefundReport:
        """Raise Unsupported: what became of a refund comes by webhook alone."""
        _not_listed()

    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        """Raise Unsupported: Adyen's books come as a settlement report, a file."""
        _not_listed()

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[WebhookNotice]:
        """Verify, then read. Raises WebhookRejected, and nothing else, whatever the bytes."""
        return webhooks.read_webhook(
            body, keys=self._keys, account=self._account.name, mode=self._mode
        )

    def webhook_response(self) -> WebhookResponse:
        """Return what ends Adyen's deliveries: any 2xx, and for older set-ups this body."""
        return WebhookResponse(status=200, body=b"[accepted]", content_type="text/plain")

    def _modify(self, call: PreparedCall, *repeated: str) -> Report:
        with in_doubt_if_unreadable(call.operation):
            answer = self._asking.change(call)
            _expect_same_payment(answer, call)
            _expect_repeated(answer, call, *repeated)
            return mapping.read_modification(answer, calls.payment_in(call.path))


def _not_listed() -> NoReturn:
    raise Unsupported("Adyen tells of it by webhooks and settlement reports, not when asked")


def _expect_same_payment(answer: JsonObject, call: PreparedCall) -> None:
    asked = calls.payment_in(call.path)
    if asked and answer.get("paymentPspReference") != asked:
        raise Unreadable("the answer is about another payment")


def _expect_repeated(answer: JsonObject, call: PreparedCall, *names: str) -> None:
    sent = json.loads(call.body)
    for name in names:
        if json.dumps(answer.get(name), sort_keys=True) != json.dumps(sent[name], sort_keys=True):
            raise Unreadable(f"{name} is not what was sent")
