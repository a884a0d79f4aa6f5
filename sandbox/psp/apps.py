"""Names the sandbox PSP to Django."""

from django.apps import AppConfig


class PspConfig(AppConfig):
    """The sandbox PSP."""

    name = "sandbox.psp"
    label = "psp"
