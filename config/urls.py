"""Which address leads where. The addresses of payments and the mid-office stand in their apps."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, reverse_lazy
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from config.api_docs import api_docs

# The admin's own login and change of password know no second factor and no limits: ours stand in
# their place.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign, no-untyped-call]
our_password_page = RedirectView.as_view(url=reverse_lazy("account_change_password"))

urlpatterns = [
    path("", include("payments.urls")),
    path("mid-office/", include("dashboard.security.urls")),
    path("mid-office/", include("dashboard.urls")),
    path("admin/password_change/", our_password_page),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", api_docs, name="api-docs"),
]
