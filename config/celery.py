"""The Celery application of workers and beat. Tasks live in `payments.tasks`, none here."""

import os
from logging.config import dictConfig

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("bps")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """Log as the settings say: with a receiver here, Celery does not set up its own logging."""
    dictConfig(settings.LOGGING)
