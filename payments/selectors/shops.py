"""Shops, as staff look after them."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from payments.models import Shop


def shops_with_keys() -> QuerySet[Shop]:
    """Return every shop by name, with how many of its keys are good."""
    good = Count("api_keys", Q(api_keys__revoked=False))
    return Shop.objects.annotate(good_keys=good).order_by("name")
