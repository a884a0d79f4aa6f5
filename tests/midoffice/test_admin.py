"""The Django admin..."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from payments.domain.lifecycle import Phase
from payments.models import (
    Case,
    IdempotencyRecord,
    InvariantCheck,
    Shop,
    ShopApiKey,
    StatementFormat,
    Tally,
)
from tests.builders import (
    make_approval,
    make_case,
    make_discrepancy,
    make_event,
    make_instruction,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_receipt,
    make_refund,
    make_session,
    make_shop,
    make_statement_format,
    make_statement_line,
    make_user,
)
from tests.database.tables import snapshot
from tests.midoffice.conftest import logged_in

pytestmark = pytest.mark.django_db

SECRET = "whsec_dGVzdHMtc2lnbi13aXRoLXRoaXMtc2VjcmV0LW9ubHk="
OLDER = "whsec_b2xkZXItc2VjcmV0LW9sZGVyLXNlY3JldC1vbGRlcg=="
OLDEST = "whsec_b2xkZXN0LXNlY3JldC1vbGRlc3Qtc2VjcmV0LW9sZA=="

_hours = itertools.count()

MODELS = list(apps.get_app_config("payments").get_models())
SET_UP_HERE = [Shop, ShopApiKey, StatementFormat]
HISTORY = [model for model in MODELS if model not in (*SET_UP_HERE, Case)]


def address(model: type[Model], action: str, *args: Any) -> str:
    """Return an admin page of a model."""
    return reverse(f"admin:payments_{model._meta.model_name}_{action}", args=args)  # noqa: SLF001


def make_everything() -> None:
    """Make one row, at least, of every model."""
    purchase = make_purchase(phase=Phase.CAPTURED)
    session = purchase.session
    make_event(session)
    make_psp_call(session, body=b"\xff{}")
    make_receipt(session, body=b"\xff{}")
    make_notification_try(session)
    make_case(session)
    make_approval(session)
    make_refund(purchase)
    make_instruction(purchase)
    make_statement_line(session=session)
    make_discrepancy(session)
    make_statement_format()
    IdempotencyRecord.objects.create(
        shop=session.shop,
        key="k-1",
        method="POST",
        path="/",
        body_hash="",
        locked_until=timezone.now(),
    )
    now = timezone.now()
    InvariantCheck.objects.create(
        checked_at=now, changed_since=now, duration_ms=7, sessions=1, complete=True, results=[]
    )
    ShopApiKey.objects.create_key(name="key", shop=session.shop)
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=next(_hours))
    Tally.objects.create(hour=hour, measure="hour", count=1)


def test_knows_every_model():
    assert [model for model in MODELS if not admin.site.is_registered(model)] == []


def test_offers_no_keys_that_belong_to_no_shop(superuser: Client):
    assert superuser.get("/admin/rest_framework_api_key/apikey/").status_code == 404


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_shows_every_model(model: type[Model], superuser: Client):
    make_everything()
    row = model._default_manager.first()  # noqa: SLF001
    assert row is not None

    assert superuser.get(address(model, "changelist")).status_code == 200
    assert superuser.get(address(model, "changelist"), {"q": str(uuid4())}).status_code == 200
    assert superuser.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", HISTORY)
def test_lets_nobody_write_history(model: type[Model], superuser: Client):
    make_everything()
    row = model._default_manager.first()  # noqa: SLF001
    assert row is not None
    before = snapshot()

    for action, args in (("add", ()), ("change", (row.pk,)), ("delete", (row.pk,))):
        assert superuser.post(address(model, action, *args), {"post": "yes"}).status_code == 403
    delete = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    superuser.post(address(model, "changelist"), delete)

    assert snapshot() == before


@pytest.mark.parametrize("model", [*SET_UP_HERE, Case])
def test_deletes_nothing(model: type[Model], superuser: Client):
    make_everything()
    row = model._default_manager.first()  # noqa: SLF001
    assert row is not None
    before = snapshot()

    assert superuser.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403

    assert snapshot() == before


def test_shows_bodies_as_text(superuser: Client):
    receipt = make_receipt(make_session(), body=b"\xff<b>")

    page = superuser.get(address(type(receipt), "change", receipt.pk)).content.decode()

    assert "\\xff&lt;b&gt;" in page


@pytest.mark.parametrize("model", MODELS)
def test_lists_at_a_price_that_does_not_grow(
    model: type[Model], superuser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for _ in range(5):
        make_everything()

    with django_assert_max_num_queries(6):
        superuser.get(address(model, "changelist"))


# Shops


def shop_form(shop: Shop | None = None, **changes: str) -> dict[str, str]:
    """Return what the shop's form sends, with changes."""
    return {
        "name": shop.name if shop else "New shop",
        "return_origins": "https://shop.example\r\nhttps://www.shop.example:8443",
        "routing": '{"EUR": ["sandbox"], "*": ["sandbox"]}',
        "notification_url": "https://shop.example/hooks",
        "new_notification_secret": "",
        "late_success": "accept",
        **changes,
    }


def test_makes_a_shop(superuser: Client):
    superuser.post(address(Shop, "add"), shop_form(new_notification_secret=SECRET))

    shop = Shop.objects.get(name="New shop")
    assert shop.return_origins == ["https://shop.example", "https://www.shop.example:8443"]
    assert shop.routing == {"EUR": ["sandbox"], "*": ["sandbox"]}
    assert shop.notification_url == "https://shop.example/hooks"
    assert shop.notification_secrets == [SECRET]
    assert shop.late_success == "accept"


def test_never_shows_a_shops_secrets(superuser: Client):
    shop = make_shop(notification_secrets=[SECRET, OLDER])

    page = superuser.get(address(Shop, "change", shop.pk)).content.decode()

    assert "whsec_d" not in page
    assert "whsec_b" not in page
    assert '<div class="readonly">2</div>' in page


def test_rotates_the_oldest_secret_out(superuser: Client):
    shop = make_shop(notification_secrets=[OLDER, OLDEST])

    superuser.post(
        address(Shop, "change", shop.pk), shop_form(shop, new_notification_secret=SECRET)
    )

    shop.refresh_from_db()
    assert shop.notification_secrets == [SECRET, OLDER]
    assert SECRET not in LogEntry.objects.get().change_message


def test_keeps_the_secrets_where_none_is_given(superuser: Client):
    shop = make_shop(notification_secrets=[OLDER, OLDEST])

    superuser.post(address(Shop, "change", shop.pk), shop_form(shop))

    shop.refresh_from_db()
    assert shop.late_success == "accept"
    assert shop.notification_secrets == [OLDER, OLDEST]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("return_origins", "https://shop.example/"),
        ("return_origins", "https://shop.example/path"),
        ("return_origins", "shop.example"),
        ("return_origins", "javascript:alert(1)"),
        ("return_origins", "https://user@shop.example"),
        ("return_origins", "https://"),
        ("return_origins", ""),
        ("routing", "[]"),
        ("routing", '{"*": "sandbox"}'),
        ("routing", '{"*": ["nonsense"]}'),
        ("routing", '{"eur": ["sandbox"]}'),
        ("routing", '{"XXX": ["sandbox"]}'),
        ("notification_url", "javascript:alert(1)"),
        ("new_notification_secret", "secret"),
        ("new_notification_secret", "whsec_c2hvcnQ="),
        ("new_notification_secret", "whsec_not base64"),
        ("new_notification_secret", "whsec_é"),
    ],
)
def test_refuses_a_shop_that_could_not_work(field: str, value: str, superuser: Client):
    shop = make_shop()
    before = snapshot()

    response = superuser.post(address(Shop, "change", shop.pk), shop_form(shop, **{field: value}))

    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert snapshot() == before


# API keys


def test_shows_a_new_api_key_once(superuser: Client):
    shop = make_shop()

    response = superuser.post(
        address(ShopApiKey, "add"),
        {"shop": str(shop.pk), "name": "web", "scopes": ["read"]},
        follow=True,
    )

    [message] = [str(m) for m in response.context["messages"] if "API key for web is" in str(m)]
    key = message.split("is: ")[1].split(". ")[0]
    stored = ShopApiKey.objects.get()
    assert (stored.shop, stored.scopes, stored.is_valid(key)) == (shop, ["read"], True)
    page = superuser.get(address(ShopApiKey, "change", stored.pk)).content.decode()
    assert key not in page


def test_revokes_an_api_key_and_keeps_it_with_its_shop(superuser: Client):
    shop = make_shop()
    _, key = ShopApiKey.objects.create_key(name="web", shop=shop)
    row = ShopApiKey.objects.get()

    superuser.post(
        address(ShopApiKey, "change", row.pk),
        {"shop": str(make_shop().pk), "name": "web", "scopes": ["read", "write"], "revoked": "on"},
    )

    row.refresh_from_db()
    assert (row.revoked, row.shop) == (True, shop)
    assert not ShopApiKey.objects.is_valid(key)


def test_refuses_an_api_key_for_nothing(superuser: Client):
    response = superuser.post(
        address(ShopApiKey, "add"), {"shop": str(make_shop().pk), "name": "web", "scopes": []}
    )

    assert list(response.context["adminform"].form.errors) == ["scopes"]
    assert ShopApiKey.objects.count() == 0


# Cases


def test_lets_a_case_be_taken_and_nothing_else_be_changed(superuser: Client):
    case = make_case(make_session(), detail="As it was.")
    owner = make_user(username="ann")

    superuser.post(
        address(Case, "change", case.pk),
        {"owner": str(owner.pk), "detail": "Other.", "resolution": "None.", "kind": "surplus"},
    )

    case.refresh_from_db()
    assert case.owner == owner
    assert (case.detail, case.resolution, case.kind) == ("As it was.", "", "unanswered")


def test_offers_only_active_staff_as_owners(superuser: Client):
    case = make_case(make_session())
    ann = make_user(username="ann")
    make_user(username="bob", is_staff=False)
    make_user(username="eve", is_active=False)

    form = superuser.get(address(Case, "change", case.pk)).context["adminform"].form

    offered = {user.username for user in form.fields["owner"].queryset}
    assert ann.username in offered
    assert not offered & {"bob", "eve"}


def test_refuses_those_without_the_permission():
    case = make_case(make_session())
    before = snapshot()

    response = logged_in("view_case").post(address(Case, "change", case.pk), {"owner": ""})

    assert response.status_code == 403
    assert snapshot() == before
