"""A list as a CSV file: streamed page by page, and harmless where it is opened."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Final

from django.db.models import Q, QuerySet

from dashboard.lists.declared import List, Row
from dashboard.lists.reading import page_of
from dashboard.visible import visible

ROWS_AT_A_TIME: Final = 1_000
# Spreadsheets take a cell that begins so for a formula, the full-width forms included.
FORMULA_BEGINS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
# By this mark spreadsheets know that the file is UTF-8.
BYTE_ORDER_MARK: Final = "\ufeff"


def csv_of(declared: List, within: QuerySet[Row], further: Q) -> Iterator[str]:
    """Yield the file in pieces. Each page is a read of its own, so that nothing is held open."""
    yield BYTE_ORDER_MARK + _lines([list(declared.exported)])
    cursor, is_first = "", True
    while cursor or is_first:
        page = page_of(within, further, cursor, size=ROWS_AT_A_TIME)
        values = declared.exported.values()
        if page.rows:
            yield _lines([harmless(value(row)) for value in values] for row in page.rows)
        cursor, is_first = page.cursor, False


def harmless(value: object) -> str:
    """Return a value as text that no spreadsheet runs, and in which nothing hides.

    Instants are in UTC, as the heading says.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    text = visible(str(value))
    begins = text.startswith(FORMULA_BEGINS) or text.lstrip().startswith(FORMULA_BEGINS)
    return f"'{text}" if begins else text


def _lines(rows: Iterator[list[str]] | list[list[str]]) -> str:
    written = StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
