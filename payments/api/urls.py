"""The API's addresses."""

from django.urls import path

from payments.api import captures, refunds, views

urlpatterns = [
    path("psps", views.Psps.as_view(), name="psps"),
    path("payment-sessions", views.PaymentSessions.as_view(), name="sessions"),
    path("payment-sessions/<str:checkout_id>", views.OneSession.as_view(), name="session"),
    path("payment-sessions/<str:checkout_id>/buy-now", views.BuyNow.as_view(), name="buy-now"),
    path("payment-sessions/<str:checkout_id>/cancel", views.Cancel.as_view(), name="cancel"),
    path(
        "payment-sessions/<str:checkout_id>/captures", captures.Captures.as_view(), name="captures"
    ),
    path("payment-sessions/<str:checkout_id>/void", captures.Void.as_view(), name="void"),
    path("payment-sessions/<str:checkout_id>/refunds", refunds.Refunds.as_view(), name="refunds"),
    path("payment-sessions/<str:checkout_id>/refresh", views.Refresh.as_view(), name="refresh"),
    path("payment-sessions/<str:checkout_id>/events", views.Events.as_view(), name="events"),
]
