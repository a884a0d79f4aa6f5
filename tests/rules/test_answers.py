"""Answers: what may be concluded from each, and what may not."""

from __future__ import annotations

from itertools import product

from payments.domain.answers import (
    UNHEALTHY,
    CallOutcome,
    Conclusion,
    conclude_purchase,
    conclude_refund,
    never_arrived,
)

# Outcome, then what is concluded from the only send, and from a repeat.
PURCHASE = {
    CallOutcome.OPEN: (Conclusion.IN_DOUBT, Conclusion.IN_DOUBT),
    CallOutcome.ANSWERED: (Conclusion.APPLY, Conclusion.APPLY),
    CallOutcome.NOT_SENT: (Conclusion.SEND_LATER, Conclusion.SEND_LATER),
    CallOutcome.RETRYABLE: (Conclusion.SEND_LATER, Conclusion.SEND_LATER),
    CallOutcome.IN_DOUBT: (Conclusion.IN_DOUBT, Conclusion.IN_DOUBT),
    CallOutcome.DECLINED: (Conclusion.APPLY, Conclusion.APPLY),
    CallOutcome.DECLINED_FOR_NOW: (Conclusion.ASK_SHOPPER, Conclusion.ASK_SHOPPER),
    CallOutcome.STATE_CONFLICT: (Conclusion.IN_DOUBT, Conclusion.IN_DOUBT),
    CallOutcome.INVALID_REQUEST: (Conclusion.NEVER_HAPPENED, Conclusion.IN_DOUBT),
    CallOutcome.AUTH_FAILED: (Conclusion.SEND_LATER, Conclusion.SEND_LATER),
    CallOutcome.UNSUPPORTED: (Conclusion.NEVER_HAPPENED, Conclusion.IN_DOUBT),
}
REFUND = PURCHASE | {
    CallOutcome.DECLINED: (Conclusion.NEVER_HAPPENED, Conclusion.IN_DOUBT),
    CallOutcome.STATE_CONFLICT: (Conclusion.NEVER_HAPPENED, Conclusion.IN_DOUBT),
}


def test_a_purchase_is_concluded_from_proof_alone() -> None:
    concluded = {
        outcome: tuple(conclude_purchase(outcome, first_and_only=only) for only in (True, False))
        for outcome in CallOutcome
    }

    assert concluded == PURCHASE


def test_a_refund_is_concluded_from_proof_alone() -> None:
    concluded = {
        outcome: tuple(conclude_refund(outcome, first_and_only=only) for only in (True, False))
        for outcome in CallOutcome
    }

    assert concluded == REFUND


def test_a_call_never_arrived_if_its_only_send_was_turned_away() -> None:
    proved = [
        (outcome, only_one)
        for outcome, only_one in product(CallOutcome, (True, False))
        if never_arrived(outcome, first_and_only=only_one)
    ]

    assert proved == [(CallOutcome.NOT_SENT, True), (CallOutcome.RETRYABLE, True)]


def test_speaks_against_the_psps_health_only_where_it_could_not_answer() -> None:
    assert set(UNHEALTHY) == {CallOutcome.NOT_SENT, CallOutcome.IN_DOUBT, CallOutcome.RETRYABLE}
