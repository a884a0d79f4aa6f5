"""The sandbox PSP as a `PspClient`: sends calls, and believes only answers about what was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from psp_clients.asking import Asking, in_doubt_if_unreadable
from psp_clients.contract import (
    Capabilities,
    ConfirmMode,
    ConfirmRequest,
    DeclinedForNow,
    InDoubt,
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
    WebhookNotice,
    WebhookRejected,
    WebhookResponse,
)
from psp_clients.http import Transport
from psp_clients.prepared import segment
from psp_clients.sandbox import calls, mapping, signature
from psp_clients.sandbox.refusals import refusal
from psp_clients.strict_json import (
    JsonObject,
    Unreadable,
    children,
    read_object,
    text_or_blank,
)

KEY_WINDOW = timedelta(hours=24)  # as the PSP documents it

MAX_TRANSACTION_PAGES = 10_000  # a million lines: no honest list of one run is longer


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SandboxClient:
    """One account at the sandbox PSP. Threads may share it. Its repr shows no secret."""

    name: str = "sandbox"

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str,
        webhook_secrets: Sequence[str],
        key_window: timedelta = KEY_WINDOW,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Raise ValueError where the key or a secret cannot be one; the error shows neither.

        `now` is the clock that webhooks' ages are taken against.
        """
        if not re.fullmatch(r"[\x21-\x7e]+", api_key):
            raise ValueError("the API key is not made of visible ASCII characters")
        self._transport = transport
        self._asking = Asking(transport, {"Authorization": f"Bearer {api_key}"}, refusal)
        self._secrets = [signature.read_secret(secret) for secret in webhook_secrets]
        self._now = now
        self.capabilities = Capabilities(
            confirm_mode=ConfirmMode.CAPTURES,
            can_poll=True,
            can_cancel=True,
            partial_refund=True,
            manual_capture=True,
            currencies=frozenset(mapping.DIGITS),
            key_window=key_window,
            signed_by=frozenset(signature.FORMS),
        )

    def __repr__(self) -> str:
        return f"SandboxClient({self._transport!r})"

    def prepare_register(self, request: SessionRequest, *, key: str) -> PreparedCall:
        """Return the call that registers a checkout."""
        return calls.register(request, key=key)

    def prepare_confirm(
        self, ref: PspReference, request: ConfirmRequest, *, key: str
    ) -> PreparedCall:
        """Return the call that makes the PSP charge."""
        return calls.confirm(ref.psp_token, request, key=key)

    def prepare_capture(self, ref: PspReference, money: Money, *, key: str) -> PreparedCall:
        """Return the call that takes what was authorised, or less."""
        return calls.capture(ref.psp_token, money, key=key)

    def prepare_cancel(self, ref: PspReference, *, key: str) -> PreparedCall:
        """Return the call after whose success nothing will ever be charged."""
        return calls.cancel(ref.psp_token, key=key)

    def prepare_refund(
        self, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
    ) -> PreparedCall:
        """Return the call that gives money back."""
        return calls.refund(ref.psp_token, money, refund_id=refund_id, reason=reason, key=key)

    def register(self, call: PreparedCall) -> RegisteredSession:
        """Register a checkout; the answer must repeat our reference and money."""
        with in_doubt_if_unreadable(call.operation):
            session = self._asking.change(call)
            _expect_repeated(session, call, "reference", "amount", "currency")
            return mapping.read_registered(session)

    def confirm(self, call: PreparedCall) -> Report:
        """Make the PSP charge. A refused purchase is a report; DeclinedForNow is an error."""
        report = self._change_session(call)
        if report.state is ReportedState.OPEN and report.reason_code:
            raise DeclinedForNow(f"confirm: {report.reason_text}", code=report.reason_code)
        return report

    def capture(self, call: PreparedCall) -> Report:
        """Take what was authorised."""
        return self._change_session(call)

    def cancel(self, call: PreparedCall) -> Report:
        """End the session. Only a report of CANCELLED or EXPIRED is a fence."""
        return self._change_session(call)

    def refund(self, call: PreparedCall) -> RefundReport:
        """Give money back; the answer must repeat our reference and money."""
        with in_doubt_if_unreadable(call.operation):
            answer = self._asking.change(call)
            _expect_same_session(answer, call)
            _expect_repeated(answer, call, "reference", "amount", "currency")
            return mapping.read_refund(answer)

    def fetch(self, ref: PspReference) -> Report:
        """Ask what is true now: by token, or by our reference while the token is not known.

        "Not found" is InDoubt: soon after a timeout it does not mean "not charged".
        """
        with in_doubt_if_unreadable(Operation.FETCH):
            session = self._by_token(ref) if ref.psp_token else self._by_reference(ref)
            if session.get("reference") != ref.reference:
                raise Unreadable("the session is not the one asked for")
            return mapping.read_report(session)

    def fetch_refund(self, ref: PspReference, refund: RefundReference) -> RefundReport:
        """Ask what became of one refund of this payment: by its id, or by our reference.

        "Not found" is InDoubt: soon after a timeout it does not mean "not given back".
        """
        with in_doubt_if_unreadable(Operation.FETCH_REFUND):
            if refund.refund_reference:
                found = self._refund_by_id(refund.refund_reference)
            else:
                found = self._refund_by_reference(ref, refund.reference)
            if (found.get("token"), found.get("reference")) != (ref.psp_token, refund.reference):
                raise Unreadable("the refund is not the one asked for")
            return mapping.read_refund(found)

    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        """Yield what the PSP did between two instants, oldest first, page by page as consumed.

        Raises between lines too: what was yielded before an error is not the whole list.
        """
        query = {"since": since.isoformat(), "until": until.isoformat()}
        for _ in range(MAX_TRANSACTION_PAGES):
            lines, cursor = self._page(query)
            yield from lines
            if not cursor:
                return
            if cursor == query.get("cursor"):
                break
            query["cursor"] = cursor
        raise InDoubt("transactions: the list does not end")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[WebhookNotice]:
        """Verify, then read. Raises WebhookRejected, and nothing else, whatever the bytes."""
        event_id = signature.verify(headers, body, secrets=self._secrets, now=self._now())
        try:
            return [mapping.read_notice(read_object(body), event_id)]
        except Unreadable as error:
            raise WebhookRejected(f"the body is not a webhook's: {error}") from None

    def webhook_response(self) -> WebhookResponse:
        """Return what ends the PSP's deliveries: any 2xx."""
        return WebhookResponse(status=200, body=b"", content_type="text/plain")

    def _change_session(self, call: PreparedCall) -> Report:
        with in_doubt_if_unreadable(call.operation):
            session = self._asking.change(call)
            _expect_same_session(session, call)
            return mapping.read_report(session)

    def _by_token(self, ref: PspReference) -> JsonObject:
        session = self._asking.look_up(Operation.FETCH, calls.session_path(ref.psp_token))
        if session.get("token") != ref.psp_token:
            raise Unreadable("the token is not the one asked for")
        return session

    def _by_reference(self, ref: PspReference) -> JsonObject:
        query = urlencode({"reference": ref.reference})
        found = children(
            self._asking.look_up(Operation.FETCH, f"{calls.SESSIONS_PATH}?{query}"), "data"
        )
        if len(found) != 1:
            raise Unreadable(f"{len(found)} sessions bear the reference")
        return found[0]

    def _refund_by_id(self, refund_reference: str) -> JsonObject:
        path = f"/v1/refunds/{segment(refund_reference, 'refund_reference')}"
        refund = self._asking.look_up(Operation.FETCH_REFUND, path)
        if refund.get("id") != refund_reference:
            raise Unreadable("the id is not the one asked for")
        return refund

    def _refund_by_reference(self, ref: PspReference, reference: str) -> JsonObject:
        path = f"{calls.session_path(ref.psp_token)}/refunds"
        all_refunds = children(self._asking.look_up(Operation.FETCH_REFUND, path), "data")
        found = [refund for refund in all_refunds if refund.get("reference") == reference]
        if len(found) != 1:
            raise Unreadable(f"{len(found)} refunds bear the reference")
        return found[0]

    def _page(self, query: Mapping[str, str]) -> tuple[list[Transaction], str]:
        path = f"/v1/transactions?{urlencode(query)}"
        with in_doubt_if_unreadable(Operation.TRANSACTIONS):
            page = self._asking.look_up(Operation.TRANSACTIONS, path)
            lines = [mapping.read_transaction(line) for line in children(page, "data")]
            return lines, text_or_blank(page, "next_cursor")


def _expect_same_session(answer: JsonObject, call: PreparedCall) -> None:
    if answer.get("token") != calls.token_in(call.path):
        raise Unreadable("the answer is about another session")


def _expect_repeated(answer: JsonObject, call: PreparedCall, *names: str) -> None:
    sent = json.loads(call.body)
    for name in names:
        if answer.get(name) != sent[name]:
            raise Unreadable(f"{name} is not what was sent")
