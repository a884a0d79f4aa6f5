"""What the mid-office keeps for its staff. Nothing about money is here."""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models

from payments.models.record import Record

NAME_LENGTH: Final = 60
QUERY_LENGTH: Final = 1_000


class SavedView(Record):
    """A list narrowed in a way that somebody wants again. Each member of staff has their own."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    list_name = models.CharField(max_length=20)
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "list_name", "name"], name="one_saved_view_per_name"
            ),
        ]
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
