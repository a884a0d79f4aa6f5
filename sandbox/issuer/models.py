"""What the issuer bank was asked, and when it will answer what."""

from django.db import models

from sandbox.clocks import Clock


class Inquiry(models.Model):
    """One question of the PSP: may this amount be taken? The decision is made, and kept back.

    An empty `decline_code` approves. A collected or withdrawn inquiry never answers again.
    """

    reference = models.CharField(max_length=100, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    decline_code = models.CharField(max_length=40, blank=True)
    clock = models.CharField(max_length=4, choices=[(clock, clock) for clock in Clock])
    answers_at = models.DateTimeField()
    collected_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["clock", "answers_at"],
                name="inquiries_unanswered",
                condition=models.Q(collected_at=None, withdrawn_at=None),
            ),
        )

    def __str__(self) -> str:
        return self.reference
