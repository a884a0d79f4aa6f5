"""The hosted PSP's client, in the shapes that real PSPs have: which can be asked, cancel, sign."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, quote

from psp_clients.contract import (
    Capabilities,
    ConfirmMode,
    ConfirmRequest,
    InDoubt,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    RefundReference,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
    SessionRequest,
    StateConflict,
    Transaction,
    Unsupported,
    WebhookNotice,
    WebhookRejected,
    WebhookResponse,
    WebhookUnverifiable,
)
from psp_clients.http import Transport
from psp_clients.settings import Mode, Setting
from tests.hosted.server import signature

STATES: Final = {
    "open": ReportedState.OPEN,
    "thinking": ReportedState.PENDING,
    "reserved": ReportedState.AUTHORIZED,
    "paid": ReportedState.CAPTURED,
    "declined": ReportedState.DECLINED,
    "cancelled": ReportedState.CANCELLED,
    "expired": ReportedState.EXPIRED,
}


def _shape(mode: ConfirmMode, *able: str) -> Capabilities:
    return Capabilities(
        confirm_mode=mode,
        can_poll="be asked" in able,
        can_cancel="cancel" in able,
        partial_refund=True,
        manual_capture=False,
        currencies=frozenset({"EUR"}),
        key_window=timedelta(hours=24),
        ends_at_expiry="end at expiry" in able,
    )


SHAPES: Final = {
    # Its page charges, and it answers whatever it is asked.
    "asked": _shape(ConfirmMode.READS, "be asked", "cancel"),
    # Its page charges, it cannot cancel, and signs nothing.
    "unsigned": _shape(ConfirmMode.READS, "be asked"),
    # Its page charges, and only its webhooks tell; or the shopper's return, once.
    "told": _shape(ConfirmMode.READS, "end at expiry"),
    # Our call charges, and what nobody bought on lapses by itself.
    "lapsing": _shape(ConfirmMode.CAPTURES, "be asked", "end at expiry"),
}

SETTINGS: Final = (
    Setting("URL", "where it is"),
    Setting("API_KEY", "what we show it", is_secret=True),
    Setting("SHAPE", "what it can"),
)


def mode(values: Mapping[str, str]) -> Mode:
    """Tell that it is a toy."""
    return Mode.TEST


def build(values: Mapping[str, str], transport: Transport) -> HostedClient:
    """Return a client of the shape that the settings name."""
    return HostedClient(transport, values["SHAPE"])


class HostedClient:
    """Translates the hosted PSP."""

    name: str = "hosted"

    def __init__(self, transport: Transport, shape: str) -> None:
        self._transport = transport
        self._is_signed = shape != "unsigned"
        self.capabilities = SHAPES[shape]

    def prepare_register(self, request: SessionRequest, *, key: str) -> PreparedCall:
        body = {
            "reference": request.reference,
            "amount": request.money.amount,
            "currency": request.money.currency,
            "return_url": request.return_url,
            "webhook_url": request.webhook_url,
        }
        return _call(Operation.REGISTER, "/sessions", body, key)

    def prepare_confirm(
        self, ref: PspReference, request: ConfirmRequest, *, key: str
    ) -> PreparedCall:
        raise Unsupported("its page charges")

    def prepare_capture(self, ref: PspReference, money: Money, *, key: str) -> PreparedCall:
        raise Unsupported("it captures by itself")

    def prepare_cancel(self, ref: PspReference, *, key: str) -> PreparedCall:
        if not self.capabilities.can_cancel:
            raise Unsupported("it cannot cancel")
        return _call(Operation.CANCEL, f"/sessions/{ref.psp_token}/cancel", {}, key)

    def prepare_refund(
        self, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
    ) -> PreparedCall:
        body = {"reference": refund_id, "amount": money.amount, "currency": money.currency}
        return _call(Operation.REFUND, f"/sessions/{ref.psp_token}/refunds", body, key)

    def register(self, call: PreparedCall) -> RegisteredSession:
        page = self._send(call)
        url = f"https://hosted.example/{page['token']}"
        return RegisteredSession(page["token"], url, None, page)

    def confirm(self, call: PreparedCall) -> Report:
        raise Unsupported("its page charges")

    def capture(self, call: PreparedCall) -> Report:
        raise Unsupported("it captures by itself")

    def cancel(self, call: PreparedCall) -> Report:
        return _report(self._send(call))

    def refund(self, call: PreparedCall) -> RefundReport:
        return _refund_report(self._send(call))

    def fetch(self, ref: PspReference) -> Report:
        if not self.capabilities.can_poll and not ref.return_query:
            raise Unsupported("it tells only those who bring its proof")
        path = f"/sessions/{quote(ref.psp_token)}"
        if not self.capabilities.can_poll:
            brought = parse_qs(ref.return_query).get("result", [""])[0]
            path += f"?brought={quote(brought)}"
        return _report(self._ask("GET", path, {}, b"", Operation.FETCH))

    def fetch_refund(self, ref: PspReference, refund: RefundReference) -> RefundReport:
        raise Unsupported("it tells of refunds by webhook")

    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        raise Unsupported("it lists nothing")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[WebhookNotice]:
        if not self._is_signed:
            token = parse_qs(body.decode("ascii", "replace")).get("id", [""])[0]
            if not token.startswith("page_"):
                raise WebhookRejected("it names no payment")
            return [WebhookNotice("", "", token, "", None)]
        given = {name.lower(): value for name, value in headers.items()}.get("x-signature", "")
        if given == "ask me":
            raise WebhookUnverifiable("the PSP cannot be asked now")
        if not hmac.compare_digest(given.encode(), signature(body).encode()):
            raise WebhookRejected("not signed")
        return [self._notice(event) for event in json.loads(body)["events"]]

    def _notice(self, event: dict[str, Any]) -> WebhookNotice:
        speaks = not self.capabilities.can_poll
        page, refund = event.get("session"), event.get("refund")
        return WebhookNotice(
            event_id=event["id"],
            event_type=event["type"],
            psp_token=page["token"] if page else "",
            reference="",
            occurred_at=datetime.now(UTC),
            report=_report(page) if page and speaks else None,
            payment_reference=event.get("charge", ""),
            refund=RefundReference(refund["reference"], refund["id"]) if refund else None,
            refund_report=_refund_report(refund) if refund and speaks else None,
            attention=event.get("attention", ""),
        )

    def webhook_response(self) -> WebhookResponse:
        return WebhookResponse(202, b"[taken]", "text/plain")

    def _send(self, call: PreparedCall) -> dict[str, Any]:
        return self._ask(call.method, call.path, call.headers, call.body, call.operation)

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, operation: Operation
    ) -> dict[str, Any]:
        answer = self._transport.send(method, path, headers=headers, body=body, operation=operation)
        if answer.status == 409:
            raise StateConflict(f"{operation}: not now")
        if answer.status not in {200, 201}:
            raise InDoubt(f"{operation}: answered {answer.status}")
        found: dict[str, Any] = json.loads(answer.body)
        return found


def _call(operation: Operation, path: str, body: dict[str, Any], key: str) -> PreparedCall:
    return PreparedCall(operation, "POST", path, {"Key": key}, json.dumps(body).encode(), key)


def _report(page: dict[str, Any]) -> Report:
    money = Money(page["amount"], page["currency"])
    state = STATES[page["status"]]
    return Report(
        state=state,
        psp_word=page["status"],
        money=money,
        captured=money if state is ReportedState.CAPTURED else None,
        payment_reference=page["charge"],
        evidence=page,
    )


def _refund_report(refund: dict[str, Any]) -> RefundReport:
    return RefundReport(
        state=RefundState(refund["status"]),
        psp_word=refund["status"],
        refund_reference=refund["id"],
        money=Money(refund["amount"], refund["currency"]),
    )
