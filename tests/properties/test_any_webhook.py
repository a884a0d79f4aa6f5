"""Any webhook: stored, or rejected and kept as evidence. Never an error, and nothing else moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from payments.models import WebhookReceipt
from payments.psp import psp_client
from tests.builders import make_purchase
from tests.database.tables import snapshot
from tests.webhooks.psp import URL, Delivery

RECEIPTS = "payments_webhookreceipt"

# What an HTTP server lets through in a header: visible Latin-1, spaces and tabs.
header_text = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"])
    | st.just("\t"),
    max_size=80,
)
words = st.text(max_size=12)
short_or_long = words | st.integers(60, 260).map(lambda length: "x" * length)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(autouse=True)
def purchase_in_doubt(db: None) -> Iterator[None]:
    """Have a purchase that must not move, and a PSP client of this test's settings."""
    psp_client.cache_clear()
    make_purchase(phase="in_doubt")
    yield
    psp_client.cache_clear()


def others(tables: dict[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in tables.items() if name != RECEIPTS}


class TestAnyBytesAndHeaders:
    @given(
        st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()),
        st.dictionaries(
            st.sampled_from(
                ["webhook-id", "webhook-timestamp", "webhook-signature", "content-type"]
            ),
            header_text
            | st.just(str(int(timezone.now().timestamp())))
            | st.just("v1," + "A" * 43 + "="),
            max_size=4,
        ),
    )
    def test_are_rejected_and_kept_as_evidence(self, body: bytes, headers: dict[str, str]) -> None:
        before, count = others(snapshot()), WebhookReceipt.objects.count()

        response = Client().generic("POST", URL, body, headers=headers)

        assert response.status_code == 401
        assert others(snapshot()) == before
        assert WebhookReceipt.objects.count() == count + 1
        assert not WebhookReceipt.objects.exclude(state="rejected").exists()


class TestAnySignedObject:
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "type": short_or_long | json_values,
                "created_at": st.just("2030-01-01T00:00:00Z") | json_values,
                "data": st.fixed_dictionaries(
                    {
                        "session": st.fixed_dictionaries(
                            {"token": short_or_long, "reference": short_or_long}
                        )
                    }
                )
                | json_values,
                "more": json_values,
            },
        )
    )
    @example({"type": "t" * 101})
    @example({"data": {"session": {"token": "t", "reference": "r" * 65}}})
    @example({"created_at": "0001-01-01T00:00:00+23:59"})
    def test_is_stored_or_rejected(self, changes: dict[str, Any]) -> None:
        before, count = others(snapshot()), WebhookReceipt.objects.count()

        response = Delivery.about(None, **changes).send()

        assert response.status_code in {200, 401}
        assert others(snapshot()) == before
        assert WebhookReceipt.objects.count() == count + 1
