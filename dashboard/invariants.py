"""The board of invariants: what held when it was last looked at, and what did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import staff_only
from dashboard.acts import refuse
from dashboard.badges import Badge
from dashboard.pages import page
from payments import selectors
from payments.invariants.catalogue import INVARIANTS, Invariant
from payments.invariants.findings import Verdict
from payments.services.check_invariants import check_invariants

CHECK: Final = "payments.add_invariantcheck"
# Somebody waits at the page; the clock's own board takes longer if it must.
SECONDS: Final = 10
_BADGES: Final[dict[str, Badge]] = {
    Verdict.HELD: Badge("held", "successful", "check"),
    Verdict.VIOLATED: Badge("violated", "failed", "cross"),
    Verdict.UNKNOWN: Badge("unknown", "started", "question"),
    Verdict.ELSEWHERE: Badge("proved elsewhere", "open", "lock"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One invariant and what the last board says of it; nothing was said before the first one."""

    invariant: Invariant
    badge: Badge
    result: dict[str, Any]


@staff_only
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Show every invariant as the last board found it."""
    last = selectors.last_invariant_check()
    results = {result["id"]: result for result in last.results} if last else {}
    return page(
        request,
        "dashboard/invariants.html",
        {
            "rows": [_row(invariant, results.get(invariant.id)) for invariant in INVARIANTS],
            "last": last,
            "may_check": request.user.has_perm(CHECK),
            "now": timezone.now(),
        },
    )


def _row(invariant: Invariant, result: dict[str, Any] | None) -> Row:
    unseen = Verdict.UNKNOWN if invariant.is_visible else Verdict.ELSEWHERE
    return Row(invariant, _BADGES[result["verdict"] if result else unseen], result or {})


@staff_only
@require_POST
def check_now(request: HttpRequest) -> HttpResponse:
    """Look at the invariants now, and show what was found."""
    if not request.user.has_perm(CHECK):
        refuse(cast("User", request.user), "check-invariants", None)
    actor = request.user.get_username()
    check = check_invariants(now=timezone.now(), seconds=SECONDS, actor=actor)
    messages.success(request, f"Looked at {check.sessions} sessions in {check.duration_ms} ms.")
    return redirect("mid-office:invariants")
