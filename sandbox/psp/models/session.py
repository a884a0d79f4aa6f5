"""A merchant's session at the PSP, and each purchase request that reached it."""

from django.db import models

from sandbox.psp.ids import new_token


class Session(models.Model):
    """One registration of a checkout. Only `outcomes` writes its status.

    What was charged and refunded is not stored here: the books say it.
    """

    class Status(models.TextChoices):
        """What became of it, as API.md explains."""

        OPEN = "open"
        PROCESSING = "processing"
        AUTHORIZED = "authorized"
        PAID = "paid"
        DECLINED = "declined"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    class Capture(models.TextChoices):
        """Whether an approved purchase is charged at once or waits for a capture."""

        AUTOMATIC = "automatic"
        MANUAL = "manual"

    token = models.CharField(max_length=40, unique=True, default=new_token)
    reference = models.CharField(max_length=255, unique=True)
    checkout_id = models.CharField(max_length=255, db_index=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    capture = models.CharField(max_length=9, choices=Capture, default=Capture.AUTOMATIC)
    locale = models.CharField(max_length=35)
    metadata = models.JSONField(default=dict)
    return_url = models.URLField(max_length=2000)
    webhook_url = models.URLField(max_length=2000)
    redirect_url = models.URLField(max_length=2000, blank=True)
    purchase_info = models.JSONField(default=dict)
    expires_at = models.DateTimeField()  # as the merchant sent it, on the wall's clock
    ends_at = models.DateTimeField()

    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    decline_code = models.CharField(max_length=40, blank=True)
    scenario = models.CharField(max_length=40, blank=True)
    attempt = models.BigIntegerField(null=True)  # the request that began the purchase
    inquiry = models.CharField(max_length=100, blank=True, db_index=True)
    errors_answered = models.PositiveSmallIntegerField(default=0)
    hidden_until_wall_at = models.DateTimeField(null=True)
    gives_up_wall_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="session_status_is_known",
                condition=models.Q(
                    status__in=[
                        "open",
                        "processing",
                        "authorized",
                        "paid",
                        "declined",
                        "cancelled",
                        "expired",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="session_amount_is_positive", condition=models.Q(amount_minor__gt=0)
            ),
        )
        indexes = (
            models.Index(
                fields=["ends_at"],
                name="sessions_open",
                condition=models.Q(status="open"),
            ),
            models.Index(
                fields=["gives_up_wall_at"],
                name="sessions_giving_up",
                condition=models.Q(status="processing", gives_up_wall_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.token

    @property
    def begun(self) -> bool:
        """Whether a purchase has begun: from then on a purchase request is a retry."""
        return self.attempt is not None


class PurchaseRequest(models.Model):
    """One purchase request that reached the PSP, whatever came of it."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="purchase_requests")
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"purchase request {self.pk} for {self.session}"
