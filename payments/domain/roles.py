"""Who may do what in the mid-office, as data: the groups are made from it, and docs show it.

A role is a group of the same name. Whoever is to do more than one thing is put into several.
"""

from __future__ import annotations

from typing import Final

ASK: Final = "change_purchase"
REFUND: Final = "refund_purchase"
CAPTURE: Final = "capture_purchase"
VOID: Final = "void_purchase"
CANCEL: Final = "cancel_session"
REPLAY: Final = "replay_receipt"
RESEND: Final = "resend_notification"
WORK_ON_CASES: Final = "work_on_case"
APPROVE: Final = "give_approval"
TAKE_BUNDLE: Final = "download_support_bundle"
RECONCILE: Final = "add_reconciliationrun"
RESOLVE_DISCREPANCY: Final = "change_discrepancy"
CHECK_INVARIANTS: Final = "add_invariantcheck"
SET_UP_SHOP: Final = "set_up_shop"

_OPERATOR: Final = frozenset(
    {
        ASK,
        CANCEL,
        REPLAY,
        RESEND,
        WORK_ON_CASES,
        TAKE_BUNDLE,
        RECONCILE,
        RESOLVE_DISCREPANCY,
        CHECK_INVARIANTS,
    }
)
_REFUNDER: Final = frozenset({ASK, REFUND, CAPTURE, VOID})

# Nobody but the admin may both ask for and agree to something; not even she to the same.
ROLES: Final[dict[str, frozenset[str]]] = {
    "viewer": frozenset(),
    "operator": _OPERATOR,
    "refunder": _REFUNDER,
    "approver": frozenset({APPROVE}),
    "admin": _OPERATOR | _REFUNDER | {APPROVE, SET_UP_SHOP},
}
