"""What is asked for at a shop, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from payments.models import Approval, ShopApiKey
from tests.database.tables import changed_since
from tests.midoffice.people import Person

OLD_SECRET = "whsec_b2xkZXItc2VjcmV0LW9sZGVyLXNlY3JldC1vbGRlcg=="
ASKED: dict[str, dict[str, Any]] = {
    "make-api-key": {"label": "web", "scopes": ["read"]},
    "revoke-api-key": {},
    "rotate-secret": {"overlap": "24"},
    "change-limits": {"limits": "EUR 50\nJPY 5000"},
}
each_act = pytest.mark.parametrize("name", ASKED)
shown_once = pytest.mark.parametrize("name", ["make-api-key", "rotate-secret"])


def form_of(name: str, **changes: Any) -> dict[str, Any]:
    """Return what is filled in to ask for an act at the only shop."""
    fields = {**ASKED[name], **changes}
    if name == "revoke-api-key":
        fields["api_key"] = ShopApiKey.objects.get().prefix
    return fields


def carried_out(who: Person, approval: Approval) -> Any:
    """Carry out what was agreed to."""
    return who.browser.post(reverse("mid-office:carry-out", args=[approval.pk]))


def unchanged(before: dict[str, str]) -> bool:
    """Tell whether nothing was done to the shop; what was asked and decided is on record."""
    return changed_since(before) <= {"payments_approval", "payments_staffevent"}


def forged(approval: Approval, **fields: Any) -> Approval:
    """Return another request like it, as the database lets nobody change one."""
    row = {field.attname: getattr(approval, field.attname) for field in approval._meta.fields}  # noqa: SLF001
    del row["id"]
    return Approval.objects.create(**row | {"request_key": "form:forged"} | fields)
