"""A PSP's statement as CSV, read into the lines that its API would list.

What does not read exactly is refused, with its line and column: a statement half understood would
show differences that are none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from payments.domain.matching import CHARGE, REFUND
from payments.domain.money import MoneyRefused, parse_money
from psp_clients.contract import Money, RefundState, Transaction

NEEDED: Final = ("psp_reference", "amount", "currency", "booked_at")
OPTIONAL: Final = ("reference", "psp_token", "kind", "status", "fee", "fee_currency")
KINDS: Final = (CHARGE, REFUND)
STATES: Final = tuple(str(state) for state in RefundState)
LONGEST: Final = 255


class StatementRefused(ValueError):
    """A statement cannot be read. The message names line and column."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a PSP's statements have what: our words for fields, to its column names.

    `kind_words` and `status_words` translate its words to KINDS and STATES; ours are understood
    anyway. Without a column for the kind, a negative amount is a refund; without one for the
    status, every line was successful. `date_format` is strptime's; empty means ISO 8601.
    """

    columns: Mapping[str, str] = field(
        default_factory=lambda: {name: name for name in (*NEEDED, *OPTIONAL)}
    )
    kind_words: Mapping[str, str] = field(default_factory=dict)
    status_words: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    decimal_mark: str = "."
    date_format: str = ""


def layout_faults(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield (field, what is wrong) for each part of a layout by which nothing could be read."""
    known = (*NEEDED, *OPTIONAL)
    if not _are_words(layout.columns) or not all(layout.columns.values()):
        yield "columns", "must say for each of our words which column it is"
    elif unknown := [name for name in layout.columns if name not in known]:
        yield "columns", f"{unknown[0]!r} is none of {', '.join(known)}"
    elif missing := [name for name in NEEDED if name not in layout.columns]:
        yield "columns", f"{missing[0]!r} is needed"
    for field_name, given, ours in (
        ("kind_words", layout.kind_words, KINDS),
        ("status_words", layout.status_words, STATES),
    ):
        if not _are_words(given) or not set(given.values()) <= set(ours):
            yield field_name, f"must say for each of its words which of {', '.join(ours)} it means"
    if layout.delimiter in {'"', "\r", "\n", " ", "", layout.decimal_mark}:
        yield "delimiter", "must be one character that no amount holds, such as ; or ,"


def _are_words(given: object) -> bool:
    return isinstance(given, Mapping) and all(
        isinstance(text, str) for pair in given.items() for text in pair
    )


def read_statement(text: Iterable[str], layout: Layout) -> Iterator[Transaction]:
    """Yield the lines of a statement, one at a time. Raises StatementRefused at the first fault."""
    reader = csv.reader(text, delimiter=layout.delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise StatementRefused("line 1: the statement is empty")
        places = _places([name.strip() for name in header], layout)
        for cells in reader:
            if any(cells):
                yield _Row(reader.line_num, cells, places, len(header), layout).transaction()
    except UnicodeDecodeError as error:
        raise StatementRefused(f"line {reader.line_num + 1}: not UTF-8 text") from error
    except csv.Error as error:
        raise StatementRefused(f"line {reader.line_num}: not CSV ({error})") from error


def _places(header: list[str], layout: Layout) -> dict[str, int]:
    """Return where each field stands. Every needed column must be there, once."""
    places = {}
    for name, column in layout.columns.items():
        if header.count(column) > 1:
            raise StatementRefused(f"line 1, column {column!r}: there is more than one")
        if column in header:
            places[name] = header.index(column)
        elif name in NEEDED:
            raise StatementRefused(f"line 1, column {column!r}: is missing")
    return places


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: list[str]
    places: Mapping[str, int]
    width: int
    layout: Layout

    def transaction(self) -> Transaction:
        if len(self.cells) != self.width:
            raise StatementRefused(
                f"line {self.number}: has {len(self.cells)} columns, and the first {self.width}"
            )
        amount = self._number("amount")
        kind = self._kind(negative=amount.startswith("-"))
        currency = self._text("currency")
        if amount.startswith("-") and kind == CHARGE:
            raise self._refused("amount", "a charge is not negative")
        return Transaction(
            kind=kind,
            psp_reference=self._text("psp_reference") or self._must_not_be_empty("psp_reference"),
            reference=self._text("reference"),
            psp_token=self._text("psp_token"),
            money=self._money("amount", amount, "currency", currency),
            status=self._word("status", self.layout.status_words, STATES, RefundState.SUCCESSFUL),
            booked_at=self._instant(),
            fee=self._fee(currency),
        )

    def _kind(self, *, negative: bool) -> str:
        by_sign = REFUND if negative else CHARGE
        return self._word("kind", self.layout.kind_words, KINDS, by_sign)

    def _fee(self, currency: str) -> Money | None:
        amount = self._number("fee").removeprefix("-")
        if not amount.strip("0."):
            return None
        # The charge's own currency, where it is the fee's, was taken already.
        return self._money("fee", amount, "fee_currency", self._text("fee_currency") or currency)

    def _money(self, column: str, amount: str, currency_column: str, currency: str) -> Money:
        try:
            return parse_money(amount.removeprefix("-"), currency)
        except MoneyRefused as refused:
            name = column if refused.field == "amount" else currency_column
            raise self._refused(name, refused.reason) from refused

    def _number(self, name: str) -> str:
        return self._text(name).replace(self.layout.decimal_mark, ".")

    def _word(
        self, name: str, words: Mapping[str, str], known: tuple[str, ...], otherwise: str
    ) -> str:
        said = self._text(name)
        word = words.get(said, said) or otherwise
        if word not in known:
            raise self._refused(name, f"{said!r} means none of {', '.join(known)}")
        return str(word)

    def _instant(self) -> datetime:
        said, form = self._text("booked_at"), self.layout.date_format
        try:
            at = datetime.strptime(said, form) if form else datetime.fromisoformat(said)  # noqa: DTZ007 - a time without a zone is UTC
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            expected = form or "ISO 8601, such as 2026-11-24T10:30:00Z"
            raise self._refused("booked_at", f"is no time of the form {expected}") from error

    def _text(self, name: str) -> str:
        if name not in self.places:
            return ""
        text = self.cells[self.places[name]].strip()
        if len(text) > LONGEST or not text.isprintable():
            raise self._refused(name, f"must be at most {LONGEST} printable characters")
        return text

    def _must_not_be_empty(self, name: str) -> str:
        raise self._refused(name, "must not be empty")

    def _refused(self, name: str, why: str) -> StatementRefused:
        return StatementRefused(f"line {self.number}, column {self.layout.columns[name]!r}: {why}")
