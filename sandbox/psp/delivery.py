"""Delivers webhooks: signs, posts, notes each try, and plans the next one after a failure.

Who delivers holds the lease; a lease that ran out is anyone's. Wall's clock throughout, since
that is the receivers'.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from standardwebhooks import Webhook

from sandbox.clocks import Now, wall_now
from sandbox.psp.models import Delivery, DeliveryTry, Session

TIMEOUT_SECONDS = 10
LEASE = timedelta(seconds=25)  # connecting and reading may each take the time-out
RETRIES_AFTER = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 30, 120, 600))
THEN_EVERY = timedelta(hours=1)
GIVES_UP_AFTER = timedelta(days=3)


def lease(session: Session, now: Now) -> list[int]:
    """Keep the session's deliveries for the caller, who must deliver them. Returns their ids."""
    unfinished = Delivery.objects.filter(event__session=session, finished_wall_at=None)
    ids = list(unfinished.order_by("id").values_list("pk", flat=True))
    unfinished.update(leased_until_wall_at=now.wall + LEASE)
    return ids


def due(wall: datetime) -> QuerySet[Delivery]:
    """Return the deliveries that are due, and that nobody holds."""
    is_free = Q(leased_until_wall_at=None) | Q(leased_until_wall_at__lte=wall)
    return Delivery.objects.filter(is_free, due_wall_at__lte=wall, finished_wall_at=None)


@transaction.atomic
def claim_due(receiver: str, *, wall: datetime, limit: int) -> list[int]:
    """Lease up to `limit` deliveries that are due to this receiver. Returns their ids."""
    rows = due(wall).filter(receiver=receiver).order_by("due_wall_at", "id")
    claimed = rows.select_for_update(skip_locked=True).values_list("pk", flat=True)
    ids = list(claimed[:limit])
    Delivery.objects.filter(pk__in=ids).update(leased_until_wall_at=wall + LEASE)
    return ids


def deliver_all(delivery_ids: Iterable[int]) -> None:
    """Deliver these, one after the other."""
    for delivery_id in delivery_ids:
        deliver(delivery_id)


def deliver(delivery_id: int) -> None:
    """Try a leased delivery once. No transaction is open while the receiver is waited for."""
    delivery = Delivery.objects.select_related("event").get(pk=delivery_id)
    started_at = wall_now()
    status = _post(delivery, started_at)
    with transaction.atomic():
        DeliveryTry.objects.create(delivery=delivery, at_wall=started_at, status=status)
        _plan_next(delivery, status, wall_now())


def _post(delivery: Delivery, at: datetime) -> int | None:
    headers = {"Content-Type": "application/json"}
    if delivery.tries >= delivery.signed_from_try:
        headers |= signature_headers(delivery.event.event_id, delivery.event.body, at)
    with requests.Session() as http:
        http.trust_env = False
        try:
            with http.post(
                delivery.event.url,
                data=delivery.event.body.encode(),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,  # what the receiver says is not read
            ) as response:
                return response.status_code
        except (requests.RequestException, ValueError):  # the latter for odd host names
            return None


def signature_headers(event_id: str, body: str, at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks, signed with every secret that is in use."""
    signatures = [Webhook(one).sign(event_id, at, body) for one in settings.PSP_WEBHOOK_SECRETS]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _plan_next(delivery: Delivery, status: int | None, wall: datetime) -> None:
    pause = RETRIES_AFTER[delivery.tries] if delivery.tries < len(RETRIES_AFTER) else THEN_EVERY
    delivery.tries += 1
    delivery.due_wall_at = wall + pause
    delivery.leased_until_wall_at = None
    delivered = status is not None and status // 100 == 2  # noqa: PLR2004 - any 2xx
    if delivered or delivery.due_wall_at > delivery.created_wall_at + GIVES_UP_AFTER:
        delivery.finished_wall_at = wall
    delivery.save()
