"""Addresses of the mid-office."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from dashboard import approvals, cases, invariants, pages, psps, reconciliation, support, views
from dashboard.acts import view_of
from dashboard.fresh import Login, password
from dashboard.message_acts import BULK_ACTS, ROW_ACTS
from dashboard.session_acts import SESSION_ACTS

app_name = "mid-office"

login = Login.as_view(
    redirect_authenticated_user=False,
    extra_context={"sandbox_words": pages.sandbox_words},
)

urlpatterns = [
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(next_page="mid-office:login"), name="logout"),
    path("", views.sessions, name="sessions"),
    path("search/", views.search, name="search"),
    path("sessions/<uuid:session_id>/", views.session, name="session"),
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
    path("password/", password, name="password"),
    *(
        path(f"sessions/<uuid:row_id>/{act.name}/", view_of(act), name=act.name)
        for act in SESSION_ACTS
    ),
    *(
        path(f"{folder}/<uuid:row_id>/{act.name}/", view_of(act), name=act.name)
        for act, folder in ROW_ACTS.items()
    ),
    *(path(f"many/{act.name}/", view_of(act), name=act.name) for act in BULK_ACTS),
    path("cases/<uuid:case_id>/", cases.case, name="case"),
    *(
        path(f"cases/<uuid:row_id>/{act.name}/", view_of(act), name=act.name)
        for act in cases.CASE_ACTS
    ),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:approval_id>/", approvals.approval, name="approval"),
    path("psps/", psps.psps, name="psps"),
    path("invariants/", invariants.board, name="invariants"),
    path("invariants/check/", invariants.check_now, name="check-invariants"),
]
