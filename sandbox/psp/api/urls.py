"""The paths of the API."""

from django.urls import path, re_path

from sandbox.psp.api.edge import UnknownPath
from sandbox.psp.api.refunds import OneRefund, Refunds
from sandbox.psp.api.sessions import Cancel, Capture, OneSession, Purchase, Sessions
from sandbox.psp.api.transactions import Transactions

urlpatterns = [
    path("sessions", Sessions.as_view()),
    path("sessions/<str:token>", OneSession.as_view()),
    path("sessions/<str:token>/purchase", Purchase.as_view()),
    path("sessions/<str:token>/capture", Capture.as_view()),
    path("sessions/<str:token>/cancel", Cancel.as_view()),
    path("sessions/<str:token>/refunds", Refunds.as_view()),
    path("refunds/<str:refund_id>", OneRefund.as_view()),
    path("transactions", Transactions.as_view()),
    re_path("", UnknownPath.as_view()),
]
