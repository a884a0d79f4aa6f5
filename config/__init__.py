"""How BPS is put together and run: settings, URLs, processes. Nothing here decides about money."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
