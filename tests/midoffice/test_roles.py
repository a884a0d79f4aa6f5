"""Each role may do what docs/mid-office.md says, and nothing else..."""

from __future__ import annotations

import itertools
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from dashboard import urls
from dashboard.security.urls import AGAIN, OWN_SECURITY
from dashboard.shop_acts import SHOP_ACTS
from payments.domain.lifecycle import Phase
from payments.domain.roles import ROLES
from payments.models import Event, PaymentSession, StaffEvent
from tests.builders import (
    make_approval,
    make_case,
    make_discrepancy,
    make_notification_try,
    make_purchase,
    make_receipt,
    make_session,
    make_user,
)
from tests.database.tables import changed_since, snapshot
from tests.midoffice.conftest import let_in

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs/mid-office.md"
DECIDING, BOARD = "approval (deciding)", "check-invariants"
ACT_OF = {DECIDING: "decide"}  # all others are recorded by the names they have in the table
# What everybody has of their own, each page tried elsewhere by whoever's it is.
ONES_OWN = {"save-view", "delete-view", "mfa_remove_webauthn", "mfa_view_recovery_codes"}
OF_LOGINS = {pattern.name for pattern in [*AGAIN, *OWN_SECURITY]}
# What is done by a button alone has no page to be asked for.
BUTTONS = {DECIDING, "support-bundle", "resolve-discrepancy", BOARD}
# What is about no session leaves its refusals among the staff events.
ABOUT_NO_SESSION = {
    "ask-many",
    "replay-many",
    "resend-since",
    "reconcile-now",
    BOARD,
    "carry-out",
    *(act.name for act in SHOP_ACTS),
}


class Line(NamedTuple):
    """One line of the table: a page or act, and the roles that may."""

    name: str
    roles: frozenset[str]


@cache
def documented() -> list[Line]:
    """Return the table of docs/mid-office.md."""
    rows = [
        [cell.strip().replace("`", "") for cell in line.strip("| \n").split("|")]
        for line in PAGE.read_text().splitlines()
        if re.match(r"\| (`|page or act)", line)
    ]
    heads = [row for row in rows if row[0] == "page or act"]
    [[_, *roles]] = heads
    answers = [row for row in rows if set(row[1:]) <= {"yes", "no"}]
    return [
        Line(name, frozenset(itertools.compress(roles, [word == "yes" for word in words])))
        for name, *words in answers
    ]


@pytest.fixture
def groups() -> None:
    """Make the groups as the migration does; tests that empty the tables have removed them."""
    import_module("payments.migrations.0002_roles").make_groups(apps, None)


def in_role(role: str) -> Client:
    """Return the browser of one who is named as their role, and just showed a second factor."""
    user = make_user(username=role)
    user.groups.add(Group.objects.get(name=role))
    return let_in(user)


def rows() -> dict[str, Any]:
    """Make what the pages and acts are about; return the row of each name."""
    purchase = make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED)
    session = purchase.session
    unbought = make_session()
    case, discrepancy = make_case(session), make_discrepancy(session)
    approval = make_approval(session)
    about = dict.fromkeys(
        ("session", "ask-the-psp", "refund", "capture", "void", "support-bundle"), session
    )
    return {
        **about,
        "cancel-session": unbought,
        "replay-receipt": make_receipt(unbought, reference=unbought.reference),
        "resend-notification": make_notification_try(session).notification,
        **dict.fromkeys(("case", "assign-case", "annotate-case", "resolve-case"), case),
        **dict.fromkeys(("approval", DECIDING), approval),
        "carry-out": make_approval(
            None, act="make_api_key", arguments={"shop": str(session.shop_id)}
        ),
        **dict.fromkeys(("shop", *(act.name for act in SHOP_ACTS)), session.shop),
        "reconciliation": discrepancy.run,
        **dict.fromkeys(("discrepancy", "resolve-discrepancy"), discrepancy),
    }


def test_the_table_knows_every_page_and_act():
    names = {pattern.name for pattern in [*urls.urlpatterns, *AGAIN, *OWN_SECURITY]} - ONES_OWN

    assert {line.name for line in documented()} == names | {DECIDING}


def test_the_table_knows_every_role():
    assert {role for line in documented() for role in line.roles} == set(ROLES)


def test_the_groups_have_the_permissions_of_the_roles(groups: None):
    assert {
        group.name: frozenset(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.filter(name__in=ROLES)
    } == ROLES


@pytest.mark.parametrize("role", ROLES)
def test_as_documented(role: str, groups: None):
    lines = [line for line in documented() if line.name != BOARD]

    try_every(lines, role, about=rows())


@pytest.mark.django_db(transaction=True)  # the board is looked at in a transaction of its own
def test_the_board_is_looked_at_as_documented(groups: None):
    lines = [line for line in documented() if line.name == BOARD]

    for role in ROLES:
        try_every(lines, role, about={})


def try_every(lines: list[Line], role: str, about: dict[str, Any]) -> None:
    """Expect that a role may do what the lines say; what it may not is recorded, and no more."""
    browser = in_role(role)
    addresses = {line.name: address_of(line.name, about.get(line.name)) for line in lines}
    may = [line.name for line in lines if role in line.roles]
    may_not = [line.name for line in lines if role not in line.roles]

    answers = {
        name: (browser.post if name in BUTTONS else browser.get)(addresses[name]).status_code
        for name in may
    }
    assert {name: status for name, status in answers.items() if status not in {200, 302}} == {}

    before = snapshot()
    answers = {
        name: browser.post(addresses[name], {"reason": "please"}).status_code for name in may_not
    }
    assert answers == dict.fromkeys(may_not, 403)
    expected = sorted((ACT_OF.get(name, name), table_of_refusals(name)) for name in may_not)
    assert refusals_of(role) == expected
    assert changed_since(before) == {table for _, table in expected}


def address_of(name: str, row: Any) -> str:
    """Return the address of a line's page or act."""
    view = name.removesuffix(" (deciding)")
    return reverse(
        view if view in OF_LOGINS else f"mid-office:{view}", args=[row.pk] if row else []
    )


def table_of_refusals(name: str) -> str:
    """Return the table that tells of it when an act is refused."""
    table = StaffEvent if name in ABOUT_NO_SESSION else Event
    return table._meta.db_table  # noqa: SLF001 - documented as public


def refusals_of(actor: str) -> list[tuple[str, str]]:
    """Return which acts somebody was refused, each with the table that tells of it."""
    return sorted(
        (told.data["act"], table._meta.db_table)  # noqa: SLF001 - documented as public
        for table in (Event, StaffEvent)
        for told in table.objects.filter(name="act.refused", actor=actor)
    )


def test_a_role_lets_nobody_in_who_is_no_staff(groups: None):
    user, browser = make_user(is_staff=False), Client()
    user.groups.add(Group.objects.get(name="admin"))
    browser.force_login(user)

    assert browser.get(reverse("mid-office:sessions")).status_code == 403
    assert not PaymentSession.objects.exists()
