"""Cases: what a person must look at, and what was."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.urls import reverse

from dashboard.badges import Badge
from dashboard.lists import cells, fields
from dashboard.lists.declared import Column, List, Tab
from payments import selectors
from payments.models import Case, CaseKind

_OPEN: Final = Badge("open", "case", "flag")
_RESOLVED: Final = Badge("resolved", "successful", "check")
IS_OPEN: Final = Q(resolved_at=None)


def _owner(case: Case) -> str:
    return case.owner.get_username() if case.owner else ""


def _what(case: Case) -> cells.Cell:
    return cells.link(case.get_kind_display(), reverse("mid-office:case", args=[case.pk]))


CASES: Final = List(
    name="cases",
    title="Cases",
    nothing="No case fits.",
    rows=selectors.all_cases,
    columns=(
        Column("Status", lambda case: cells.status(_RESOLVED if case.resolved_at else _OPEN)),
        Column("Age", lambda case: cells.age(case.created_at)),
        Column("Amount", lambda case: cells.money(case.session.amount, case.session.currency)),
        Column("Checkout", lambda case: fields.checkout(case.session)),
        Column("What", _what),
        Column("Detail", lambda case: cells.words(case.detail)),
        Column("Owner", lambda case: cells.words(_owner(case))),
        Column("PSP", lambda case: cells.words(case.session.psp)),
        Column("Opened (UTC)", lambda case: cells.instant(case.created_at)),
    ),
    exported={
        "Status": lambda case: "resolved" if case.resolved_at else "open",
        "Kind": lambda case: case.kind,
        "Detail": lambda case: case.detail,
        "Owner": _owner,
        "Resolution": lambda case: case.resolution,
        "Amount": lambda case: case.session.amount,
        "Currency": lambda case: case.session.currency,
        "Checkout": lambda case: case.session.checkout_id,
        "Order": lambda case: case.session.order_reference,
        "PSP": lambda case: case.session.psp,
        "Case": lambda case: case.pk,
        "Opened (UTC)": lambda case: case.created_at,
        "Resolved (UTC)": lambda case: case.resolved_at,
    },
    tabs={
        "open": Tab("Open", within=IS_OPEN),
        "unowned": Tab("Nobody's", within=IS_OPEN, also=Q(owner=None)),
        "resolved": Tab("Resolved", also=Q(resolved_at__isnull=False)),
        "all": Tab("All"),
    },
    filters={
        "kind": fields.choice("Kind", CaseKind.choices, "kind"),
        "psp": fields.psp("session__psp"),
        "owner": fields.exactly("Owner", "owner__username", longest=150),
    },
)
