"""Hands support bundles to those who may have them."""

from __future__ import annotations

from typing import Final, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.access import staff_only
from dashboard.acts import refuse
from dashboard.session_acts import session_or_404
from payments.services.hand_out_bundle import hand_out_bundle
from payments.support_bundle.document import as_text

TAKE_BUNDLE: Final = "payments.download_support_bundle"


@staff_only
@require_POST
def support_bundle(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Give everything about one session as a file, and record who took it."""
    if not request.user.has_perm(TAKE_BUNDLE):
        refuse(cast("User", request.user), "support-bundle", session_or_404(session_id).pk)
    actor = request.user.get_username()
    bundle = hand_out_bundle(session_id, actor=actor, now=timezone.now())
    if bundle is None:
        raise Http404("There is no such session.")
    return HttpResponse(
        as_text(bundle),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="support-bundle-{session_id}.json"'},
    )
