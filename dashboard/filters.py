"""What the list of sessions can be narrowed by. All of it stands in the URL."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django import forms
from django.db.models import QuerySet
from django_filters import (  # type: ignore[import-untyped]
    CharFilter,
    ChoiceFilter,
    DateFilter,
    FilterSet,
)

from payments import selectors
from payments.domain.lifecycle import Phase
from payments.models import PaymentSession
from psp_clients.registry import PSPS

Sessions = QuerySet[PaymentSession]

COUNTED_AT_MOST: Final = 1_000
CASES: Final = "case"
TABS: Final[dict[str, str]] = {
    "": "All",
    "open": "Waiting for Buy Now",
    "started": "Started",
    "successful": "Successful",
    "failed": "Failed",
    "unregistered": "Not registered",
    "expired": "Expired",
    "cancelled": "Cancelled",
    CASES: "Needs a person",
}


class SessionFilter(FilterSet):  # type: ignore[misc]
    """PSP, currency, phase and days of making."""

    psp = ChoiceFilter(label="PSP", empty_label="any", choices=[(n, n) for n in sorted(PSPS)])
    currency = CharFilter(
        label="Currency",
        method="in_currency",
        max_length=3,
        min_length=3,
        widget=forms.TextInput(attrs={"size": 4, "autocomplete": "off", "maxlength": 3}),
    )
    phase = ChoiceFilter(
        label="Phase",
        field_name="purchase__phase",
        empty_label="any",
        choices=[(phase.value, phase.value.replace("_", " ")) for phase in Phase],
    )
    made_from = DateFilter(
        label="From", method="not_before", widget=forms.DateInput(attrs={"type": "date"})
    )
    made_to = DateFilter(
        label="To", method="not_after", widget=forms.DateInput(attrs={"type": "date"})
    )

    def in_currency(self, sessions: Sessions, name: str, code: str) -> Sessions:
        """Compare currencies however they were typed."""
        return sessions.filter(currency=code.upper())

    def not_before(self, sessions: Sessions, name: str, day: date) -> Sessions:
        """Keep sessions from the beginning of a day on, in UTC."""
        return sessions.filter(created_at__gte=_midnight(day))

    def not_after(self, sessions: Sessions, name: str, day: date) -> Sessions:
        """Keep sessions up to the end of a day, in UTC."""
        return sessions.filter(created_at__lt=_midnight(day) + timedelta(days=1))


class SearchForm(forms.Form):
    """One box for any id."""

    q = forms.CharField(label="Any id", max_length=255)


def of_tab(sessions: Sessions, tab: str) -> Sessions:
    """Return the sessions of one tab."""
    if tab == CASES:
        return selectors.sessions_with_open_cases(sessions)
    return selectors.sessions_with_status(sessions, tab) if tab else sessions


def count_tabs(sessions: Sessions) -> dict[str, str]:
    """Return how many sessions each tab has, as people read it: "17", "1,000+"."""
    counts = selectors.count_each(
        {tab: of_tab(sessions, tab) for tab in TABS}, at_most=COUNTED_AT_MOST + 1
    )
    return {tab: _capped(count) for tab, count in counts.items()}


def _capped(count: int) -> str:
    return f"{COUNTED_AT_MOST:,}+" if count > COUNTED_AT_MOST else str(count)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
