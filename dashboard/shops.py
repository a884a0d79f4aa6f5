"""The shops, and one shop: what lets it in, what it knows us by, and who changed that.

No key and no secret is ever shown here; they are known by name and age.
"""

from __future__ import annotations

from typing import Final, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.access import staff_only
from dashboard.pages import page
from dashboard.shop_acts import acts_on_shop, shop_or_404
from payments import selectors

SHOWN_AT_MOST: Final = 50


@staff_only
@require_safe
def shops(request: HttpRequest) -> HttpResponse:
    """List the shops."""
    return page(request, "dashboard/shops.html", {"shops": selectors.shops_with_keys()})


@staff_only
@require_safe
def shop(request: HttpRequest, shop_id: UUID) -> HttpResponse:
    """Show one shop, its keys and secrets, and what was done to them."""
    found, now = shop_or_404(shop_id), timezone.now()
    return page(
        request,
        "dashboard/shop.html",
        {
            "shop": found,
            "keys": found.api_keys.order_by("-created")[:SHOWN_AT_MOST],
            "secrets": found.notification_secrets.order_by("-pk")[:SHOWN_AT_MOST],
            "approvals": selectors.approvals_of_shop(found),
            "history": found.staff_events.order_by("-created_at", "-pk")[:SHOWN_AT_MOST],
            "acts": acts_on_shop(found, cast("User", request.user)),
            "now": now,
        },
    )
