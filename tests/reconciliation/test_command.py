"""manage.py reconcile..."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from payments.models import Discrepancy, Purchase, Resolution
from tests.builders import make_session, make_statement_format, make_user
from tests.contract.servers import ReplayingPsp, Reply
from tests.database.tables import snapshot
from tests.reconciliation.conftest import NOON, YESTERDAY, bought, charge_line

pytestmark = pytest.mark.django_db(transaction=True)

Statement = Callable[..., str]


def reconcile(*options: str) -> tuple[int, str, str]:
    """Run the command over yesterday; return its exit code, stdout and stderr."""
    out, err = StringIO(), StringIO()
    try:
        call_command("reconcile", "--psp", "sandbox", *options, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_says_that_all_is_well_and_shows_its_progress(statement: Statement):
    purchase = bought()

    status, said, progress = reconcile("--csv", statement(charge_line(purchase.session)))

    assert status == 0
    assert "1 lines, 1 payments compared, 0 differences (none), 0 known before, 0 healed." in said
    assert progress.splitlines()[:2] == [
        "comparing what the PSP lists: 1 lines, 0 compared, 0 differences",
        "judging lines about nothing of ours: 1 lines, 1 compared, 0 differences",
    ]


def test_lists_what_differs(statement: Statement):
    purchase = bought()

    status, said, _ = reconcile("--csv", statement(charge_line(purchase.session, amount="20.99")))

    assert status == 1
    assert "1 differences (amount 1)" in said
    assert "amount: ours successful, 19.99 EUR; theirs successful, 20.99 EUR [ch_" in said


def test_prints_json_alone_on_stdout(statement: Statement):
    purchase = bought()

    status, said, _ = reconcile("--json", "--csv", statement())

    answer = json.loads(said)
    [found] = answer["differences"]
    assert status == 1
    assert answer["found"] == {"missing_there": 1}
    assert (found["kind"], found["reference"]) == ("missing_there", purchase.session.reference)
    assert answer["from"] == YESTERDAY.isoformat()


def test_changes_nothing_on_a_dry_run(statement: Statement):
    bought()
    before = snapshot()

    status, said, _ = reconcile("--dry-run", "--csv", statement())

    after = snapshot()
    assert status == 1
    assert "missing_there: ours successful, 19.99 EUR; theirs nothing" in said
    assert {table for table in after if after[table] != before[table]} == {
        "payments_reconciliationrun"
    }


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--from", "01.01.2026"], "--from: '01.01.2026' is no day of the form YYYY-MM-DD"),
        (["--from", "2026-02-30"], "--from: '2026-02-30' is no day"),
        (["--from", "2026-01-01", "--to", "soon"], "--to: 'soon' is no day"),
        (["--from", "2026-01-02", "--to", "2026-01-01"], "comes after the last"),
        (["--from", "2020-01-01", "--to", "2026-01-01"], "longer than 366 days"),
        (["--csv", "/nowhere/books.csv"], "--csv: /nowhere/books.csv: .*No such file"),
        (["--mapping", "German"], "--mapping is for --csv"),
        (["--csv", "x.csv", "--mapping", "German"], "'German'; saved are: English"),
        (["--psp", "nonsense"], "--psp: 'nonsense' is not in use; in use: sandbox"),
    ],
)
def test_refuses_bad_input_and_changes_nothing(options: list[str], why: str):
    make_statement_format(name="English")
    before = snapshot()

    with pytest.raises(CommandError, match=why) as refused:
        reconcile(*options)

    assert refused.value.returncode == 2
    assert snapshot() == before


def test_refuses_a_statement_for_one_bad_line_naming_line_and_column(statement: Statement):
    purchase = bought()
    good, bad = charge_line(purchase.session), charge_line(purchase.session, currency="EURO")
    before = snapshot()

    with pytest.raises(CommandError, match="line 3, column 'currency': must be") as refused:
        reconcile("--csv", statement(good, bad))

    assert refused.value.returncode == 2
    assert snapshot() == before


def test_reads_a_statement_by_a_saved_mapping(statement: Statement):
    purchase = bought()
    columns = {"psp_reference": "A", "amount": "B", "currency": "C", "booked_at": "D"}
    make_statement_format(name="Short", columns=columns, delimiter=";")
    line = f"{purchase.payment_reference};19.99;EUR;{NOON.isoformat()}"

    status, said, _ = reconcile("--csv", statement(line, header="A;B;C;D\n"), "--mapping", "Short")

    assert (status, "1 payments compared, 0 differences" in said) == (0, True)


def test_pairs_by_amount_and_day_what_bears_no_name(statement: Statement):
    named, nameless = bought(), bought(payment_reference="")
    other = bought(payment_reference="", captured_amount=Decimal("12.00"))
    lines = [
        charge_line(named.session),
        charge_line(nameless.session, reference="", psp_token="", psp_reference="x1"),
        charge_line(other.session, reference="", psp_token="", psp_reference="x2", amount="12.00"),
    ]

    status, said, _ = reconcile("--csv", statement(*lines))

    assert (status, "3 payments compared, 0 differences" in said) == (0, True)


def test_finds_the_same_difference_once_until_somebody_resolves_it(statement: Statement):
    session = make_session(created_at=NOON)
    path = statement(charge_line(session))
    reconcile("--csv", path)
    assert reconcile("--csv", path)[0] == 1

    [row] = Discrepancy.objects.all()
    row.resolution, row.resolved_by, row.note = Resolution.RESOLVED, make_user(), "Refunded."
    row.resolved_at = NOON
    row.save()

    assert reconcile("--csv", path)[0] == 0
    assert Discrepancy.objects.count() == 1
    amended = statement(charge_line(session, amount="7.00"))
    assert reconcile("--csv", amended)[0] == 1
    assert Discrepancy.objects.count() == 2


def test_heals_what_the_psp_has_put_right_since(statement: Statement):
    purchase = bought()
    reconcile("--csv", statement())

    status, said, _ = reconcile("--csv", statement(charge_line(purchase.session)))

    assert (status, "1 healed" in said) == (0, True)
    [row] = Discrepancy.objects.all()
    assert row.resolution == Resolution.HEALED


def test_asks_the_psp_before_it_misses_what_may_lie_before_the_list(
    statement: Statement, psp: ReplayingPsp
):
    slow = bought(created_at=YESTERDAY - 12 * (NOON - YESTERDAY))
    psp.will_answer(Reply(200, as_looked_up(slow, "paid")))

    status, said, _ = reconcile("--csv", statement())

    assert (status, "1 payments compared, 0 differences" in said) == (0, True)
    assert [seen.path for seen in psp.requests] == [f"/v1/sessions/{slow.session.psp_token}"]


def test_believes_that_it_is_missing_if_the_psp_says_so(statement: Statement, psp: ReplayingPsp):
    slow = bought(created_at=YESTERDAY - 12 * (NOON - YESTERDAY))
    psp.will_answer(Reply(200, as_looked_up(slow, "declined")))

    status, _, _ = reconcile("--csv", statement())

    assert status == 1
    assert Discrepancy.objects.get().kind == "missing_there"
    slow.refresh_from_db()
    assert slow.phase == "captured"


def as_looked_up(purchase: Purchase, status: str) -> dict[str, Any]:
    """Return a session as the sandbox PSP shows it."""
    session = purchase.session
    return {
        "token": session.psp_token,
        "reference": session.reference,
        "status": status,
        "amount": session.amount,
        "currency": session.currency,
        "charge": purchase.payment_reference,
        "captured_amount": session.amount if status == "paid" else "0.00",
        "refunded_amount": "0.00",
    }
