"""Which time the charts of the home are of: a fixed period that runs now, or any days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django import forms
from django.http import Http404, QueryDict

from payments.domain.days import PeriodRefused
from payments.figures import PERIODS, Period, can_be_told, period_of, period_of_days

DAYS: Final = ("day_from", "day_to")
# Before it nothing can have been counted; dates as of year 1 have none before them to compare with.
FIRST_DAY: Final = date(2000, 1, 1)
NOT_TALLIED: Final = (
    "These days are yet to be tallied: Machinery says how far it is. Ask for 30 at most until then."
)


class DaysForm(forms.Form):
    """Two days, in UTC, both of which are shown with all between them."""

    day_from = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    day_to = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: QueryDict | None = None, *, now: datetime) -> None:
        """Judge by what day it is."""
        super().__init__(data)
        self._now, self._today = now, now.astimezone(UTC).date()
        for field in self.fields.values():
            field.error_messages = {
                "required": "Say this day too.",
                "invalid": f"Not a day. Write it as in {self._today}.",
            }

    def clean(self) -> dict[str, Any]:
        """Refuse days of which nothing can be shown, and keep the period that the others make."""
        given = self.cleaned_data
        if not all(name in given for name in DAYS):
            return given
        first, last = (given[name] for name in DAYS)
        if first < FIRST_DAY:
            self.add_error("day_from", f"Too long ago. The earliest is {FIRST_DAY}.")
        elif last > self._today:
            self.add_error("day_to", f"That day is yet to come. Today is {self._today} in UTC.")
        else:
            self._keep_period(first, last)
        return given

    def _keep_period(self, first: date, last: date) -> None:
        try:
            period = period_of_days(first, last)
        except PeriodRefused as refused:
            self.add_error("day_to", f"Refused: {refused}.")
            return
        if can_be_told(period, self._now):
            self.cleaned_data["period"] = period
        else:
            self.add_error("day_to", NOT_TALLIED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A time, and what it is called beside the one before: "This week", "The week before"."""

    period: Period
    name: str  # of the fixed period; empty for any days
    form: DaysForm
    is_running: bool

    @property
    def this(self) -> str:
        """What the time is called."""
        return f"This {self.name}" if self.name else "These days"

    @property
    def before(self) -> str:
        """What the time before is called, which lasted as long."""
        return f"The {self.name or 'days'} before"


def asked_time(query: QueryDict, now: datetime) -> Asked:
    """Return the time that an address asks for; 24 hours if it names none, or days that are none.

    Raises Http404 for a fixed period that there is not.
    """
    name = query.get("period", "day")
    if name not in PERIODS:
        raise Http404("There is no such period.")
    form = DaysForm(query if any(query.get(day) for day in DAYS) else None, now=now)
    if form.is_valid():
        period = form.cleaned_data["period"]
        return Asked(period, "", form, is_running=period.until > now)
    return Asked(period_of(name, now), name, form, is_running=True)
