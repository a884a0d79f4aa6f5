"""What may be done to the sandbox from outside: time, outages, faults, policy, webhooks.

Each act changes the conditions or the outbox; none of them touches the books.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction

from sandbox.clocks import wall_now
from sandbox.psp import events
from sandbox.psp.errors import not_found, state_conflict
from sandbox.psp.models import Conditions, Delivery, DeliveryTry, Session
from sandbox.psp.wire import instant

PAGE = 500


def read_clock() -> dict[str, Any]:
    """Return what the PSP's clock shows, how fast it runs, and how far it is ahead."""
    conditions = Conditions.current()
    now = conditions.now()
    ahead = round((now.psp - now.wall).total_seconds(), 3)
    return {"now": instant(now.psp), "speed": conditions.speed, "ahead_seconds": ahead}


@transaction.atomic
def move_clock(*, speed: float | None, advance_seconds: float | None) -> None:
    """Let the PSP's clock run at another speed from now on, or put it forward, or both."""
    conditions = Conditions.locked()
    now = conditions.now()
    conditions.wall_anchor = now.wall
    conditions.psp_anchor = now.psp + timedelta(seconds=advance_seconds or 0)
    conditions.speed = conditions.speed if speed is None else speed
    conditions.save()


@transaction.atomic
def set_outage(*, seconds: float, mode: str) -> None:
    """Be away for so long; 0 seconds ends it."""
    conditions = Conditions.locked()
    conditions.outage_mode = mode or Conditions.Outage.ERROR
    conditions.outage_until_wall_at = conditions.now().wall + timedelta(seconds=seconds)
    conditions.save()


@transaction.atomic
def set_faults(*, rates: dict[str, float], seed: int | None) -> None:
    """Draw a scenario at these rates for purchases that have chosen none; none ends it."""
    conditions = Conditions.locked()
    conditions.fault_rates = rates
    conditions.fault_seed = seed or 0
    conditions.save()


@transaction.atomic
def set_policy(*, single_success: bool | None, key_window_seconds: int | None) -> None:
    """Change what is named; leave the rest as it is."""
    conditions = Conditions.locked()
    if single_success is not None:
        conditions.single_success = single_success
    if key_window_seconds is not None:
        conditions.key_window_seconds = key_window_seconds
    conditions.save()


def give_up_webhooks() -> None:
    """Send no webhook any more that is not delivered yet."""
    Delivery.objects.filter(finished_wall_at=None).update(finished_wall_at=wall_now())


@transaction.atomic
def reset() -> None:
    """Put clock, outage, faults and policy back to normal. The books stay."""
    Conditions.locked()
    Conditions(pk=1).save()


@transaction.atomic
def choose_scenario(token: str, scenario: str) -> Session:
    """Settle what shall happen on the purchase, which must not have begun."""
    session = Session.objects.select_for_update(no_key=True).filter(token=token).first()
    if session is None:
        raise not_found("token")
    if session.begun or session.status != Session.Status.OPEN:
        raise state_conflict("The purchase has begun, or the session has ended.")
    session.scenario = scenario
    session.save(update_fields=["scenario"])
    return session


@transaction.atomic
def resend_webhook(token: str) -> str:
    """Send the session's latest webhook once more. Returns the event's id."""
    session = Session.objects.filter(token=token).first()
    event = session and events.send_again(session, Conditions.current().now())
    if not event:
        raise not_found("token with a webhook")
    return event.event_id


def webhook_tries(token: str | None, *, behind: int) -> dict[str, Any]:
    """Return a page of the tries to deliver the session's webhooks, or all, oldest first."""
    tries = DeliveryTry.objects.filter(pk__gt=behind)
    if token is not None:
        tries = tries.filter(delivery__event__session__token=token)
    found = list(tries.select_related("delivery__event__session").order_by("pk")[: PAGE + 1])
    shown = found[:PAGE]
    return {
        "data": [_try(one) for one in shown],
        "next_cursor": str(shown[-1].pk) if len(found) > PAGE else None,
    }


def _try(one: DeliveryTry) -> dict[str, Any]:
    event = one.delivery.event
    return {
        "event_id": event.event_id,
        "token": event.session.token,
        "type": event.type,
        "at": instant(one.at_wall),
        "status": one.status,
    }
