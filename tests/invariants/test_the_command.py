"""manage.py check_invariants..."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from payments.models import InvariantCheck
from tests.database.tables import snapshot as digests
from tests.invariants.planting import honest_purchase

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    said = StringIO()
    try:
        call_command("check_invariants", *arguments, stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


def test_ends_with_0_where_all_held():
    honest_purchase()

    code, said = run()

    assert code == 0
    assert "I1  held      A checkout, and an order, is charged at most once" in said
    assert "    proved in tests/webhooks/test_when_the_database_is_away.py" in said
    assert "all 1 sessions looked at in" in said.splitlines()[-1]


def test_ends_with_1_and_names_what_offends():
    purchase = honest_purchase(captured_amount=10)

    code, said = run()

    assert code == 1
    assert f"    session {purchase.session_id}, purchase {purchase.public_id}: successful" in said
    assert "I2  violated  Successful here means charged there" in said


def test_ends_with_2_where_time_did_not_suffice():
    honest_purchase()

    code, said = run("--seconds", "0.000001")

    assert code == 2
    assert "I8  unknown" in said
    assert "    not all was checked: guards: no time was left" in said
    assert "held" not in said


def test_prints_one_json_document():
    purchase = honest_purchase(captured_amount=10)

    code, said = run("--json")

    document = json.loads(said)
    assert code == 1
    assert (document["sessions"], document["complete"]) == (1, True)
    assert [entry["id"] for entry in document["invariants"]] == [f"I{n}" for n in range(1, 22)]
    broken = document["invariants"][1]
    assert (broken["verdict"], broken["findings"][0]["id"]) == ("violated", purchase.public_id)
    assert document["invariants"][2]["proved_in"][0] == (
        "tests/scenarios/test_the_answer_was_lost.py"
    )


@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_refuses_to_take_no_time(seconds: str):
    with pytest.raises(CommandError, match="must be more than zero"):
        run("--seconds", seconds)


def test_changes_nothing():
    honest_purchase(captured_amount=10)
    before = digests()

    run()

    assert digests() == before
    assert InvariantCheck.objects.count() == 0
