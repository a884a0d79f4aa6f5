"""Sessions: the database keeps their money, their ids and their order of states."""

from __future__ import annotations

import pytest

from payments.domain.lifecycle import SESSION_GRAPH, SessionStatus
from payments.models import PaymentSession
from tests.builders import make_session, make_shop
from tests.database.sql import Statement, delete, each_refused, insert_like, refused, run, update

pytestmark = pytest.mark.django_db

TABLE = "payments_paymentsession"
NOT_CANONICAL = [
    "",
    " ",
    "1e3",
    "NaN",
    "Infinity",
    "-1",
    "+5",
    "1,00",
    "01.00",
    "00",
    ".5",
    "5.",
    "1.23456",
    " 12 ",
    "12\n",
    "1_000",
    "١٢",
    "\uff11\uff12",
    "1234567890123",
]


# What may not be the same in another session of the shop.
FRESH = {"checkout_id": "c-2", "psp_token": "tok_2", "public_token": "public_2"}


def set_status(session: PaymentSession, status: str) -> Statement:
    return update(TABLE, session.pk, status=status)


class TestTheDatabaseRefuses:
    def test_to_change(self) -> None:
        session = make_session(order_reference="o-1")
        changes = [
            ("amount", "0.01"),
            ("amount", "19.990"),
            ("currency", "USD"),
            ("checkout_id", "c-other"),
            ("order_reference", "o-other"),
            ("public_token", "guessed"),
            ("capture", "manual"),
            ("psp_token", "tok_other"),
            ("psp_token", None),
            ("psp", "other"),
        ]

        reasons = each_refused(update(TABLE, session.pk, **dict([one])) for one in changes)

        for reason in reasons:
            assert "Cannot update rows from payments_paymentsession table" in reason

    def test_to_hand_a_session_to_another_shop(self) -> None:
        session, other = make_session(), make_shop()

        refused(update(TABLE, session.pk, shop_id=other.pk))

    def test_to_write_the_number_beside_the_amount(self) -> None:
        session = make_session()

        refused(update(TABLE, session.pk, amount_value=1))

    def test_to_delete(self) -> None:
        session = make_session()

        reason = refused(delete(TABLE, session.pk))

        assert "Cannot delete rows" in reason

    def test_to_delete_the_shop(self) -> None:
        shop = make_shop()

        assert "Cannot delete rows" in refused(delete("payments_shop", shop.pk))

    def test_a_second_session_for_a_checkout(self) -> None:
        session = make_session()

        reason = refused(insert_like(TABLE, session.pk, psp_token="tok_2", public_token="public_2"))

        assert "one_session_per_checkout" in reason

    def test_a_token_that_another_session_of_the_psp_has(self) -> None:
        session = make_session()

        reason = refused(insert_like(TABLE, session.pk, checkout_id="c-2", public_token="public_2"))

        assert "one_session_per_psp_token" in reason

    def test_a_public_token_that_another_session_has(self) -> None:
        session = make_session()

        reason = refused(insert_like(TABLE, session.pk, checkout_id="c-2", psp_token="tok_2"))

        assert "public_token" in reason

    def test_an_amount_that_is_not_canonical(self) -> None:
        session = make_session()

        each_refused(
            insert_like(TABLE, session.pk, **FRESH, amount=amount) for amount in NOT_CANONICAL
        )

    def test_a_currency_that_is_no_code(self) -> None:
        session = make_session()

        each_refused(
            insert_like(TABLE, session.pk, **FRESH, currency=currency)
            for currency in ("", "eur", "EURO", "EU", "E1R", "\u0415UR")
        )

    def test_a_registered_session_without_a_token(self) -> None:
        session = make_session()
        fresh = {"checkout_id": "c-2", "psp_token": None, "public_token": "public_2"}

        reason = refused(insert_like(TABLE, session.pk, **fresh))

        assert "registered_session_has_a_token" in reason

    def test_an_unknown_status(self) -> None:
        session = make_session()
        words = ["paid", "REGISTERED", "", "unknown"]

        each_refused(set_status(session, word) for word in words)
        reasons = each_refused(
            insert_like(TABLE, session.pk, **FRESH, status=word) for word in words
        )

        for reason in reasons:
            assert "session_status_is_known" in reason


class TestTheDatabaseAllows:
    def test_another_shop_the_same_checkout_id(self) -> None:
        session, other = make_session(), make_shop()

        run(insert_like(TABLE, session.pk, shop_id=other.pk, psp_token="tok_2", public_token="p_2"))

        assert PaymentSession.objects.filter(checkout_id=session.checkout_id).count() == 2

    def test_a_token_to_be_set_once(self) -> None:
        session = make_session(psp_token=None, status="created")

        run(update(TABLE, session.pk, psp_token="tok_1"))

        refused(update(TABLE, session.pk, psp_token="tok_2"))

    def test_another_psp_while_none_has_given_a_token(self) -> None:
        session = make_session(psp_token=None, status="created")

        run(update(TABLE, session.pk, psp="other"))

        session.refresh_from_db()
        assert session.psp == "other"


class TestASessionsStatus:
    @pytest.mark.parametrize("before", list(SessionStatus))
    def test_moves_in_the_database_as_the_rules_say(self, before: SessionStatus) -> None:
        shop, following = make_shop(), {before, *SESSION_GRAPH[before]}
        moved = {
            after: make_session(shop=shop, status=before, psp_token=f"tok_{after}")
            for after in following
        }
        stays = make_session(shop=shop, status=before, psp_token="tok_a")

        for after, session in moved.items():
            run(set_status(session, after))
        reasons = each_refused(
            set_status(stays, after) for after in SessionStatus if after not in following
        )

        statuses = PaymentSession.objects.in_bulk(session.pk for session in moved.values())
        assert {after: statuses[session.pk].status for after, session in moved.items()} == {
            after: after for after in following
        }
        for reason in reasons:
            assert "Invalid transition" in reason
