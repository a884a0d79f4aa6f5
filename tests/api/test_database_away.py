"""A database that is away: every endpoint says so, as something to be asked again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection

from payments.models import PaymentSession, Shop
from tests.api.answers import problem
from tests.api.caller import Caller
from tests.builders import make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(shop: Shop) -> PaymentSession:
    """Return a registered session."""
    return make_session(shop=shop)


class TestARequest:
    @pytest.mark.parametrize("error", [OperationalError, InterfaceError, DatabaseError])
    @pytest.mark.parametrize("endpoint", ["list", "read", "register", "buy-now", "cancel"])
    def test_is_told_to_come_again(
        self, api: Caller, session: PaymentSession, endpoint: str, error: type[Error]
    ) -> None:
        call = {
            "list": api.get,
            "read": lambda: api.get(f"/{session}"),
            "register": api.register,
            "buy-now": lambda: api.buy(session),
            "cancel": lambda: api.send("POST", f"/{session}/cancel", {}),
        }[endpoint]

        def away(*_: Any) -> Any:
            raise error("the connection was lost")

        with connection.execute_wrapper(away):
            response = call()

        answer = problem(response, 503, "temporarily-unavailable")
        assert answer["money_moved"] == "unknown"
        assert response["Retry-After"] == "1"
        assert "connection was lost" not in str(answer)
