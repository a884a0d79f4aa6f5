"""Names the demo shop to Django."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The demo shop."""

    name = "sandbox.shop"
    label = "shop"
