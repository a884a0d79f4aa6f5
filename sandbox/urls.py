"""Where everything in the sandbox is: the shop at the root, the PSP under /psp/."""

from django.urls import include, path

from sandbox.health import healthz

urlpatterns = [
    path("healthz", healthz),
    path("psp/", include("sandbox.psp.urls")),
    path("", include("sandbox.psp.staff_urls")),
    path("", include("sandbox.shop.urls")),
]
