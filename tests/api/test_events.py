"""The timeline of a checkout: oldest first, page by page."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from payments.models import Event, PaymentSession, Shop
from tests.api.answers import refused
from tests.api.caller import Caller
from tests.builders import make_event, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a registered session without events."""
    return make_session(shop=shop)


def forged(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def page(api: Caller, session: PaymentSession, cursor: str = "") -> Any:
    query = f"?{urlencode({'cursor': cursor})}" if cursor else ""
    return api.get(f"/{session}/events{query}")


class TestTheTimeline:
    def test_is_empty_at_first(self, api: Caller, session: PaymentSession) -> None:
        assert page(api, session).json() == {"results": [], "next_cursor": None}

    def test_shows_what_happened(self, api: Caller, session: PaymentSession) -> None:
        make_event(
            session,
            "purchase.captured",
            phase_before="pending",
            phase_after="captured",
            data={"psp_word": "paid"},
        )

        [shown] = page(api, session).json()["results"]

        event = Event.objects.get()
        assert shown == {
            "id": f"evt_{event.pk.hex}",
            "position": 1,
            "at": event.created_at.isoformat(),
            "name": "purchase.captured",
            "cause": "clock",
            "phase_before": "pending",
            "phase_after": "captured",
            "data": {"psp_word": "paid"},
        }

    def test_begins_with_the_purchase_s_start(self, api: Caller, session: PaymentSession) -> None:
        api.buy(session)

        names = [event["name"] for event in page(api, session).json()["results"]]

        assert names == ["purchase.started"]

    def test_comes_in_pages_without_gaps_or_repeats(
        self, api: Caller, session: PaymentSession
    ) -> None:
        for number in range(1, 121):
            make_event(session, f"test.event_{number}")
        make_event(make_session(shop=session.shop))

        seen, cursor = [], ""
        for expected in (50, 50, 20):
            answer = page(api, session, cursor).json()
            assert len(answer["results"]) == expected
            seen += [event["position"] for event in answer["results"]]
            cursor = answer["next_cursor"]

        assert seen == list(range(1, 121))
        assert cursor is None

    @pytest.mark.parametrize("position", [-1, 0, 10**9, 10**30])
    def test_goes_on_after_any_position(
        self, api: Caller, session: PaymentSession, position: int
    ) -> None:
        make_event(session)

        answer = page(api, session, forged([position])).json()

        assert [event["position"] for event in answer["results"]] == ([1] if position < 1 else [])

    @pytest.mark.parametrize(
        "cursor",
        ["x", forged([]), forged(["1"]), forged([1.5]), forged([None]), forged(1), forged([1, 2])],
    )
    def test_refuses_a_cursor_that_bps_did_not_give_out(
        self, api: Caller, session: PaymentSession, cursor: str
    ) -> None:
        refused(lambda: page(api, session, cursor), 400, "invalid-request", "cursor")
