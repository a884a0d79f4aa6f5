"""What a second person agrees to is bound to its exact arguments, and ends once."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from payments.domain.approvals import (
    APPROVAL_GRAPH,
    CARRIED_OUT_BY_WHO_ASKED,
    CARRIED_OUT_WITHIN,
    EXPIRES_AFTER,
    ApprovedAct,
    arguments_hash,
)

ARGUMENTS = {"purchase": "pur_1", "amount": "20.00"}


def test_it_is_bound_to_the_act_and_its_arguments():
    written = b'["refund",{"amount":"20.00","purchase":"pur_1"}]'

    assert arguments_hash("refund", ARGUMENTS) == hashlib.sha256(written).hexdigest()


def test_the_order_of_arguments_binds_nobody():
    turned = dict(reversed(ARGUMENTS.items()))

    assert arguments_hash("refund", turned) == arguments_hash("refund", ARGUMENTS)


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        ("resolve_case", ARGUMENTS),
        ("refund", {**ARGUMENTS, "amount": "20.01"}),
        ("refund", {**ARGUMENTS, "reason": ""}),
        ("refund", {"purchase": "pur_1"}),
    ],
)
def test_anything_else_is_not_agreed_to(act: str, arguments: dict[str, str]):
    assert arguments_hash(act, arguments) != arguments_hash("refund", ARGUMENTS)


def test_it_waits_a_day_for_seven_acts():
    assert timedelta(days=1) == EXPIRES_AFTER
    assert set(map(str, ApprovedAct)) == {
        "refund",
        "resolve_case",
        "replay_many",
        "make_api_key",
        "revoke_api_key",
        "rotate_secret",
        "change_limits",
    }


def test_what_is_shown_once_waits_a_day_for_who_asked():
    assert timedelta(days=1) == CARRIED_OUT_WITHIN
    assert set(map(str, CARRIED_OUT_BY_WHO_ASKED)) == {"make_api_key", "rotate_secret"}


def test_it_is_carried_out_once_and_only_if_it_was_granted():
    following = {str(state): set(map(str, ends)) for state, ends in APPROVAL_GRAPH.items()}

    assert following == {
        "waiting": {"granted", "rejected"},
        "granted": {"done", "failed"},
        "done": set(),
        "failed": set(),
        "rejected": set(),
    }
