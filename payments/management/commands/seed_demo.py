"""Makes the demo shop, its API key and two members of staff; a second run changes nothing."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from payments.models import CauseKind, Shop, ShopApiKey
from payments.services.shop_setup import replace_secret
from payments.services.timeline import Cause

SHOP = "Demo shop"
STAFF = "staff"
APPROVER = "approver"


class Command(BaseCommand):
    """manage.py seed_demo."""

    help = "Make the demo's shop, API key and logins, or adopt those of an earlier run."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what an earlier run gave out, so that it goes on being valid."""
        parser.add_argument("--json", action="store_true", help="print JSON alone")
        parser.add_argument("--api-key", default="")
        parser.add_argument("--staff-password", default="")
        parser.add_argument("--approver-password", default="")
        parser.add_argument("--notification-url", default="")
        parser.add_argument("--notification-secret", default="")
        parser.add_argument("--origin", action="append", default=[], help="allowed return origin")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make or adopt everything, and print it."""
        if not settings.DEBUG:
            raise CommandError("seed_demo makes logins with known passwords: only with DEBUG on")
        shop, _ = Shop.objects.update_or_create(
            name=SHOP,
            defaults={
                "return_origins": options["origin"],
                "routing": {"*": settings.BPS_PSPS},
                "notification_url": options["notification_url"],
            },
        )
        _sign_with(shop, options["notification_secret"])
        made = {
            "shop": shop.name,
            "api_key": _api_key(shop, options["api_key"]),
            "staff_user": STAFF,
            "staff_password": _login(STAFF, options["staff_password"], is_superuser=True),
            "approver_user": APPROVER,
            "approver_password": _login(APPROVER, options["approver_password"], role="approver"),
            "notification_secret": options["notification_secret"],
        }
        if options["json"]:
            self.stdout.write(json.dumps(made))
        else:
            for name, value in made.items():
                self.stdout.write(f"{name}: {value}")


def _api_key(shop: Shop, earlier: str) -> str:
    """Return the earlier key if it is still good, else a new one."""
    if earlier and ShopApiKey.objects.is_valid(earlier):
        return earlier
    _, key = ShopApiKey.objects.create_key(name="demo", shop=shop)
    return key


def _sign_with(shop: Shop, secret: str) -> None:
    """Have the shop's notifications signed with the secret that the demo shop knows."""
    if secret and not shop.notification_secrets.filter(value=secret, retires_at=None).exists():
        replace_secret(
            shop_id=shop.pk,
            value=secret,
            overlap=timedelta(0),
            reason="the demo shop verifies with it",
            cause=Cause(CauseKind.STAFF, actor="seed_demo"),
            now=timezone.now(),
        )


def _login(name: str, earlier: str, *, is_superuser: bool = False, role: str = "") -> str:
    """Return the password of a member of staff: the earlier one, or a new one."""
    user, is_new = get_user_model().objects.get_or_create(
        username=name, defaults={"is_staff": True, "is_superuser": is_superuser}
    )
    if role:
        user.groups.add(Group.objects.get(name=role))
    password = earlier or secrets.token_urlsafe(9)
    if is_new or not user.check_password(password):
        user.set_password(password)
        user.save()
    return password
