"""Addresses for shops, PSPs, shoppers and operators."""

from django.urls import include, path

from payments import operations
from payments.api.not_found import api_not_found
from payments.result import result
from payments.webhooks import webhook

urlpatterns = [
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/<path:rest>", api_not_found),
    path("webhooks/<slug:psp>/", webhook, name="webhook"),
    path("result/<str:public_token>", result, name="result"),
    path("healthz", operations.healthz, name="healthz"),
    path("readyz", operations.readyz, name="readyz"),
    path("metrics", operations.metrics, name="metrics"),
]
