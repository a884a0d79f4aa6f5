"""Which address leads where. The addresses of payments and the mid-office stand in their apps."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from config.api_docs import api_docs

urlpatterns = [
    path("", include("payments.urls")),
    path("mid-office/", include("dashboard.urls")),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", api_docs, name="api-docs"),
]
