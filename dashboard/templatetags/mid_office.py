"""Filters of the mid-office's templates."""

from __future__ import annotations

from datetime import datetime

from django import template

from dashboard.ages import in_words
from dashboard.difference_words import MEANINGS
from dashboard.navigation import links
from dashboard.visible import visible as spelled_out
from payments.domain.reconciliation import DifferenceKind

register = template.Library()


@register.filter
def visible(text: object) -> str:
    """Write out characters that hide or reorder text. The result is escaped like any other."""
    return spelled_out(str(text))


@register.filter
def age(at: datetime, now: datetime) -> str:
    """Return how long ago an instant was."""
    return in_words(now - at)


@register.filter
def until(at: datetime, now: datetime) -> str:
    """Return how far off an instant is."""
    return f"in {in_words(at - now)}" if at > now else "any moment now"


@register.filter
def kind_word(kind: str) -> str:
    """Return how staff read the kind of a difference."""
    return kind.replace("_", " ")


@register.filter
def kind_meaning(kind: str) -> str:
    """Return what a kind of difference means, and what to do about it."""
    return MEANINGS[DifferenceKind(kind)]


@register.simple_tag(takes_context=True)
def places(context: template.Context) -> list[tuple[str, str, bool]]:
    """Return the links of the head: word, address, and whether the page belongs there."""
    match = context["request"].resolver_match
    return links(match.url_name if match else "")
