"""The pages of lists: one view shows any of them, another gives it as a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.access import staff_only
from dashboard.lists.catalogue import LISTS
from dashboard.lists.cells import Cell
from dashboard.lists.csv_file import csv_of
from dashboard.lists.declared import Column, List, Row
from dashboard.lists.narrowing import TAB, known_parts, narrowed
from dashboard.lists.reading import COUNTED, PAGE_SIZE, Page, count_tabs, page_of
from dashboard.lists.sessions import SESSIONS
from dashboard.message_acts import acts_on_many
from dashboard.models import NAME_LENGTH
from dashboard.pages import page
from dashboard.saved_views import views_of
from payments.search import sessions_by_any_id

SHOWN_AT_MOST: Final = PAGE_SIZE


class SearchForm(forms.Form):
    """One box for any id."""

    q = forms.CharField(label="Any id", max_length=255)


@dataclass(frozen=True, slots=True)
class OpenTab:
    """One tab above a list, and the query that opens it."""

    word: str
    count: str
    query: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they are shown: each a list of its columns and cells."""

    title: str
    head: list[tuple[str, str]]  # words, and how their cells look
    rows: list[list[tuple[Column, Cell]]]


def table_of(declared: List, rows: Iterable[Row]) -> Table:
    """Return rows as a table of a list's columns."""
    shown = [[(column, column.cell(row)) for column in declared.columns] for row in rows]
    first = shown[0] if shown else []
    return Table(declared.title, [(column.word, cell.looks) for column, cell in first], shown)


def list_page(
    request: HttpRequest, declared: List, template: str = "dashboard/list.html", **more: Any
) -> HttpResponse:
    """Show a list as the address narrows it."""
    asked = narrowed(declared, request.GET)
    shown = page_of(asked.within, asked.condition, request.GET.get("cursor", ""))
    counts = count_tabs(asked.rows, declared.tabs, asked.further)
    query = known_parts(declared, request.GET)
    return page(
        request,
        template,
        {
            "list": declared,
            "table": table_of(declared, shown.rows),
            "tabs": [
                OpenTab(tab.word, counts[key], _with_tab(declared, request, key), key == asked.key)
                for key, tab in declared.tabs.items()
            ],
            "counted": f"{COUNTED:,}",
            "form": asked.form,
            "tab": request.GET.get(TAB, ""),
            "is_narrowed": any(asked.form.data.get(name) for name in asked.form.fields),
            "query": query,
            "csv": f"mid-office:{declared.name}-csv",
            "here": f"mid-office:{declared.name}",
            "beside": LISTS.get(declared.beside),
            "acts": acts_on_many(cast("User", request.user), declared.name),
            "saved_views": views_of(request, declared),
            "name_length": NAME_LENGTH,
            **_pages(request, shown, query),
            "now": timezone.now(),
            **more,
        },
    )


def _pages(request: HttpRequest, shown: Page, query: str) -> dict[str, Any]:
    """Return where the pages before and after are."""
    head = f"?{query}&" if query else "?"
    return {
        "newest": f"?{query}" if request.GET.get("cursor") else "",
        "older": f"{head}{urlencode({'cursor': shown.cursor})}" if shown.cursor else "",
        "looked_back_to": shown.looked_back_to,
    }


def _with_tab(declared: List, request: HttpRequest, key: str) -> str:
    query = request.GET.copy()
    query.pop(TAB, None)
    if key != declared.first_tab:
        query[TAB] = key
    return f"?{known_parts(declared, query)}"


@staff_only
@require_safe
def show_list(request: HttpRequest, *, name: str) -> HttpResponse:
    """Show one of the lists."""
    return list_page(request, LISTS[name])


@staff_only
@require_safe
def list_as_csv(request: HttpRequest, *, name: str) -> StreamingHttpResponse:
    """Give a list, as the address narrows it, as a file that comes while it is read."""
    declared = LISTS[name]
    asked = narrowed(declared, request.GET)
    now = timezone.now()
    return StreamingHttpResponse(
        csv_of(declared, asked.within, asked.condition),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{now:%Y%m%d-%H%M%S}Z.csv"',
        },
    )


@staff_only
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find sessions by any id; where there is exactly one, go straight to it."""
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    found = list(sessions_by_any_id(words)[: SHOWN_AT_MOST + 1]) if words else []
    if len(found) == 1:
        return redirect("mid-office:session", found[0].pk)
    return page(
        request,
        "dashboard/search.html",
        {
            "table": table_of(SESSIONS, found[:SHOWN_AT_MOST]),
            "words": words,
            "is_cut": len(found) > SHOWN_AT_MOST,
            "now": timezone.now(),
        },
    )
