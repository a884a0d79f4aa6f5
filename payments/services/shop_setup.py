"""A shop's API keys, signing secrets and refund limits: made, ended and changed, once agreed to.

For whoever has had it agreed to, or works on the machine itself: asks for no permission. Each
change leaves a staff event, which never holds a value that opens something.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from payments.models import NotificationSecret, Shop, ShopApiKey
from payments.services.refusals import ShopChanged
from payments.services.staff_rules import record_elsewhere
from payments.services.timeline import Cause

# Standard Webhooks asks for 24 to 64 random bytes.
SECRET_BYTES: Final = 32


def make_api_key(
    *,
    shop_id: UUID,
    label: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    reason: str,
    cause: Cause,
) -> str:
    """Make an API key and return it, to be shown once: only its hash is stored."""
    shop = Shop.objects.get(pk=shop_id)
    key = ShopApiKey(shop=shop, name=label, scopes=list(scopes), expiry_date=expires_at)
    value = ShopApiKey.objects.assign_key(key)
    with transaction.atomic():
        key.save()
        record_elsewhere(
            "api_key.made",
            cause,
            about=shop,
            subject=_named(key),
            reason=reason,
            scopes=list(scopes),
            expires_at=expires_at.isoformat() if expires_at else "",
        )
    return value


def revoke_api_key(*, shop_id: UUID, prefix: str, reason: str, cause: Cause) -> bool:
    """Revoke a key of a shop for good; return whether it was good until now.

    The next request with it is refused. Revoking a revoked one changes nothing. Raises
    ShopApiKey.DoesNotExist.
    """
    with transaction.atomic():
        keys = ShopApiKey.objects.select_for_update(of=("self",), no_key=True)
        key = keys.select_related("shop").get(shop=shop_id, prefix=prefix)
        if key.revoked:
            return False
        key.revoked = True
        key.save(update_fields=["revoked"])
        record_elsewhere(
            "api_key.revoked", cause, about=key.shop, subject=_named(key), reason=reason
        )
    return True


def rotate_secret(
    *, shop_id: UUID, overlap: timedelta, reason: str, cause: Cause, now: datetime
) -> str:
    """Make a new signing secret and return it, to be shown once.

    It signs from now on. Whatever signed before goes on beside it for the overlap at most, so that
    the shop can change over; by an overlap of nothing it ends at once.
    """
    value = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    replace_secret(
        shop_id=shop_id, value=value, overlap=overlap, reason=reason, cause=cause, now=now
    )
    return value


def replace_secret(
    *, shop_id: UUID, value: str, overlap: timedelta, reason: str, cause: Cause, now: datetime
) -> None:
    """Have a given secret sign from now on, as `rotate_secret` does."""
    until = now + overlap
    with transaction.atomic():
        # The row of the shop is the lock, so that two rotations follow each other.
        shop = Shop.objects.select_for_update(no_key=True).get(pk=shop_id)
        shop.notification_secrets.filter(Q(retires_at=None) | Q(retires_at__gt=until)).update(
            retires_at=until, updated_at=now
        )
        made = NotificationSecret.objects.create(shop=shop, value=value)
        record_elsewhere(
            "secret.rotated",
            cause,
            about=shop,
            subject=made.public_id,
            reason=reason,
            others_retire_at=until.isoformat(),
        )


def change_refund_limits(
    *,
    shop_id: UUID,
    before: Mapping[str, str],
    after: Mapping[str, str],
    reason: str,
    cause: Cause,
    now: datetime,
) -> None:
    """Change up to what one person may refund alone, from exactly what was seen.

    Doing it again changes nothing. Raises ShopChanged where the limits are others by now.
    """
    with transaction.atomic():
        shop = Shop.objects.select_for_update(no_key=True).get(pk=shop_id)
        if shop.refund_limits == after:
            return
        if shop.refund_limits != before:
            raise ShopChanged
        Shop.objects.filter(pk=shop.pk).update(refund_limits=dict(after), updated_at=now)
        record_elsewhere(
            "refund_limits.changed",
            cause,
            about=shop,
            subject=str(shop),
            reason=reason,
            before=dict(before),
            after=dict(after),
        )


def _named(key: ShopApiKey) -> str:
    return f"{key.name} ({key.prefix}…)"
