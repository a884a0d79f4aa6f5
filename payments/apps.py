"""Names the app to Django and registers its start-up checks."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The payments app."""

    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks that a wrong setting must not get past."""
        from payments import checks  # noqa: F401, PLC0415 - registers on import
