"""What a list is: rows, and how they are shown, sorted into tabs, narrowed and exported.

One rule makes every list quick however long it gets. A tab says what it needs in two parts:
`within`, which an index that ends in (created_at, id) answers, and `also`, which is looked for
among what that index gives. Filters are looked for like `also`. How far is bounded (reading.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from dashboard.lists.cells import Cell

Row = Any  # of the one model that the list is of; its columns know which


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the page."""

    word: str
    cell: Callable[[Row], Cell]


@dataclass(frozen=True, slots=True)
class Tab:
    """A choice of rows. `within` is answered by an index in the list's order; `also` is not."""

    word: str
    within: Q = field(default_factory=Q)
    also: Q = field(default_factory=Q)


@dataclass(frozen=True, slots=True)
class Filter:
    """One field of the filter form, and the condition that a value of it makes."""

    field: forms.Field
    narrow: Callable[[Any], Q]


@dataclass(frozen=True, slots=True)
class List:
    """A list. Its order is the same for all: newest first, by (created_at, id).

    `exported` are the columns of the CSV file: all ids, and no words that were shortened.
    """

    name: str  # in addresses and saved views
    title: str
    nothing: str
    rows: Callable[[], QuerySet[Any]]
    columns: tuple[Column, ...]
    exported: Mapping[str, Callable[[Row], object]]
    tabs: Mapping[str, Tab]
    filters: Mapping[str, Filter]
    beside: str = ""  # the name of the list that tells the other half

    @property
    def first_tab(self) -> str:
        """The tab that is open unless the address names another."""
        return next(iter(self.tabs))
