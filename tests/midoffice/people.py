"""Members of staff with browsers, and how one decides what another asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from payments.models import Approval
from tests.builders import make_user
from tests.midoffice.conftest import let_in


@dataclass(frozen=True)
class Person:
    """Somebody with a browser, who has just shown a second factor."""

    user: User
    browser: Client


def person(name: str, *permissions: str) -> Person:
    """Return a member of staff with these permissions."""
    user = make_user(*permissions, username=name)
    return Person(user, let_in(user))


def decide(who: Person, approval: Approval, *, follow: bool = False, **fields: Any) -> Any:
    """Decide, as on the approval's page; look at where it leads, if asked to."""
    address = reverse("mid-office:approval", args=[approval.pk])
    form = {
        "form_key": "0197a8f2-4c1e-7d36-9b52-6e0f3a1d8c47",
        "reason": "I called the customer too.",
        "arguments_hash": approval.arguments_hash,
        **fields,
    }
    return who.browser.post(address, form, follow=follow)
