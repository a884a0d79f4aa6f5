"""Filters of the mid-office's templates."""

from __future__ import annotations

from datetime import datetime

from django import template

from dashboard.ages import in_words
from dashboard.visible import visible as spelled_out

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
