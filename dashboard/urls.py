"""Addresses of the mid-office. Those of logins and second factors are in `security.urls`."""

from functools import partial

from django.urls import URLPattern, path

from dashboard import (
    approvals,
    cases,
    invariants,
    psps,
    reconciliation,
    saved_views,
    shops,
    support,
    views,
)
from dashboard.acts import view_of
from dashboard.home import home
from dashboard.lists.catalogue import LISTS
from dashboard.lists.views import list_as_csv, search, show_list
from dashboard.message_acts import BULK_ACTS, ROW_ACTS
from dashboard.session_acts import SESSION_ACTS
from dashboard.shop_acts import SHOP_ACTS

app_name = "mid-office"

# Lists whose page shows more than the list.
PAGES = {"reconciliations": reconciliation.runs}


def addresses(name: str) -> list[URLPattern]:
    """Return the addresses of a list and of its file."""
    shown = PAGES.get(name, partial(show_list, name=name))
    return [
        path(f"{name}/", shown, name=name),
        path(f"{name}/csv/", partial(list_as_csv, name=name), name=f"{name}-csv"),
    ]


urlpatterns = [
    path("", home, name="home"),
    *(address for name in LISTS for address in addresses(name)),
    path("search/", search, name="search"),
    path("views/<slug:list_name>/save/", saved_views.save_view, name="save-view"),
    path("views/<uuid:view_id>/delete/", saved_views.delete_view, name="delete-view"),
    path("sessions/<uuid:session_id>/", views.session, name="session"),
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
    path("approvals/<uuid:approval_id>/carry-out/", approvals.carry_out, name="carry-out"),
    path("shops/", shops.shops, name="shops"),
    path("shops/<uuid:shop_id>/", shops.shop, name="shop"),
    *(path(f"shops/<uuid:row_id>/{act.name}/", view_of(act), name=act.name) for act in SHOP_ACTS),
    path("psps/", psps.psps, name="psps"),
    path("invariants/", invariants.board, name="invariants"),
    path("invariants/check/", invariants.check_now, name="check-invariants"),
]
