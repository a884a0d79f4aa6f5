"""Shops, the API keys that let them in, and the secrets by which they know us."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey, BaseAPIKeyManager

from payments.domain.orders import LateSuccess
from payments.models.record import Record, never_deleted, unchangeable

ANY_CURRENCY = "*"


LATE_SUCCESS_WORDS: Final[dict[LateSuccess, str]] = {
    LateSuccess.ACCEPT: "accept: keep the money and ship",
    LateSuccess.REFUND: "refund: give the money back",
    LateSuccess.ASK: "ask: a person decides",
}


class Shop(Record):
    """An e-commerce site that pays through BPS."""

    name = models.CharField(max_length=100, unique=True)
    return_origins = ArrayField(
        models.CharField(max_length=255),
        default=list,
        help_text="Exact origins (https://shop.example) that return URLs may have.",
    )
    routing = models.JSONField(
        default=dict,
        help_text='Currency to PSPs in order, "*" for all others: {"*": ["sandbox"]}.',
    )
    notification_url = models.URLField(blank=True, max_length=500)
    late_success = models.CharField(
        max_length=8,
        choices=[(policy.value, word) for policy, word in LATE_SUCCESS_WORDS.items()],
        default=LateSuccess.ASK.value,
        help_text="What to do with a success that comes after the purchase had failed.",
    )

    refund_limits = models.JSONField(
        default=dict,
        blank=True,
        help_text="Currency to the sum up to which one member of staff may refund a purchase "
        'alone: {"EUR": "100.00"}. Beyond it a second person must agree. A currency that is not '
        "named has no limit.",
    )

    class Meta:
        permissions: ClassVar = [
            ("set_up_shop", "Can ask to change a shop's keys, secrets and refund limits")
        ]
        triggers: ClassVar = [never_deleted]
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def psps_for(self, currency: str) -> list[str]:
        """Return the PSPs this shop uses for a currency, first choice first."""
        names: list[str] = self.routing.get(currency, self.routing.get(ANY_CURRENCY, []))
        return names

    def refund_limit(self, currency: str) -> Decimal | None:
        """Return up to what one person may refund of a purchase alone; None where there is none."""
        limit = self.refund_limits.get(currency)
        return None if limit is None else Decimal(limit)

    def live_secrets(self, now: datetime) -> list[NotificationSecret]:
        """Return the secrets that sign what the shop is told, newest first."""
        live = models.Q(retires_at=None) | models.Q(retires_at__gt=now)
        return list(self.notification_secrets.filter(live).order_by("-pk"))


class Scope(models.TextChoices):
    """What an API key may be used for."""

    READ = "read", "read sessions and purchases"
    WRITE = "write", "register, buy, cancel, refresh"


def all_scopes() -> list[str]:
    """Return every scope: the default of a new key."""
    return [str(scope) for scope in Scope]


class ShopApiKeyManager(BaseAPIKeyManager):
    """Finds keys together with their shop, in one statement."""

    def get_usable_keys(self) -> models.QuerySet[ShopApiKey]:
        """Return the keys that are not revoked, each with its shop."""
        keys: models.QuerySet[ShopApiKey] = super().get_usable_keys()
        return keys.select_related("shop")


class ShopApiKey(AbstractAPIKey):
    """A key that speaks for one shop. Only its hash is stored; it is shown once, when made."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="api_keys")
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope.choices), default=all_scopes)
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="To the hour; empty if it never was."
    )

    objects: ClassVar[ShopApiKeyManager] = ShopApiKeyManager()  # type: ignore[assignment]

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"


class NotificationSecret(Record):
    """A Standard Webhooks secret (whsec_…) of a shop. One signs until the next retires it.

    It is kept in clear, since it signs; it is shown once, when made, and never again.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="notification_secrets")
    value = models.CharField(max_length=120)
    retires_at = models.DateTimeField(
        null=True, blank=True, help_text="Until when it signs beside a newer one."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shop"],
                condition=models.Q(retires_at__isnull=True),
                name="one_current_secret_per_shop",
            ),
        ]
        triggers: ClassVar = [never_deleted, unchangeable("a_secret_stays", "shop", "value")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The name by which people speak of it."""
        return f"sec_{self.id.hex}"
