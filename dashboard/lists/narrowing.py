"""What an address asks of a list: a tab, days, and filters. All of it stands in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache, reduce
from operator import and_
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.http import Http404, QueryDict

from dashboard.lists.declared import Filter, List, Tab

DAYS: Final = ("made_from", "made_to")
TAB: Final = "status"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A list as an address asks for it.

    `rows` are those of the days, which bound the index; `further` is what the filters ask.
    """

    rows: QuerySet[Any]
    key: str
    tab: Tab
    further: Q
    form: forms.Form

    @property
    def within(self) -> QuerySet[Any]:
        """The rows of the open tab, as far as its index says."""
        return self.rows.filter(self.tab.within)

    @property
    def condition(self) -> Q:
        """What is looked for among them."""
        return self.tab.also & self.further


def narrowed(declared: List, query: QueryDict) -> Narrowed:
    """Return what a query asks of a list. What a filter does not understand narrows nothing.

    Raises Http404 for a tab that the list does not have.
    """
    key = query.get(TAB, declared.first_tab)
    if key not in declared.tabs:
        raise Http404("There is no such status.")
    form = _form_of(declared.name, tuple(declared.filters.items()))(query)
    form.is_valid()
    asked = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    further = [
        filter_.narrow(asked[name]) for name, filter_ in declared.filters.items() if name in asked
    ]
    return Narrowed(
        rows=declared.rows().filter(_days(asked.get(DAYS[0]), asked.get(DAYS[1]))),
        key=key,
        tab=declared.tabs[key],
        further=reduce(and_, further, Q()),
        form=form,
    )


def known_parts(declared: List, query: QueryDict) -> str:
    """Return those parts of a query that narrow the list, without its page, as a query again."""
    kept = QueryDict(mutable=True)
    for name in (TAB, *declared.filters, *DAYS):
        if value := query.get(name, ""):
            kept[name] = value
    return kept.urlencode()


@cache
def _form_of(name: str, filters: tuple[tuple[str, Filter], ...]) -> type[forms.Form]:
    fields: dict[str, forms.Field] = {key: filter_.field for key, filter_ in filters}
    return type(f"{name.title()}Filters", (forms.Form,), fields | _day_fields())


def _day_fields() -> dict[str, forms.Field]:
    widget = forms.DateInput(attrs={"type": "date"})
    return {
        DAYS[0]: forms.DateField(label="From", required=False, widget=widget),
        DAYS[1]: forms.DateField(label="To", required=False, widget=widget),
    }


def _days(first: date | None, last: date | None) -> Q:
    """Return the condition for whole days, in UTC, the last one included."""
    condition = Q()
    if first:
        condition &= Q(created_at__gte=datetime.combine(first, time.min, tzinfo=UTC))
    if last:
        condition &= Q(created_at__lte=datetime.combine(last, time.max, tzinfo=UTC))
    return condition
