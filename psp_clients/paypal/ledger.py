"""PayPal's list of transactions: how it is asked for, and which of its lines are about payments.

Transaction Search lists whatever moved the account's balance: fees, holds and withdrawals too. It
is up to three hours late, gives at most 31 days at a time, and refuses lists that are too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from psp_clients.contract import Money, RefundState, Transaction
from psp_clients.paypal.money import from_ledger
from psp_clients.strict_json import (
    JsonObject,
    Unreadable,
    child,
    children,
    instant,
    text,
    text_or_blank,
)

PATH: Final = "/v1/reporting/transactions"
LONGEST_WINDOW: Final = timedelta(days=31)
SHORTEST_WINDOW: Final = timedelta(seconds=2)
# "It takes a maximum of three hours for executed transactions to appear."
LAG: Final = timedelta(hours=3)
# An answer of so many lines stays well below the megabyte that the transport takes.
PAGE_SIZE: Final = 100

PAYMENTS: Final = "T00"  # the event group of payments; other groups are fees, transfers, holds
# Given back by us, and taken back by PayPal itself.
REFUNDS: Final = frozenset({"T1107", "T1106"})

# V says that a charge was given back since, and F that a part was: it had been made all the same.
STATUSES: Final[dict[str, RefundState]] = {
    "S": RefundState.SUCCESSFUL,
    "P": RefundState.PENDING,
    "D": RefundState.FAILED,
}
CHARGE_STATUSES: Final[dict[str, RefundState]] = {
    **STATUSES,
    "V": RefundState.SUCCESSFUL,
    "F": RefundState.SUCCESSFUL,
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, and of how many."""

    lines: list[Transaction]
    pages: int
    refreshed_at: datetime | None


def windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a period, in order, none longer than PayPal answers for."""
    while since < until:
        end = min(since + LONGEST_WINDOW, until)
        yield since, end
        since = end


def halves(since: datetime, until: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Return the halves of a window whose list is too long; none where it cannot be cut."""
    if until - since < SHORTEST_WINDOW:
        return ()
    middle = since + (until - since) / 2
    return (since, middle), (middle, until)


def page_path(since: datetime, until: datetime, number: int) -> str:
    """Return the path of one page; the first is 1."""
    query = {
        "start_date": _in_utc(since),
        # Whole seconds, so that nothing of the last one is left out.
        "end_date": _in_utc(until + timedelta(microseconds=999_999)),
        "fields": "transaction_info",
        "balance_affecting_records_only": "Y",
        "page_size": PAGE_SIZE,
        "page": number,
    }
    return f"{PATH}?{urlencode(query)}"


def read_page(answer: JsonObject) -> Page:
    """Return the lines of a page that are about payments and refunds."""
    pages = answer.get("total_pages")
    if type(pages) is not int or pages < 0:
        raise Unreadable("total_pages is no number")
    details = children(answer, "transaction_details")
    read = (_read_line(child(detail, "transaction_info")) for detail in details)
    says_how_late = "last_refreshed_datetime" in answer
    return Page(
        lines=[line for line in read if line is not None],
        pages=pages,
        refreshed_at=instant(answer, "last_refreshed_datetime") if says_how_late else None,
    )


def is_up_to_date(page: Page, until: datetime, now: datetime) -> bool:
    """Tell whether the list holds everything until then, or all that it ever holds by now."""
    return page.refreshed_at is None or page.refreshed_at >= min(until, now - LAG)


def _read_line(info: JsonObject) -> Transaction | None:
    """Return a line about a charge or a refund; nothing for any other."""
    code = text(info, "transaction_event_code")
    is_refund = code in REFUNDS
    if not is_refund and not code.startswith(PAYMENTS):
        return None
    is_negative, money = from_ledger(child(info, "transaction_amount"))
    if is_negative is not is_refund:
        return None  # money that we sent, or that PayPal returned: no payment of a shopper's
    word, custom = text(info, "transaction_status"), text_or_blank(info, "custom_field")
    return Transaction(
        kind="refund" if is_refund else "charge",
        psp_reference=text(info, "transaction_id"),
        # A refund's invoice number is its own; a charge's is our reference, as its custom field.
        reference=custom if is_refund else custom or text_or_blank(info, "invoice_id"),
        psp_token=_order_behind(info),
        money=money,
        status=(STATUSES if is_refund else CHARGE_STATUSES).get(word, word),
        booked_at=instant(info, "transaction_initiation_date"),
        fee=None if is_refund else _fee(info),
    )


def _order_behind(info: JsonObject) -> str:
    is_order = info.get("paypal_reference_id_type") == "ODR"
    return text_or_blank(info, "paypal_reference_id") if is_order else ""


def _fee(info: JsonObject) -> Money | None:
    """Return what PayPal kept: it writes fees with a minus."""
    if info.get("fee_amount") is None:
        return None
    is_kept, fee = from_ledger(child(info, "fee_amount"))
    return fee if is_kept else None


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
