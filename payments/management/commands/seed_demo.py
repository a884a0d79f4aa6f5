"""Makes the demo shop, its API key and a member of staff; a second run changes nothing."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from payments.models import Shop, ShopApiKey

SHOP = "Demo shop"
STAFF = "staff"


class Command(BaseCommand):
    """manage.py seed_demo."""

    help = "Make the demo's shop, API key and staff login, or adopt those of an earlier run."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what an earlier run gave out, so that it goes on being valid."""
        parser.add_argument("--json", action="store_true", help="print JSON alone")
        parser.add_argument("--api-key", default="")
        parser.add_argument("--staff-password", default="")
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
                "notification_secrets": [options["notification_secret"]]
                if options["notification_secret"]
                else [],
            },
        )
        made = {
            "shop": shop.name,
            "api_key": _api_key(shop, options["api_key"]),
            "staff_user": STAFF,
            "staff_password": _staff(options["staff_password"]),
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


def _staff(earlier: str) -> str:
    """Return the password of the staff login, which is also a superuser of the demo."""
    user, _ = get_user_model().objects.get_or_create(
        username=STAFF, defaults={"is_staff": True, "is_superuser": True}
    )
    password = earlier or secrets.token_urlsafe(9)
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    return password
