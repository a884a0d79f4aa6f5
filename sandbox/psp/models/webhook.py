"""The outbox: what happened, what of it is still to be delivered, and every try so far."""

from django.db import models

from sandbox.psp.ids import new_event_id
from sandbox.psp.models.session import Session


class Event(models.Model):
    """Something the merchant may be told. `body` is sent byte for byte, each time the same."""

    event_id = models.CharField(max_length=40, unique=True, default=new_event_id)
    session = models.ForeignKey(Session, models.PROTECT, related_name="events")
    type = models.CharField(max_length=40)
    url = models.URLField(max_length=2000)
    body = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class Delivery(models.Model):
    """One obligation to deliver an event, carried by whoever holds the lease. Wall's clock."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries")
    receiver = models.CharField(max_length=300)  # scheme, host and port of the event's URL
    signed_from_try = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    created_wall_at = models.DateTimeField()
    due_wall_at = models.DateTimeField()
    leased_until_wall_at = models.DateTimeField(null=True)
    finished_wall_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["due_wall_at"],
                name="deliveries_unfinished",
                condition=models.Q(finished_wall_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"delivery of {self.event}"


class DeliveryTry(models.Model):
    """One POST to the merchant. `status` is None when no HTTP answer came."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="tries_made")
    at_wall = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.delivery}: {self.status}"
