"""Makes and revokes a shop's API keys and rotates its secret: for whoever works on the machine.

The way in before there are two members of staff, and the quick one when a key has leaked. Whoever
can run it has the database anyway; it leaves the same staff events as the mid-office does.
"""

from __future__ import annotations

import getpass
import os
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payments.models import CauseKind, Scope, Shop, ShopApiKey
from payments.services.shop_setup import make_api_key, revoke_api_key, rotate_secret
from payments.services.timeline import Cause


class Command(BaseCommand):
    """manage.py shop_access."""

    help = "Make or revoke an API key of a shop, or rotate its signing secret. Prints it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be done, to which shop, and why."""
        acts = parser.add_subparsers(dest="act", required=True, metavar="act")
        make = acts.add_parser("make-key", help="make an API key and print it")
        make.add_argument("--label", required=True, help="by which people know the key")
        make.add_argument(
            "--scope", action="append", choices=Scope.values, help="all unless given; repeatable"
        )
        revoke = acts.add_parser("revoke-key", help="revoke an API key at once")
        revoke.add_argument("--prefix", required=True, help="what the key begins with")
        rotate = acts.add_parser("rotate-secret", help="make a signing secret and print it")
        rotate.add_argument(
            "--overlap-hours",
            type=int,
            default=24,
            help="for how long the secret of before signs too; 24 unless given, 0 for not at all",
        )
        for act in (make, revoke, rotate):
            act.add_argument("--shop", required=True, help="the shop's name")
            act.add_argument("--reason", required=True, help="why, for the staff event")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print what is to be shown once."""
        shop = Shop.objects.filter(name=options["shop"]).first()
        if shop is None:
            raise CommandError(f"There is no shop named {options['shop']!r}.")
        told = {
            "shop_id": shop.pk,
            "reason": options["reason"],
            "cause": Cause(CauseKind.STAFF, actor=f"manage.py, {_user()}"),
        }
        match options["act"]:
            case "make-key":
                scopes = options["scope"] or list(Scope.values)
                self.stdout.write(
                    make_api_key(**told, label=options["label"], scopes=scopes, expires_at=None)
                )
            case "revoke-key":
                self._revoke(told, options["prefix"])
            case _:
                overlap = timedelta(hours=max(options["overlap_hours"], 0))
                self.stdout.write(rotate_secret(**told, overlap=overlap, now=timezone.now()))

    def _revoke(self, told: dict[str, Any], prefix: str) -> None:
        try:
            was_good = revoke_api_key(**told, prefix=prefix)
        except ShopApiKey.DoesNotExist:
            raise CommandError(f"The shop has no key that begins with {prefix!r}.") from None
        self.stdout.write("Revoked." if was_good else "It was revoked before.")


def _user() -> str:
    """Name who runs this process. In a container it may be a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the first up to Python 3.12
        return f"user {os.getuid()}"
