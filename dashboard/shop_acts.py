"""What staff can ask to have done to a shop. A second person must agree to each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.urls import reverse

from dashboard.act_forms import ReasonForm
from dashboard.acts import Act
from dashboard.shop_forms import ApiKeyForm, KeyForm, LimitsForm, RotationForm
from payments.domain import roles
from payments.models import Shop
from payments.services import staff_shops

AGREED_FIRST: Final = "A second person must agree first."
SHOWN_ONCE: Final = "Then you make it yourself, within a day, and it is shown to you once."
ASKED: Final = "Asked for. Nothing is changed until a second person agrees."


def shop_or_404(shop_id: UUID | None) -> Shop:
    """Return a shop. Raises Http404."""
    return get_object_or_404(Shop, pk=shop_id)


def _page_of(shop: Shop) -> str:
    return reverse("mid-office:shop", args=[shop.pk])


def _make_key(by: User, shop: Shop, form: ReasonForm, now: datetime) -> str:
    given = form.cleaned_data
    staff_shops.ask_for_api_key(
        by=by,
        shop=shop,
        label=given["label"],
        scopes=given["scopes"],
        expires_at=given["expires_at"],
        reason=given["reason"],
        form_key=form.key,
        now=now,
    )
    return f"{ASKED} {SHOWN_ONCE}"


def _revoke_key(by: User, shop: Shop, form: ReasonForm, now: datetime) -> str:
    prefix, reason = form.cleaned_data["api_key"], form.cleaned_data["reason"]
    staff_shops.ask_to_revoke_api_key(
        by=by, shop=shop, prefix=prefix, reason=reason, form_key=form.key, now=now
    )
    return ASKED


def _rotate_secret(by: User, shop: Shop, form: ReasonForm, now: datetime) -> str:
    overlap, reason = form.cleaned_data["overlap"], form.cleaned_data["reason"]
    staff_shops.ask_to_rotate_secret(
        by=by, shop=shop, overlap=overlap, reason=reason, form_key=form.key, now=now
    )
    return f"{ASKED} {SHOWN_ONCE}"


def _change_limits(by: User, shop: Shop, form: ReasonForm, now: datetime) -> str:
    limits, reason = form.cleaned_data["limits"], form.cleaned_data["reason"]
    staff_shops.ask_to_change_limits(
        by=by, shop=shop, limits=limits, reason=reason, form_key=form.key, now=now
    )
    return ASKED


def _of_shop(shop: Shop) -> dict[str, Any]:
    return {"shop": shop}


def _act(name: str, title: str, perform: Any, *words: str, then: str = "", **more: Any) -> Act:
    return Act(
        name,
        title,
        roles.SET_UP_SHOP,
        perform,
        find=shop_or_404,
        shop=lambda shop: shop,
        back=_page_of,
        facts=lambda shop: [("Shop", shop.name)],
        what_happens=lambda _: [*words, f"{AGREED_FIRST} {then}".strip()],
        **more,
    )


SHOP_ACTS: Final = (
    _act(
        "make-api-key",
        "Ask for an API key",
        _make_key,
        "A new key lets the shop in.",
        then=SHOWN_ONCE,
        form=ApiKeyForm,
    ),
    _act(
        "revoke-api-key",
        "Ask to revoke an API key",
        _revoke_key,
        "The next request with it is refused, for good.",
        form=KeyForm,
        form_options=_of_shop,
    ),
    _act(
        "rotate-secret",
        "Ask for a signing secret",
        _rotate_secret,
        "A new secret signs what the shop is told. While the one before signs too, either is "
        "enough for the shop.",
        then=SHOWN_ONCE,
        form=RotationForm,
    ),
    _act(
        "change-limits",
        "Ask to change the refund limits",
        _change_limits,
        "Above its limit a refund needs two people.",
        form=LimitsForm,
        form_options=_of_shop,
    ),
)


def acts_on_shop(shop: Shop, by: User) -> list[tuple[str, str]]:
    """Return the title and address of each act on a shop that somebody may ask for."""
    if not by.has_perm(f"payments.{roles.SET_UP_SHOP}"):
        return []
    return [(act.title, reverse(f"mid-office:{act.name}", args=[shop.pk])) for act in SHOP_ACTS]
