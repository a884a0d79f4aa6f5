"""Names the app to Django and connects what is recorded about logins."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The mid-office."""

    name = "dashboard"

    def ready(self) -> None:
        """Connect the receivers of allauth's signals."""
        from dashboard.security import audit  # noqa: F401, PLC0415 - connects on import
