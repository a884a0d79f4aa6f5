"""How each PSP has fared: counted from the rows of calls and events, over a time that is asked for.

Nothing is kept for it: two indexes hold what is counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection

from payments.circuit import Circuit
from payments.models import OUTCOME_EVENTS, CallOutcome, CauseKind

# A refusal that was understood is a healthy answer.
UNDERSTOOD: Final = (CallOutcome.ANSWERED, CallOutcome.DECLINED, CallOutcome.STATE_CONFLICT)
# By what an outcome came to be known; whatever else it was is "other".
ROADS: Final[dict[str, str]] = {
    CauseKind.RECEIPT: "webhooks",
    CauseKind.PSP_CALL: "answers",
    CauseKind.RETURN: "returns",
    CauseKind.POLL: "polls",
}
OTHER: Final = "other"

CALLS: Final = """
    SELECT psp, count(*),
           count(*) FILTER (WHERE outcome = ANY(%(understood)s)),
           count(*) FILTER (WHERE outcome = 'in_doubt'),
           percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms)
               FILTER (WHERE outcome <> 'not_sent')
      FROM payments_pspcall
     WHERE psp = ANY(%(psps)s)
       AND answered_at >= %(since)s AND answered_at < %(until)s
     GROUP BY psp
"""
# The names stand in the statement itself, so that the index of outcomes is seen to fit.
OUTCOMES: Final = f"""
    SELECT session.psp, event.cause_kind, count(*)
      FROM payments_event AS event
      JOIN payments_paymentsession AS session ON session.id = event.session_id
     WHERE event.name IN ({", ".join(f"'{name}'" for name in OUTCOME_EVENTS)})
       AND event.created_at >= %(since)s AND event.created_at < %(until)s
     GROUP BY session.psp, event.cause_kind
"""  # noqa: S608 - the names are ours


@dataclass(frozen=True, slots=True)
class PspHealth:
    """What became of calls to one PSP, how long they took, and how outcomes came to be known."""

    psp: str
    is_failing: bool  # its circuit is open now
    calls: int
    understood: int
    in_doubt: int
    p50_ms: int | None
    p95_ms: int | None
    outcomes: Counter[str]  # by road

    @property
    def errors(self) -> int:
        """Calls that were not sent, or refused for what was sent, or for now."""
        return self.calls - self.understood - self.in_doubt

    @property
    def webhook_share(self) -> int | None:
        """Percent of the outcomes that a webhook told first; None where there were none."""
        total = self.outcomes.total()
        return round(100 * self.outcomes["webhooks"] / total) if total else None


def health_of_psps(*, since: datetime, until: datetime) -> list[PspHealth]:
    """Return how each PSP in use has fared from `since` until before `until`."""
    period = {"since": since, "until": until}
    understood = [str(outcome) for outcome in UNDERSTOOD]
    with connection.cursor() as cursor:
        cursor.execute(CALLS, {**period, "psps": settings.BPS_PSPS, "understood": understood})
        calls = {psp: counted for psp, *counted in cursor.fetchall()}
        cursor.execute(OUTCOMES, period)
        outcomes: dict[str, Counter[str]] = {}
        for psp, cause, count in cursor.fetchall():
            outcomes.setdefault(psp, Counter())[ROADS.get(cause, OTHER)] += count
    return [
        _health(psp, calls.get(psp, [0, 0, 0, None]), outcomes.get(psp, Counter()))
        for psp in settings.BPS_PSPS
    ]


def _health(psp: str, counted: list[Any], outcomes: Counter[str]) -> PspHealth:
    calls, understood, in_doubt, percentiles = counted
    p50, p95 = percentiles or (None, None)
    return PspHealth(
        psp=psp,
        is_failing=Circuit(psp).is_open(),
        calls=calls,
        understood=understood,
        in_doubt=in_doubt,
        p50_ms=p50,
        p95_ms=p95,
        outcomes=outcomes,
    )
