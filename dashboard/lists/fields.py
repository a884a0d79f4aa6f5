"""Filters and file columns that several lists share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse

from dashboard.lists.cells import Cell, link, words
from dashboard.lists.declared import Filter
from payments.models import PaymentSession
from psp_clients.registry import PSPS

Choices = Iterable[tuple[str, str]]


def choice(label: str, choices: Choices, column: str) -> Filter:
    """Return a filter for one of some known words."""
    offered = [("", "any"), *choices]
    return Filter(
        forms.ChoiceField(label=label, required=False, choices=offered),
        lambda word: Q(**{column: word}),
    )


def exactly(label: str, column: str, *, size: int = 12, longest: int = 255) -> Filter:
    """Return a filter for a whole text."""
    widget = forms.TextInput(attrs={"size": size, "autocomplete": "off"})
    return Filter(
        forms.CharField(label=label, required=False, max_length=longest, widget=widget),
        lambda text: Q(**{column: text}),
    )


def psp(column: str = "psp") -> Filter:
    """Return a filter for a PSP."""
    return choice("PSP", [(name, name) for name in sorted(PSPS)], column)


def currency(column: str = "currency") -> Filter:
    """Return a filter for a currency, however it was typed."""
    attributes = {"size": 4, "autocomplete": "off"}
    field = forms.RegexField(
        r"^[A-Za-z]{3}$",
        label="Currency",
        required=False,
        max_length=3,
        widget=forms.TextInput(attrs=attributes),
        error_messages={"invalid": "Three letters, as in EUR."},
    )
    return Filter(field, lambda code: Q(**{column: code.upper()}))


def sum_limit(label: str, condition: Callable[[Decimal], Q]) -> Filter:
    """Return a filter for sums from, or up to, a limit."""
    widget = forms.NumberInput(attrs={"step": "any", "class": "sum"})
    field = forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_digits=16,
        decimal_places=4,
        widget=widget,
    )
    return Filter(field, condition)


def checkout(session: PaymentSession | None, *, at: str = "") -> Cell:
    """Return the cell that leads to a session's page, or to a line of its timeline."""
    if session is None:
        return words("")
    address = reverse("mid-office:session", args=[session.pk])
    return link(session.checkout_id, f"{address}#{at}" if at else address)


def of_session(row: Any, column: str) -> str:
    """Return a column of a row's session for the file; nothing where it has none."""
    return str(getattr(row.session, column)) if row.session else ""
