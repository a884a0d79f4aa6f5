"""Renders pages of the mid-office with what each of them shows."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from payments import selectors

SANDBOX_WORDS: Final = "Sandbox: no real money is moved."


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a page of the mid-office."""
    return render(request, template, {"sandbox_words": sandbox_words(), **context})


def sandbox_words() -> str:
    """Return what every page says while the sandbox PSP is in use."""
    return SANDBOX_WORDS if selectors.moves_no_money() else ""
