"""Names the issuer bank to Django."""

from django.apps import AppConfig


class IssuerConfig(AppConfig):
    """The issuer bank."""

    name = "sandbox.issuer"
    label = "issuer"
