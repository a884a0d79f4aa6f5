"""The words that BPS and every PSP client share: requests, reports, errors, the protocol.

This file holds no behaviour, opens no socket and knows no PSP. A client translates; it never
retries, sleeps, logs secrets, renders pages or touches a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol


class Operation(StrEnum):
    """What a call asks of a PSP."""

    REGISTER = "register"
    CONFIRM = "confirm"
    FETCH = "fetch"
    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"
    FETCH_REFUND = "fetch_refund"
    TRANSACTIONS = "transactions"


class ReportedState(StrEnum):
    """What a PSP says became of a payment, in our words."""

    OPEN = "open"  # nothing is under way: never bought, or each try was declined for now
    PENDING = "pending"  # the issuer, or the shopper, has yet to answer
    AUTHORIZED = "authorized"  # reserved on the card, not taken
    CAPTURED = "captured"  # the money was taken
    DECLINED = "declined"  # refused for good: nothing will be taken for this purchase
    CANCELLED = "cancelled"  # ended by us or by the shopper: nothing will be taken
    EXPIRED = "expired"  # ended by time: nothing will be taken


class RefundState(StrEnum):
    """What a PSP says became of a refund, in our words."""

    PENDING = "pending"
    SUCCESSFUL = "successful"
    FAILED = "failed"


class ConfirmMode(StrEnum):
    """What Buy Now means at a PSP."""

    CAPTURES = "captures"  # our call makes the PSP charge
    READS = "reads"  # the PSP's own page charges: Buy Now sends nothing, and only asks


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as a canonical decimal string in major units ("19.99") and an ISO 4217 code."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class PspReference:
    """Everything that may name one payment at a PSP.

    `return_query` is what the shopper's browser brought back from the PSP's page. It proves
    nothing: it is handed to PSPs that give a look-up only to whoever shows it.
    """

    psp_token: str
    reference: str  # ours: unique per session, sent at registration
    payment_reference: str = ""  # theirs, where it differs from the token
    return_query: str = ""


@dataclass(frozen=True, slots=True)
class RefundReference:
    """Everything that may name one refund at a PSP."""

    reference: str  # ours, sent with the refund
    refund_reference: str = ""  # theirs, unknown while the refund is in doubt


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a checkout is registered with."""

    reference: str
    checkout_id: str
    money: Money
    return_url: str  # where the PSP's page sends the shopper afterwards
    webhook_url: str
    expires_at: datetime
    locale: str = "en"
    capture: str = "automatic"  # or "manual"
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfirmRequest:
    """What Buy Now sends: purchase info as the shop gave it, and where answers go."""

    money: Money
    purchase_info: Mapping[str, Any]
    redirect_url: str
    webhook_url: str


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call that changes something at a PSP, complete but for the secret, before it is sent.

    It is stored before sending and sent as stored, so that the same key always carries the
    same bytes. `path` is relative to the PSP's base URL. `headers` hold no secret.
    """

    operation: Operation
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    key: str


@dataclass(frozen=True, slots=True)
class RegisteredSession:
    """What a PSP answered to a registration."""

    psp_token: str
    purchase_url: str
    expires_at: datetime | None
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """What a PSP says the state is. `psp_word` is its own word, kept as sent.

    `known` is False when no table lists the word: the state is then PENDING, and a person
    must look. `money` is what the PSP says the payment is for; `captured` what it took.
    """

    state: ReportedState
    psp_word: str
    money: Money | None
    captured: Money | None
    payment_reference: str = ""
    reason_code: str = ""
    reason_text: str = ""
    known: bool = True
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundReport:
    """What a PSP says became of one refund."""

    state: RefundState
    psp_word: str
    refund_reference: str
    money: Money | None
    reason_code: str = ""
    known: bool = True
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One line of a PSP's own list of what it did, for reconciliation.

    `psp_reference` is the PSP's id of this charge (a report's `payment_reference`) or of this
    refund (a refund report's `refund_reference`).
    """

    kind: str  # "charge" or "refund"
    psp_reference: str
    reference: str  # ours, as sent at registration
    psp_token: str
    money: Money
    status: str  # in the words of RefundState, charges too; any other word counts as pending
    booked_at: datetime
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class WebhookNotice:
    """What one verified webhook is about. A doorbell: the truth is fetched.

    `report` and `refund_report` are set only by PSPs that offer no look-up. `attention` says why
    a person must look, where the news is none of a payment's state (a chargeback). A PSP that
    does not sign names no event either: its `event_id` is empty, and the look-up is the proof.
    """

    event_id: str  # unique per PSP, for ever
    event_type: str
    psp_token: str
    reference: str
    occurred_at: datetime | None
    report: Report | None = None
    payment_reference: str = ""  # theirs, where neither token nor our reference is told
    refund: RefundReference | None = None  # where it is about a refund
    refund_report: RefundReport | None = None
    attention: str = ""


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """What a PSP wants to hear once its webhook is stored."""

    status: int
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a PSP can do, so that callers ask instead of knowing PSPs by name.

    With `ends_at_expiry` nothing is charged on a session after the `expires_at` that it was
    registered with, unless we ask for it: an unbought one then needs no fence to end.
    `signed_by` names the headers, in lower case, that prove a webhook; they are kept with it.
    """

    confirm_mode: ConfirmMode
    can_poll: bool
    can_cancel: bool
    partial_refund: bool
    manual_capture: bool
    currencies: frozenset[str]
    key_window: timedelta  # how long the PSP remembers an idempotency key
    ends_at_expiry: bool = False
    signed_by: frozenset[str] = frozenset()


class PspError(Exception):
    """A call to a PSP did not end in an answer to its question."""


class NotSent(PspError):
    """Nothing left this machine, or nothing was received. Safe to send again, same key."""


class RetryableRejected(PspError):
    """The PSP says that nothing happened and that it may be asked again, same key.

    Not for "the first request with this key still runs": that one happened, and is in doubt.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InDoubt(PspError):
    """Sent and unanswered, or answered unintelligibly: the PSP may have acted."""


class Declined(PspError):
    """The PSP refused the purchase for good. `code` is the PSP's own."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class DeclinedForNow(PspError):
    """The PSP refused this try and took nothing; the shopper may choose again on its page.

    A new call with a new key is then another try. So a client says this only of a PSP that
    charges a token once, whatever keys come. `code` is the PSP's own.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class StateConflict(PspError):
    """The payment is in a state that does not allow the call: fetch, and take that as truth."""


class InvalidRequest(PspError):
    """The PSP refused what we sent as malformed. Nothing happened; sending again is useless."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class AuthFailed(PspError):
    """The PSP refused our credentials. Nothing happened."""


class Unsupported(PspError):
    """The PSP cannot do this (currency, capture mode). Nothing was sent."""


class WebhookRejected(Exception):
    """An incoming webhook is not proved to come from the PSP, now."""


class WebhookUnverifiable(Exception):
    """Whether an incoming webhook is genuine cannot be found out now: it must come again."""


class PspClient(Protocol):
    """One PSP in our words. Every method may raise any PspError, except where noted.

    What changes something at the PSP has two steps. `prepare_*` is pure: it builds the exact
    call (raising InvalidRequest or Unsupported), so that the caller can store it. The verb of
    the same name sends a prepared call, now or again, and reads the answer.

    What a PSP does not offer is Unsupported, and said in `capabilities`: with ConfirmMode.READS
    there is no confirm, and without `can_poll` no fetch_refund, and a fetch only with the
    `return_query`.
    """

    name: str
    capabilities: Capabilities

    def prepare_register(self, request: SessionRequest, *, key: str) -> PreparedCall: ...
    def prepare_confirm(
        self, ref: PspReference, request: ConfirmRequest, *, key: str
    ) -> PreparedCall: ...
    def prepare_capture(self, ref: PspReference, money: Money, *, key: str) -> PreparedCall: ...
    def prepare_cancel(self, ref: PspReference, *, key: str) -> PreparedCall: ...
    def prepare_refund(
        self, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
    ) -> PreparedCall: ...

    def register(self, call: PreparedCall) -> RegisteredSession: ...
    def confirm(self, call: PreparedCall) -> Report: ...
    def capture(self, call: PreparedCall) -> Report: ...
    def cancel(self, call: PreparedCall) -> Report: ...
    def refund(self, call: PreparedCall) -> RefundReport: ...

    def fetch(self, ref: PspReference) -> Report: ...
    def fetch_refund(self, ref: PspReference, refund: RefundReference) -> RefundReport: ...
    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]: ...

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[WebhookNotice]:
        """Verify, then read. Raises WebhookRejected or WebhookUnverifiable, and no PspError."""
        ...

    def webhook_response(self) -> WebhookResponse: ...
