"""A list as a CSV file..."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.lists import csv_file
from dashboard.lists.catalogue import LISTS
from dashboard.lists.csv_file import harmless
from payments.domain.lifecycle import Phase
from tests.builders import make_case, make_purchase, make_refund, make_session, make_shop

pytestmark = pytest.mark.django_db


HARMLESS: dict[object, str] = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "\r=1": "⟨U+000D⟩=1",
    "\n=1": "'\n=1",
    "  =1": "'  =1",
    "\uff1d1+1": "'\uff1d1+1",
    "1-1": "1-1",
    "a\u202eb": "a⟨U+202E⟩b",
    "a\0b": "a⟨U+0000⟩b",
    "🌷": "🌷",
    None: "",
    datetime(2026, 3, 2, 12, tzinfo=UTC): "2026-03-02 12:00:00",
}


def file_of(browser: Client, name: str, query: str = "") -> list[dict[str, str]]:
    """Return the rows of a list's file by their headings."""
    response: Any = browser.get(f"{reverse(f'mid-office:{name}-csv')}{query}")
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text[1:], newline="")))


def test_has_every_id_of_a_row_and_the_zone_in_its_headings(viewer: Client):
    session = make_session(
        checkout_id="c-1",
        order_reference="o-1",
        amount="500",
        currency="JPY",
        status="completed",
        shop=make_shop(name="Bulbs"),
        created_at=datetime(2026, 3, 2, 12, 30, tzinfo=UTC),
    )
    purchase = make_purchase(
        session,
        phase=Phase.CAPTURED,
        payment_reference="ch_1",
        created_at=datetime(2026, 3, 2, 12, 31, tzinfo=UTC),
        finished_at=datetime(2026, 3, 2, 12, 32, tzinfo=UTC),
    )

    [row] = file_of(viewer, "sessions")

    assert row == {
        "Status": "successful",
        "Phase": "captured",
        "Reason": "",
        "Amount": "500",
        "Captured": "500",
        "Refunded": "0",
        "Currency": "JPY",
        "Checkout": "c-1",
        "Order": "o-1",
        "PSP": "sandbox",
        "PSP token": session.psp_token,
        "PSP payment reference": "ch_1",
        "Purchase": purchase.public_id,
        "Session": str(session.pk),
        "Shop": "Bulbs",
        "Made (UTC)": "2026-03-02 12:30:00",
        "Bought (UTC)": "2026-03-02 12:31:00",
        "Ended (UTC)": "2026-03-02 12:32:00",
    }


def test_holds_what_the_address_asks_for_and_no_more(viewer: Client):
    wanted = make_session(currency="JPY", amount="500")
    make_session()
    make_purchase(make_session(currency="JPY", amount="500"))

    found = file_of(viewer, "sessions", "?currency=jpy&status=open&cursor=")

    assert [row["Checkout"] for row in found] == [wanted.checkout_id]


def test_holds_all_rows_however_many_pages_they_are(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(csv_file, "ROWS_AT_A_TIME", 2)
    made = [make_session().checkout_id for _ in range(5)]

    assert [row["Checkout"] for row in file_of(viewer, "sessions")] == made[::-1]


def test_can_be_had_of_every_list_and_is_kept_by_nobody(viewer: Client):
    for name, declared in LISTS.items():
        response: Any = viewer.get(reverse(f"mid-office:{name}-csv"))

        [head] = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
        assert head == ",".join(declared.exported)
        assert response["Content-Type"] == "text/csv; charset=utf-8", name
        assert response["Content-Disposition"].startswith(f'attachment; filename="{name}-20')
        assert response["Cache-Control"] == "no-store", name


def test_runs_nothing_in_a_spreadsheet():
    assert {written: harmless(written) for written in HARMLESS} == HARMLESS


def test_is_harmless_whatever_a_psp_wrote(viewer: Client):
    make_refund(make_purchase(phase=Phase.CAPTURED), refund_reference='=HYPERLINK("http://x")')
    make_case(make_session(), detail="<script>\u202e🌷" + "x" * 10_000)

    [refund] = file_of(viewer, "refunds")
    [case] = file_of(viewer, "cases")

    assert refund["PSP reference"] == '\'=HYPERLINK("http://x")'
    assert case["Detail"] == "<script>⟨U+202E⟩🌷" + "x" * 10_000
