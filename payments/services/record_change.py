"""Leaves on record who changed a shop, a user or another setting, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from payments.models import CauseKind, Shop
from payments.services.staff_rules import record_elsewhere
from payments.services.timeline import Cause


def record_change(
    *,
    by: User,
    name: str,
    subject: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    about: Shop | None = None,
) -> None:
    """Leave a staff event with what differs, each as it was and as it is; joins the transaction.

    Values are JSON, and hold no secret: the caller sees to that.
    """
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    record_elsewhere(
        name,
        Cause(CauseKind.STAFF, actor=by.get_username()),
        about=about,
        subject=subject,
        before={key: before[key] for key in changed if key in before},
        after={key: after[key] for key in changed if key in after},
    )
