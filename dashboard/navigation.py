"""Where the mid-office leads: the places in every page's head, and which one a page belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Place:
    """One link. `beside` names the pages that are reached from it."""

    word: str
    name: str
    beside: frozenset[str] = frozenset()


PLACES: Final = (
    Place("Home", "mid-office:home"),
    Place("Sessions", "mid-office:sessions", frozenset({"session", "search"})),
    Place("Refunds", "mid-office:refunds"),
    Place("Cases", "mid-office:cases", frozenset({"case"})),
    Place("Receipts", "mid-office:receipts"),
    Place("Notifications", "mid-office:notifications"),
    Place(
        "Reconciliation",
        "mid-office:reconciliations",
        frozenset({"reconciliation", "reconcile-now", "discrepancies", "discrepancy"}),
    ),
    Place("Approvals", "mid-office:approvals", frozenset({"approval", "carry-out"})),
    Place("Shops", "mid-office:shops", frozenset({"shop"})),
    Place("PSPs", "mid-office:psps"),
    Place("Invariants", "mid-office:invariants"),
    Place("Audit", "mid-office:audit", frozenset({"staff-events"})),
    Place(
        "Your security",
        "mfa_index",
        frozenset(
            {
                "account_change_password",
                "account_set_password",
                "mfa_activate_totp",
                "mfa_deactivate_totp",
                "mfa_add_webauthn",
                "mfa_remove_webauthn",
                "mfa_view_recovery_codes",
                "mfa_generate_recovery_codes",
            }
        ),
    ),
    Place("Admin", "admin:index"),
)


def links(here: str) -> list[tuple[str, str, bool]]:
    """Return each place's word and address, and whether the page `here` belongs to it."""
    return [
        (place.word, reverse(place.name), here in {place.name.rpartition(":")[2], *place.beside})
        for place in PLACES
    ]
