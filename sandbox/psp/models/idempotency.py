"""What is remembered of each idempotency key: its request, and the answer that was given."""

from django.db import models


class IdempotencyKey(models.Model):
    """One key. Its id names the request in the books, so a forgotten key is a new request.

    `running_until_wall_at` is set while the first request runs; a `status` once it has an answer.
    """

    key = models.CharField(max_length=255, unique=True)
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=500)
    body_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    running_until_wall_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.key
