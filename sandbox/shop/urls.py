"""The shop's paths, from the site's root."""

from django.urls import path

from sandbox.shop import views

urlpatterns = [
    path("", views.front, name="front"),
    path("shop/buy/<slug:slug>", views.buy, name="buy"),
    path("shop/buy-now/<str:checkout_id>", views.buy_now, name="buy-now"),
    path("shop/thanks/<str:checkout_id>", views.thanks, name="thanks"),
    path("shop/pay-again/<str:checkout_id>", views.pay_again, name="pay-again"),
    path("shop/orders/", views.orders, name="orders"),
    path("shop/notifications/", views.notifications, name="notifications"),
]
