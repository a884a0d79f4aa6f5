"""Saved views: lists as a member of staff narrowed them, under names of their own."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from dashboard.access import staff_only
from dashboard.lists.catalogue import LISTS
from dashboard.lists.declared import List
from dashboard.lists.narrowing import known_parts
from dashboard.models import NAME_LENGTH, QUERY_LENGTH, SavedView

# A row of links; who needs more needs a search.
KEPT_AT_MOST: Final = 20


class SaveForm(forms.Form):
    """A name for what the address says."""

    name = forms.CharField(label="Name", max_length=NAME_LENGTH)
    query = forms.CharField(required=False, max_length=QUERY_LENGTH, widget=forms.HiddenInput)


def views_of(request: HttpRequest, declared: List) -> list[SavedView]:
    """Return what this member of staff saved of a list, by name."""
    return list(SavedView.objects.filter(user=request.user.pk, list_name=declared.name))


@staff_only
@require_POST
def save_view(request: HttpRequest, list_name: str) -> HttpResponse:
    """Keep what an address asks of a list under a name; the same name is kept anew."""
    declared = LISTS.get(list_name)
    if declared is None:
        raise Http404("There is no such list.")
    form = SaveForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Not saved: a view needs a name of 60 characters at most.")
        return redirect(_address(declared, request.POST.get("query", "")))
    name = form.cleaned_data["name"]
    query = known_parts(declared, QueryDict(form.cleaned_data["query"]))
    if _keep(request.user, declared, name, query):
        messages.success(request, "The view is saved.")
    else:
        messages.warning(request, f"Not saved: {KEPT_AT_MOST} views are kept. Delete one first.")
    return redirect(_address(declared, query))


def _keep(user: Any, declared: List, name: str, query: str) -> bool:
    with transaction.atomic():
        # The row of the user is the lock, so that two requests cannot both be the last that fits.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        kept = SavedView.objects.filter(user=user, list_name=declared.name)
        if kept.exclude(name=name).count() >= KEPT_AT_MOST:
            return False
        SavedView.objects.update_or_create(
            user=user, list_name=declared.name, name=name, defaults={"query": query}
        )
    return True


@staff_only
@require_POST
def delete_view(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Forget a view of one's own. Those of others do not exist."""
    view = get_object_or_404(SavedView, pk=view_id, user=request.user.pk)
    view.delete()
    messages.success(request, "The view is deleted.")
    return redirect(_address(LISTS[view.list_name], view.query))


def _address(declared: List, query: str) -> str:
    """Return the address of a list, narrowed; whatever else a query says is left out."""
    known = known_parts(declared, QueryDict(query))
    return f"{reverse(f'mid-office:{declared.name}')}{'?' if known else ''}{known}"
