"""The Django admin..."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from payments.domain.lifecycle import Phase
from payments.models import (
    IdempotencyRecord,
    InvariantCheck,
    NotificationSecret,
    Shop,
    ShopApiKey,
    StaffEvent,
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
    make_staff_event,
    make_statement_format,
    make_statement_line,
)
from tests.database.tables import snapshot

pytestmark = pytest.mark.django_db

SECRET = "whsec_dGVzdHMtc2lnbi13aXRoLXRoaXMtc2VjcmV0LW9ubHk="

_hours = itertools.count()

MODELS = list(apps.get_app_config("payments").get_models())
SET_UP_HERE = [Shop, StatementFormat]
HISTORY = [model for model in MODELS if model not in SET_UP_HERE]


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
    make_shop(notification_secrets=[SECRET])
    make_staff_event()
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=next(_hours))
    Tally.objects.create(hour=hour, measure="hour", count=1)


def test_knows_every_model():
    assert [model for model in MODELS if not admin.site.is_registered(model)] == []


def test_offers_no_keys_that_belong_to_no_shop(superuser: Client):
    assert superuser.get("/admin/rest_framework_api_key/apikey/").status_code == 404


def first_rows(models: Sequence[type[Model]]) -> dict[type[Model], Any]:
    """Return a row of each model."""
    rows = {model: model._default_manager.first() for model in models}  # noqa: SLF001
    assert [model for model, row in rows.items() if row is None] == []
    return rows


def test_lists_and_shows_every_model(superuser: Client):
    make_everything()

    for model, row in first_rows(MODELS).items():
        for query in ({}, {"q": str(uuid4())}):
            assert superuser.get(address(model, "changelist"), query).status_code == 200, model
        assert superuser.get(address(model, "change", row.pk)).status_code == 200, model


def test_lets_nobody_write_history(superuser: Client):
    make_everything()
    before = snapshot()

    for model, row in first_rows(HISTORY).items():
        for action, args in (("add", ()), ("change", (row.pk,)), ("delete", (row.pk,))):
            answer = superuser.post(address(model, action, *args), {"post": "yes"})
            assert answer.status_code == 403, (model, action)
        delete = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
        superuser.post(address(model, "changelist"), delete)
        assert snapshot() == before, model


def test_deletes_nothing(superuser: Client):
    make_everything()
    before = snapshot()

    for model, row in first_rows(SET_UP_HERE).items():
        answer = superuser.post(address(model, "delete", row.pk), {"post": "yes"})
        assert answer.status_code == 403, model

    assert snapshot() == before


def test_shows_bodies_as_text(superuser: Client):
    receipt = make_receipt(make_session(), body=b"\xff<b>")

    page = superuser.get(address(type(receipt), "change", receipt.pk)).content.decode()

    assert "\\xff&lt;b&gt;" in page


def test_lists_at_a_price_that_does_not_grow(
    superuser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for _ in range(5):
        make_everything()

    for model in MODELS:
        with django_assert_max_num_queries(6, info=str(model)):
            superuser.get(address(model, "changelist"))


# Shops


def shop_form(shop: Shop | None = None, **changes: str) -> dict[str, str]:
    """Return what the shop's form sends, with changes."""
    return {
        "name": shop.name if shop else "New shop",
        "return_origins": "https://shop.example\r\nhttps://www.shop.example:8443",
        "routing": '{"EUR": ["sandbox"], "*": ["sandbox"]}',
        "notification_url": "https://shop.example/hooks",
        "late_success": "accept",
        **changes,
    }


def test_makes_a_shop(superuser: Client):
    superuser.post(address(Shop, "add"), shop_form())

    shop = Shop.objects.get(name="New shop")
    assert shop.return_origins == ["https://shop.example", "https://www.shop.example:8443"]
    assert shop.routing == {"EUR": ["sandbox"], "*": ["sandbox"]}
    assert shop.notification_url == "https://shop.example/hooks"
    assert shop.late_success == "accept"
    told = StaffEvent.objects.get()
    assert (told.name, told.shop) == ("shop.made", shop)
    assert told.data["after"]["routing"] == {"EUR": ["sandbox"], "*": ["sandbox"]}


def test_records_what_was_changed_of_a_shop_and_how_it_was(superuser: Client):
    shop = make_shop(refund_limits={"EUR": "100.00"})

    superuser.post(
        address(Shop, "change", shop.pk),
        shop_form(shop, routing='{"EUR": ["sandbox"]}', refund_limits="{}"),
    )

    told = StaffEvent.objects.get()
    assert (told.name, told.shop, told.subject) == ("shop.changed", shop, f"shop {shop}")
    assert told.data["before"] == {
        "return_origins": ["https://shop.example"],
        "routing": {"*": ["sandbox"]},
        "notification_url": "",
        "late_success": "ask",
    }
    assert told.data["after"]["routing"] == {"EUR": ["sandbox"]}
    shop.refresh_from_db()
    assert shop.refund_limits == {"EUR": "100.00"}


def test_records_nothing_where_nothing_was_changed(superuser: Client):
    shop = make_shop()
    superuser.post(address(Shop, "change", shop.pk), shop_form(shop))
    before = StaffEvent.objects.count()

    superuser.post(address(Shop, "change", shop.pk), shop_form(shop))

    assert StaffEvent.objects.count() == before == 1


def test_never_shows_a_signing_secret(superuser: Client):
    make_shop(notification_secrets=[SECRET])
    secret = NotificationSecret.objects.get()

    for page in (
        address(NotificationSecret, "changelist"),
        address(NotificationSecret, "change", secret.pk),
    ):
        shown = superuser.get(page).content.decode()
        assert secret.public_id in shown or str(secret.pk) in shown
        assert "whsec_" not in shown


IMPOSSIBLE = [
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
]


def test_refuses_a_shop_that_could_not_work(superuser: Client):
    shop = make_shop()
    before = snapshot()

    for field, value in IMPOSSIBLE:
        form = shop_form(shop, **{field: value})
        response = superuser.post(address(Shop, "change", shop.pk), form)

        assert response.status_code == 200, value
        assert list(response.context["adminform"].form.errors) == [field], value
    assert snapshot() == before
