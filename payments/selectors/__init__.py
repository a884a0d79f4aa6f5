"""Every read that the API, the pages and the tasks need, by what it selects. Writes nothing."""

from payments.selectors.approvals import (
    all_approvals,
    approvals_decided,
    approvals_of_case,
    approvals_of_session,
    approvals_of_shop,
    approvals_to_carry_out,
    approvals_waiting,
    may_be_carried_out,
    may_be_decided,
    shop_of_approval,
)
from payments.selectors.as_shown import (
    instruction_as_shown,
    purchase_as_shown,
    refund_as_shown,
    result_url,
    session_as_shown,
)
from payments.selectors.cases import (
    all_cases,
    events_of_case,
    events_of_staff,
    open_cases,
    staff_events,
)
from payments.selectors.counting import count_fitting
from payments.selectors.findings import (
    all_discrepancies,
    count_open_discrepancies,
    discrepancies_of,
    discrepancies_of_session,
    last_invariant_check,
    reconciliation_runs,
)
from payments.selectors.messages import (
    all_notifications,
    all_receipts,
    notifications_of,
    receipts_of,
    waiting_notifications,
)
from payments.selectors.psps import moves_no_money, psps_as_shown
from payments.selectors.purchases import (
    all_refunds,
    captures_of,
    instructions_of,
    pending_instruction,
    refunds_of,
)
from payments.selectors.sessions import (
    all_sessions,
    purchase_of,
    session_by_id,
    session_of_shop,
    session_of_shopper,
    sessions_of_shop,
)
from payments.selectors.shops import shops_with_keys

__all__ = [
    "all_approvals",
    "all_cases",
    "all_discrepancies",
    "all_notifications",
    "all_receipts",
    "all_refunds",
    "all_sessions",
    "approvals_decided",
    "approvals_of_case",
    "approvals_of_session",
    "approvals_of_shop",
    "approvals_to_carry_out",
    "approvals_waiting",
    "captures_of",
    "count_fitting",
    "count_open_discrepancies",
    "discrepancies_of",
    "discrepancies_of_session",
    "events_of_case",
    "events_of_staff",
    "instruction_as_shown",
    "instructions_of",
    "last_invariant_check",
    "may_be_carried_out",
    "may_be_decided",
    "moves_no_money",
    "notifications_of",
    "open_cases",
    "pending_instruction",
    "psps_as_shown",
    "purchase_as_shown",
    "purchase_of",
    "receipts_of",
    "reconciliation_runs",
    "refund_as_shown",
    "refunds_of",
    "result_url",
    "session_as_shown",
    "session_by_id",
    "session_of_shop",
    "session_of_shopper",
    "sessions_of_shop",
    "shop_of_approval",
    "shops_with_keys",
    "staff_events",
    "waiting_notifications",
]
