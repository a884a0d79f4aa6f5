"""Whatever a PSP wrote..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.lists.catalogue import LISTS
from dashboard.lists.cells import SHOWN_CHARACTERS
from payments.domain.lifecycle import Phase
from tests.builders import (
    make_case,
    make_event,
    make_notification_try,
    make_purchase,
    make_receipt,
    make_refund,
    make_run,
    make_session,
    make_shop,
    make_staff_event,
)
from tests.hostile_words import HOSTILE, SPELLED_OUT, UNSEEN

pytestmark = pytest.mark.django_db

SHOWN = f"=&lt;script&gt;alert(1)&lt;/script&gt;{SPELLED_OUT}"
IN_A_FILE = f"'=<script>alert(1)</script>{SPELLED_OUT}"

WRITTEN: dict[str, Callable[[str], Any]] = {
    "sessions": lambda words: make_session(checkout_id=words, psp_token=f"tok {words}"),
    "refunds": lambda words: make_refund(
        make_purchase(phase=Phase.CAPTURED), refund_reference=words, reason=words
    ),
    "receipts": lambda words: make_receipt(
        None,
        state="unmatched",
        event_type=words,
        event_id=words,
        note=words,
        body=b"\0\xff<script>",
    ),
    "notifications": lambda words: make_notification_try(make_session(), error=words),
    "cases": lambda words: make_case(make_session(), detail=words),
    "reconciliations": lambda words: make_run(statement_name=words, asked_by=words),
    "audit": lambda words: make_event(make_session(), cause_kind="staff", actor=words),
    "staff-events": lambda words: make_staff_event(
        actor=words, subject=words, shop=make_shop(name=words), data={"reason": words}
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_is_shown_as_text_in_a_list_and_run_by_no_spreadsheet(name: str, viewer: Client):
    WRITTEN[name](HOSTILE)

    page = viewer.get(reverse(f"mid-office:{name}")).content.decode()
    response: Any = viewer.get(reverse(f"mid-office:{name}-csv"))
    file = b"".join(response.streaming_content).decode()

    assert SHOWN in page
    assert "<script>alert" not in page
    assert not UNSEEN & set(page)
    assert IN_A_FILE in file
    assert not UNSEEN & set(file)
    assert ",=" not in file


def test_is_cut_in_a_list_and_whole_in_a_file(viewer: Client):
    make_case(make_session(), detail="x" * 10_000)

    page = viewer.get(reverse("mid-office:cases")).content.decode()
    response: Any = viewer.get(reverse("mid-office:cases-csv"))

    assert "x" * SHOWN_CHARACTERS + "…" in page
    assert "x" * (SHOWN_CHARACTERS + 1) not in page
    assert "x" * 10_000 in b"".join(response.streaming_content).decode()
