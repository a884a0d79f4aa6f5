"""Renders pages of the mid-office with what each of them shows."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from payments import selectors

SANDBOX_WORDS: Final = "Sandbox: no real money is moved."
NO_SECOND_FACTOR_WORDS: Final = "Moving money takes no second factor here."


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a page of the mid-office."""
    return render(request, template, {"sandbox_words": banner(), **context})


def banner() -> str:
    """Return what every page says where less is at stake, or less is asked for, than usual."""
    said = {
        SANDBOX_WORDS: selectors.moves_no_money(),
        NO_SECOND_FACTOR_WORDS: not settings.BPS_MONEY_NEEDS_SECOND_FACTOR,
    }
    return " ".join(words for words, holds in said.items() if holds)
