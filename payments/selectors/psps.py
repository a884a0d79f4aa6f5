"""Which PSPs a shop may use, and whether they move real money."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from payments.circuit import Circuit
from payments.models import Shop
from payments.psp import is_for_tests, psp_client, psp_mode


def psps_as_shown(shop: Shop) -> list[dict[str, Any]]:
    """Return the PSPs that a shop is routed to and that are in use, as shops see them.

    In the order of the shop's routing. A PSP's currencies are those that lead to it.
    """
    routed = dict.fromkeys(name for names in shop.routing.values() for name in names)
    return [_psp_as_shown(shop, name) for name in routed if name in settings.BPS_PSPS]


def _psp_as_shown(shop: Shop, name: str) -> dict[str, Any]:
    can = psp_client(name).capabilities
    return {
        "name": name,
        "currencies": sorted(code for code in can.currencies if name in shop.psps_for(code)),
        "confirm_mode": str(can.confirm_mode),
        "manual_capture": can.manual_capture,
        "mode": str(psp_mode(name)),
        "available": not Circuit(name).is_open(),
    }


def moves_no_money(psp: str = "") -> bool:
    """Tell whether a page must say that no real money is moved: of a PSP, or of any in use."""
    return any(is_for_tests(name) for name in ([psp] if psp else settings.BPS_PSPS))
