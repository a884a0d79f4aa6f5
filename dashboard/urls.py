"""Addresses of the mid-office."""

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from dashboard import invariants, psps, reconciliation, support, views

app_name = "mid-office"

login = LoginView.as_view(
    template_name="dashboard/login.html",
    authentication_form=AdminAuthenticationForm,  # refuses whoever is no staff
    redirect_authenticated_user=False,
    extra_context={"sandbox_words": views.sandbox_words},
)

urlpatterns = [
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(next_page="mid-office:login"), name="logout"),
    path("", views.sessions, name="sessions"),
    path("search/", views.search, name="search"),
    path("sessions/<uuid:session_id>/", views.session, name="session"),
    path("sessions/<uuid:session_id>/ask-the-psp/", views.ask_the_psp, name="ask-the-psp"),
    path("reconciliations/", reconciliation.runs, name="reconciliations"),
    path("reconciliations/new/", reconciliation.reconcile_now, name="reconcile-now"),
    path("reconciliations/<uuid:run_id>/", reconciliation.run, name="reconciliation"),
    path("discrepancies/", reconciliation.discrepancies, name="discrepancies"),
    path("discrepancies/<uuid:discrepancy_id>/", reconciliation.discrepancy, name="discrepancy"),
    path(
        "discrepancies/<uuid:discrepancy_id>/resolve/",
        reconciliation.resolve_discrepancy,
        name="resolve-discrepancy",
    ),
    path(
        "sessions/<uuid:session_id>/support-bundle/", support.support_bundle, name="support-bundle"
    ),
    path("psps/", psps.psps, name="psps"),
    path("invariants/", invariants.board, name="invariants"),
    path("invariants/check/", invariants.check_now, name="check-invariants"),
]
