"""Carries out a purchase: charges by token, once, in the manner of the session's scenario.

The session stays locked from the first look to the commit, so that of any number of requests
at once one begins the purchase and the others find it begun.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import connection

from sandbox.clocks import Now
from sandbox.issuer import bank
from sandbox.psp import delivery, outcomes
from sandbox.psp.answers import Answer
from sandbox.psp.errors import invalid_request, state_conflict
from sandbox.psp.fields import Fields
from sandbox.psp.models import Conditions, PurchaseRequest, Session
from sandbox.psp.money import decimal_string
from sandbox.psp.scenarios import BY_NAME, Scenario, Webhooks, chosen_by_amount, drawn
from sandbox.psp.sessions import locked
from sandbox.psp.wire import session_json

Status = Session.Status
FAILURE = {"error": {"code": "internal_error", "message": "Something broke.", "field": None}}


@dataclass(frozen=True, slots=True)
class Request:
    """One purchase request. The books know it as `attempt`."""

    token: str
    fields: Fields
    attempt: int
    conditions: Conditions
    now: Now


def count_request(token: str, now: Now) -> None:
    """Note that a purchase request for this token reached the PSP, whatever will come of it."""
    for session_id in Session.objects.filter(token=token).values_list("pk", flat=True):
        PurchaseRequest.objects.create(session_id=session_id, received_at=now.psp)


def wait_in_queue(token: str, conditions: Conditions) -> None:
    """Let the request lie before anything happens, if that is what shall happen."""
    for session in Session.objects.filter(token=token, attempt=None):
        seconds = scenario_of(session, conditions).queued_seconds
        if seconds:
            _wait(timedelta(seconds=seconds))


def purchase(request: Request) -> Answer:
    """Begin the purchase, or answer a retry with the session as it now stands."""
    session = locked(request.token, request.now)
    _check_money(session, request.fields)
    if session.status in {Status.CANCELLED, Status.EXPIRED}:
        raise state_conflict(f"The session is {session.status}: nothing can be bought with it.")
    if session.begun:
        return _answer_retry(session, request)
    return _begin(session, request)


def scenario_of(session: Session, conditions: Conditions) -> Scenario:
    """Return what shall happen: what was chosen, else what the amount says, else a draw."""
    if session.scenario:
        return BY_NAME[session.scenario]
    by_amount = chosen_by_amount(session.amount_minor)
    return by_amount or drawn(
        conditions.fault_rates, seed=conditions.fault_seed, reference=session.reference
    )


def _check_money(session: Session, fields: Fields) -> None:
    amount_minor, currency = fields.money()
    if currency != session.currency:
        raise invalid_request(f"The session is in {session.currency}.", field="currency")
    if amount_minor != session.amount_minor:
        amount = decimal_string(session.amount_minor, currency)
        raise invalid_request(f"The session is for {amount}.", field="amount")


def _answer_retry(session: Session, request: Request) -> Answer:
    if session.status != Status.PAID:
        return Answer(200, session_json(session))
    known = session.charges.filter(attempt=request.attempt).exists()
    if request.conditions.single_success or known:
        return Answer(200, session_json(session), {"Token-Used": "true"})
    _pay_again(session, request)
    return Answer(200, session_json(session))


def _pay_again(session: Session, request: Request) -> None:
    outcomes.pay(
        session,
        amount_minor=session.amount_minor,
        attempt=request.attempt,
        now=request.now,
    )


def _begin(session: Session, request: Request) -> Answer:
    scenario = scenario_of(session, request.conditions)
    session.scenario = scenario.name
    if session.errors_answered < scenario.errors_before:
        session.errors_answered += 1
        session.save()
        return Answer(500, FAILURE)
    _note_purchase(session, request, scenario)
    _ask_issuer(session, scenario, request)
    return _in_the_manner_of(scenario, session, request.now)


def _note_purchase(session: Session, request: Request, scenario: Scenario) -> None:
    fields = request.fields
    session.attempt = request.attempt
    session.decline_code = ""
    session.purchase_info = fields.json_object("purchase_info")
    session.redirect_url = fields.url("redirect_url", default="")
    session.webhook_url = fields.url("webhook_url", default=session.webhook_url)
    if scenario.hidden:
        session.hidden_until_wall_at = request.now.wall + scenario.hidden
    if scenario.gives_up_after:
        session.gives_up_wall_at = request.now.wall + scenario.gives_up_after


def _ask_issuer(session: Session, scenario: Scenario, request: Request) -> None:
    session.inquiry = f"{session.token}.{request.attempt}"
    bank.ask(
        reference=session.inquiry,
        amount_minor=session.amount_minor,
        currency=session.currency,
        decline_code=scenario.decline_code,
        wait=scenario.issuer,
        now=request.now,
    )
    outcomes.take_answer(session, request.now)
    if session.begun and session.status == Status.OPEN:
        outcomes.process(session, request.now)


def _in_the_manner_of(scenario: Scenario, session: Session, now: Now) -> Answer:
    before_sending = None
    if scenario.webhooks is Webhooks.EARLY:
        before_sending = partial(delivery.deliver_all, delivery.lease(session, now))
    elif scenario.answers_after_seconds:
        before_sending = partial(_wait, timedelta(seconds=scenario.answers_after_seconds))
    return Answer(
        status=500 if scenario.error_after else 200,
        body=FAILURE if scenario.error_after else session_json(session),
        before_sending=before_sending,
        dropped=scenario.drops_answer,
    )


def _wait(length: timedelta) -> None:
    connection.close()  # others need it meanwhile
    time.sleep(length.total_seconds())
