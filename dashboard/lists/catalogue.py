"""Every list, by its name in addresses."""

from __future__ import annotations

from typing import Final

from dashboard.lists.audit import AUDIT
from dashboard.lists.cases import CASES
from dashboard.lists.declared import List
from dashboard.lists.notifications import NOTIFICATIONS
from dashboard.lists.receipts import RECEIPTS
from dashboard.lists.refunds import REFUNDS
from dashboard.lists.runs import RUNS
from dashboard.lists.sessions import SESSIONS
from dashboard.lists.staff_events import STAFF_EVENTS

LISTS: Final[dict[str, List]] = {
    declared.name: declared
    for declared in (SESSIONS, REFUNDS, RECEIPTS, NOTIFICATIONS, CASES, RUNS, AUDIT, STAFF_EVENTS)
}
