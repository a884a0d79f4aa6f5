"""The Django admin: shops, formats and people are set up, on record; the rest is to be read."""

import rest_framework_api_key.admin  # noqa: F401 - registers what is taken out below
from django.contrib import admin
from rest_framework_api_key.models import APIKey

from payments.admin import history, people, setup

__all__ = ["history", "people", "setup"]

# The library registers keys that belong to no shop, and would open nothing.
admin.site.unregister(APIKey)

admin.site.site_header = "BPS administration"
admin.site.site_title = "BPS administration"
admin.site.site_url = "/mid-office/"
