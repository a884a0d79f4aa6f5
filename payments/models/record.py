"""What every table has: a UUIDv7 key, and the instants of its making and last change."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.db import models
from uuid_utils.compat import uuid7

never_deleted = pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)


def unchangeable(name: str, *fields: str) -> pgtrigger.ReadOnly:
    """Return a trigger by which the database refuses to change these columns."""
    return pgtrigger.ReadOnly(name=name, fields=list(fields))


class Record(models.Model):
    """A row with a time-ordered key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class DueWork(models.Model):
    """Work that must not be lost lives in the row: due when, tried how often, held until when.

    `due_at` is None when nothing is to be done. See payments.services.due.
    """

    due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


def due_index(name: str) -> models.Index:
    """Return the index that finds due rows, small because most rows are done."""
    return models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name=name)


def forgotten_index(name: str, field: str, unfinished: str) -> models.Index:
    """Return the index of rows that are unfinished though nothing is due: there should be none."""
    forgotten = models.Q(**{field: unfinished}, due_at__isnull=True)
    return models.Index(fields=["id"], condition=forgotten, name=name)


def newest_first(name: str, *before: str, condition: models.Q | None = None) -> models.Index:
    """Return the index by which the mid-office pages through a list, or through one part of it.

    Parts that are most of a list need none: they are met soon enough on the way through it.
    """
    return models.Index(fields=[*before, "-created_at", "-id"], condition=condition, name=name)


def words(choices: type) -> list[tuple[str, str]]:
    """Return a StrEnum as Django choices."""
    members: Any = choices
    return [(member.value, member.value.replace("_", " ")) for member in members]


def known(field: str, choices: type, name: str) -> models.CheckConstraint:
    """Return a CHECK by which the database refuses words that the code does not know."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": [value for value, _ in words(choices)]}), name=name
    )
