"""Reads standard webhooks: every item proved before any is believed, then told in our words.

Who captures a payment is Adyen's to say, and it does not: `operations` is documented as not to be
built upon. So each session carries a note of ours, which comes back with its authorisation. The
note is not signed; without it, nothing counts as captured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from psp_clients.adyen import events
from psp_clients.adyen.calls import CAPTURE_NOTE
from psp_clients.adyen.mapping import reason_in
from psp_clients.adyen.money import read_money
from psp_clients.adyen.signature import verify
from psp_clients.contract import (
    Money,
    RefundReference,
    RefundReport,
    RefundState,
    Report,
    ReportedState,
    WebhookNotice,
    WebhookRejected,
)
from psp_clients.evidence import fit_to_keep
from psp_clients.settings import Mode
from psp_clients.strict_json import (
    JsonObject,
    Unreadable,
    child,
    children,
    instant,
    read_object,
    text,
    text_or_blank,
)

LIVE: Final = {Mode.LIVE: "true", Mode.TEST: "false"}
LONGEST_ID_PART: Final = 80


@dataclass(frozen=True, slots=True)
class Item:
    """One proved item, taken apart. `data` and what stands in it is not proved."""

    code: str
    success: str
    psp_reference: str
    original_reference: str
    merchant_reference: str
    psp_token: str
    money: Money | None  # None where it is in no currency that Adyen lists
    data: JsonObject
    whole: JsonObject

    @property
    def word(self) -> str:
        """What Adyen says, as sent: the code, and whether it came true."""
        return f"{self.code} {self.success}"

    @property
    def payment_reference(self) -> str:
        """The payment that it is about: of what begins one, the item's own reference."""
        if self.code in events.BEGINS_A_PAYMENT:
            return self.psp_reference
        return self.original_reference or self.psp_reference

    @property
    def event(self) -> tuple[str, str]:
        """What the tables of events list."""
        return self.code, self.success


def read_webhook(
    body: bytes, *, keys: Sequence[bytes], account: str, mode: Mode
) -> list[WebhookNotice]:
    """Verify, then read. Raises WebhookRejected, and nothing else, whatever the bytes.

    Every item has to be signed, and about `account`; news that concerns no payment is left out.
    """
    try:
        webhook = read_object(body)
        wrapped = children(webhook, "notificationItems")
        items = [child(one, "NotificationRequestItem") for one in wrapped]
    except Unreadable as error:
        raise WebhookRejected(f"the body is not a webhook's: {error}") from None
    if not items:
        raise WebhookRejected("nothing in the body bears a signature")
    for item in items:
        verify(item, keys=keys)
    if webhook.get("live") != LIVE[mode]:
        raise WebhookRejected(f"the webhook is not of Adyen's {mode} platform, as we are")
    if any(item.get("merchantAccountCode") != account for item in items):
        raise WebhookRejected("an item is about another merchant account")
    try:
        read = [_notice(_item(item)) for item in items]
    except Unreadable as error:
        raise WebhookRejected(f"an item is not a webhook's: {error}") from None
    return [notice for notice in read if notice is not None]


def _item(item: JsonObject) -> Item:
    given = item.get("additionalData")
    data = given if isinstance(given, dict) else {}
    return Item(
        code=_short(item, "eventCode"),
        success=_short(item, "success"),
        psp_reference=_short(item, "pspReference"),
        original_reference=text_or_blank(item, "originalReference"),
        merchant_reference=text_or_blank(item, "merchantReference"),
        psp_token=_lenient(data, "checkoutSessionId"),
        money=_money(item),
        data=data,
        whole=item,
    )


def _notice(item: Item) -> WebhookNotice | None:
    """Return what one item says, or None where it concerns no payment of ours."""
    if item.code in events.IGNORED:
        return None
    if item.event in events.REFUND_EVENTS:
        return _about_refund(item, events.REFUND_EVENTS[item.event])
    if item.event == events.REVERSAL:
        return _reversal(item)
    reason = events.ATTENTION.get(item.event) or events.DISPUTES.get(item.code)
    if reason:
        return replace(_about(item), attention=_attention(item, reason))
    return _about_payment(item)


def _about_payment(item: Item) -> WebhookNotice | None:
    if item.event in events.PAYMENT_EVENTS:
        return replace(_about(item), report=_report(item, events.PAYMENT_EVENTS[item.event]))
    if item.psp_token or item.merchant_reference or item.original_reference:
        return replace(_about(item), report=_unknown(item))
    return None


def _about(item: Item) -> WebhookNotice:
    return WebhookNotice(
        event_id=f"{item.psp_reference}:{item.code}:{item.success}",
        event_type=item.code,
        psp_token=item.psp_token,
        reference=item.merchant_reference,
        occurred_at=_moment(item.whole),
        payment_reference=item.payment_reference,
    )


def _report(item: Item, state: ReportedState) -> Report:
    report = Report(
        state=state,
        psp_word=item.word,
        money=None,
        captured=None,
        payment_reference=item.payment_reference,
        evidence=fit_to_keep(item.whole),
    )
    if item.event == events.AUTHORISATION:
        by_itself = item.data.get(f"metadata.{CAPTURE_NOTE}") == "automatic"
        known = _captured(report, item.money) if by_itself else report
        return replace(known, money=item.money)
    if item.event == events.CAPTURE:
        return _captured(report, item.money)
    if state is ReportedState.OPEN:
        # Of an attempt that came to nothing: another one of the session may be the payment.
        return replace(report, payment_reference="", reason_text=reason_in(item.whole))
    return report


def _captured(report: Report, money: Money | None) -> Report:
    """Say that `money` was taken; a sum that we cannot read is no success."""
    if money is None:
        return replace(report, state=ReportedState.PENDING, known=False)
    return replace(report, state=ReportedState.CAPTURED, captured=money)


def _unknown(item: Item) -> Report:
    return replace(_report(item, ReportedState.PENDING), known=False, payment_reference="")


def _about_refund(item: Item, state: RefundState) -> WebhookNotice:
    """Tell of a refund. Its merchant reference is the refund's: the payment's is not told."""
    report = RefundReport(
        state=state,
        psp_word=item.word,
        refund_reference=item.psp_reference,
        money=item.money,
        reason_code=reason_in(item.whole) if state is RefundState.FAILED else "",
        evidence=fit_to_keep(item.whole),
    )
    refund = RefundReference(item.merchant_reference, item.psp_reference)
    return replace(_about(item), reference="", refund=refund, refund_report=report)


def _reversal(item: Item) -> WebhookNotice:
    """Tell of a payment that was cancelled or given back at Adyen, which the note names."""
    action = item.data.get(events.REVERSAL_ACTION)
    if action == "cancel":
        return replace(_about(item), report=_report(item, ReportedState.CANCELLED))
    if action == "refund":
        attention = _attention(item, "the payment was given back at Adyen, not by us")
        return replace(_about_refund(item, RefundState.SUCCESSFUL), attention=attention)
    return replace(_about(item), report=_unknown(item))


def _attention(item: Item, meaning: str) -> str:
    of = f" ({item.money.amount} {item.money.currency})" if item.money else ""
    reason = reason_in(item.whole)
    return f"Adyen says {item.word}{of}: {meaning}." + (f" Its reason: {reason}" if reason else "")


def _money(item: JsonObject) -> Money | None:
    try:
        return read_money(item)
    except Unreadable:
        return None


def _moment(item: JsonObject) -> datetime | None:
    try:
        return instant(item, "eventDate")
    except Unreadable:
        return None


def _short(item: JsonObject, name: str) -> str:
    value = text(item, name)
    if len(value) > LONGEST_ID_PART:
        raise Unreadable(f"{name} is too long")
    return value


def _lenient(data: JsonObject, name: str) -> str:
    """Return a field that nothing signs, or nothing where it is not as documented."""
    try:
        return text(data, name)
    except Unreadable:
        return ""
