"""The controls of the sandbox PSP."""

import time
from datetime import datetime
from functools import partial

import pytest
import requests

from sandbox.psp.scenarios import drawn
from tests import direct
from tests.sandbox.merchant import Merchant, Session

HOURS = {"20.03": "paid", "20.04": "declined"}


def _send(merchant: Merchant, path: str, body: object) -> requests.Response:
    return direct.post(f"{merchant.sandbox.psp_url}/control/{path}", json=body, timeout=10)


@pytest.mark.parametrize("amount", HOURS)
def test_let_hours_pass_at_once(merchant: Merchant, amount: str):
    session = merchant.register(amount=amount)
    assert merchant.purchase(session).json()["status"] == "processing"

    merchant.sandbox.control("clock", {"advance_seconds": 4 * 3600 - 600})
    time.sleep(0.5)
    before = merchant.status(session)
    merchant.sandbox.control("clock", {"advance_seconds": 601})

    assert before == "processing"
    merchant.wait_for_status(session, HOURS[amount])
    charged = "20.03" if amount == "20.03" else "0.00"
    assert merchant.books(session)["charged"] == charged
    assert merchant.look_up(session)["decline_code"] == (None if charged > "1" else "card_declined")


def test_let_time_run_faster(merchant: Merchant):
    session = merchant.register(amount="20.03")
    merchant.purchase(session)

    clock = merchant.sandbox.control("clock", {"speed": 7200})

    assert clock["speed"] == 7200
    assert merchant.wait_for_status(session, "paid") > 1.5
    later = merchant.sandbox.control("clock")
    passed = datetime.fromisoformat(later["now"]) - datetime.fromisoformat(clock["now"])
    assert passed.total_seconds() > 4 * 3600 - 100


def test_leave_wall_seconds_alone(merchant: Merchant):
    merchant.sandbox.control("clock", {"speed": 100})
    session = merchant.register(amount="20.18")
    merchant.purchase(session)

    assert merchant.wait_for_status(session, "paid") > 2.5


def test_put_everything_back_to_normal(merchant: Merchant):
    merchant.sandbox.control("clock", {"speed": 50, "advance_seconds": 86_400})
    merchant.sandbox.control("outage", {"seconds": 60, "mode": "503"})
    merchant.sandbox.control("policy", {"single_success": False, "key_window_seconds": 1})
    merchant.sandbox.control("faults", {"rates": {"decline": 1}, "seed": 3})

    merchant.sandbox.control("reset", {})

    clock = merchant.sandbox.control("clock")
    assert (clock["speed"], abs(clock["ahead_seconds"]) < 0.1) == (1, True)
    session = merchant.paid()
    assert merchant.purchase(session).headers["Token-Used"] == "true"


@pytest.mark.parametrize(
    ("mode", "headers"), [("503", None), ("503_nothing", "true"), ("drop", None)]
)
def test_let_the_psp_be_away(merchant: Merchant, mode: str, headers: str | None):
    session = merchant.register()
    merchant.sandbox.control("outage", {"seconds": 30, "mode": mode})

    for call in (partial(merchant.purchase, session), partial(merchant.get, "transactions")):
        if mode == "drop":
            with pytest.raises(requests.ConnectionError):
                call()
        else:
            response = call()
            assert response.status_code == 503
            assert response.json()["error"]["code"] == "unavailable"
            assert response.headers.get("Nothing-Happened") == headers

    merchant.sandbox.control("outage", {"seconds": 0})
    assert merchant.status(session) == "open"
    books = merchant.books(session)
    assert (books["charges"], books["purchase_requests"]) == ([], 0)


def test_end_an_outage_by_the_wall(merchant: Merchant):
    merchant.sandbox.control("outage", {"seconds": 1, "mode": "503"})
    assert merchant.get("transactions").status_code == 503

    time.sleep(1.1)

    assert merchant.get("transactions").status_code == 200


def test_choose_a_scenario_over_the_amount(merchant: Merchant):
    session = merchant.register(amount="20.01")

    answer = merchant.sandbox.control(f"sessions/{session.token}", {"scenario": "decline"})

    assert answer["scenario"] == "decline"
    assert merchant.purchase(session).json()["status"] == "declined"


def test_choose_nothing_once_the_purchase_has_begun(merchant: Merchant):
    session = merchant.paid()

    response = _send(merchant, f"sessions/{session.token}", {"scenario": "decline"})

    assert response.status_code == 409
    assert merchant.status(session) == "paid"


def _drawn(merchant: Merchant, sessions: list[Session]) -> list[str]:
    return [merchant.purchase(session).json()["status"] for session in sessions]


def test_draw_faults_repeatably(merchant: Merchant):
    rates = {"rates": {"decline": 0.5}, "seed": 7}
    merchant.sandbox.control("faults", rates)
    mark = merchant.registration()["reference"]
    references = [f"fixed-{number}" for number in range(20)]

    statuses = _drawn(merchant, [merchant.register(reference=f"{mark}-{n}") for n in references])
    chosen = merchant.register(amount="20.01")

    assert set(statuses) == {"paid", "declined"}
    assert _drawn(merchant, [chosen]) == ["paid"]
    merchant.sandbox.control("faults", {"rates": {}})
    assert _drawn(merchant, [merchant.register() for _ in range(10)]) == ["paid"] * 10


def test_draw_the_same_for_the_same_seed_and_reference():
    rates = {"charge_then_drop": 0.3, "decline": 0.3}

    first = [drawn(rates, seed=1, reference=f"r{n}").name for n in range(300)]

    assert first == [drawn(rates, seed=1, reference=f"r{n}").name for n in range(300)]
    assert first != [drawn(rates, seed=2, reference=f"r{n}").name for n in range(300)]
    assert 60 < first.count("decline") < 120
    assert 60 < first.count("charge_then_drop") < 120
    assert 90 < first.count("approve") < 150


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("clock", {"speed": -1}, "speed"),
        ("clock", {"speed": "fast"}, "speed"),
        ("clock", {"advance_seconds": -5}, "advance_seconds"),
        ("outage", {"seconds": 5, "mode": "sleep"}, "mode"),
        ("outage", {}, "seconds"),
        ("faults", {"rates": {"nonsense": 0.1}}, "rates"),
        ("faults", {"rates": {"decline": 2}}, "rates"),
        ("faults", {"rates": {"decline": 0.6, "slow": 0.6}}, "rates"),
        ("policy", {"key_window_seconds": -1}, "key_window_seconds"),
        ("webhooks/resend", {}, "token"),
    ],
)
def test_refuse_what_makes_no_sense(
    merchant: Merchant, path: str, body: dict[str, object], field: str
):
    response = _send(merchant, path, body)

    assert response.status_code == 400
    assert response.json()["error"]["field"] == field
    clock = merchant.sandbox.control("clock")
    assert (clock["speed"], abs(clock["ahead_seconds"]) < 0.1) == (1, True)
    assert merchant.get("transactions").status_code == 200


def test_refuse_an_unknown_scenario_and_an_unknown_token(merchant: Merchant):
    session = merchant.register()

    unknown_word = _send(merchant, f"sessions/{session.token}", {"scenario": "miracle"})
    unknown_token = _send(merchant, "sessions/tok_nobody", {"scenario": "decline"})

    assert (unknown_word.status_code, unknown_token.status_code) == (400, 404)
    assert merchant.purchase(session).json()["status"] == "paid"
