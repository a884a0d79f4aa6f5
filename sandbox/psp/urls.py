"""Everything under /psp/: the API, the purchase page, the controls."""

from django.urls import include, path

from sandbox.psp import control_api as control
from sandbox.psp.purchase_page import PurchasePage

urlpatterns = [
    path("v1/", include("sandbox.psp.api.urls")),
    path("purchase/<str:token>", PurchasePage.as_view(), name="purchase-page"),
    path("control/books", control.Books.as_view()),
    path("control/sessions/<str:token>", control.ChooseScenario.as_view()),
    path("control/clock", control.Clock.as_view()),
    path("control/outage", control.Outage.as_view()),
    path("control/faults", control.Faults.as_view()),
    path("control/policy", control.Policy.as_view()),
    path("control/webhooks", control.Webhooks.as_view()),
    path("control/webhooks/give-up", control.GiveUp.as_view()),
    path("control/webhooks/resend", control.Resend.as_view()),
    path("control/reset", control.Reset.as_view()),
]
