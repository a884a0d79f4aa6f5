"""The WSGI entry point that gunicorn loads. There is no ASGI one: every view is synchronous."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Django would import the views at the first request, in every worker anew.
get_resolver().url_patterns  # noqa: B018 - looking imports them
