"""Addresses for shops, PSPs, shoppers and operators."""

from django.urls import include, path, re_path

from payments import operations
from payments.api.not_found import NothingHere
from payments.result import result
from payments.shopper_return import shopper_return
from payments.webhooks import webhook

urlpatterns = [
    path("api/v1/", include("payments.api.urls")),
    re_path(r"^api/v1/", NothingHere.as_view()),
    path("webhooks/<slug:psp>/", webhook, name="webhook"),
    # As people type it at their PSP. A redirect would lose it: PSPs follow none.
    path("webhooks/<slug:psp>", webhook),
    path("return/<str:public_token>", shopper_return, name="return"),
    path("result/<str:public_token>", result, name="result"),
    path("healthz", operations.healthz, name="healthz"),
    path("readyz", operations.readyz, name="readyz"),
    path("metrics", operations.metrics, name="metrics"),
]
