"""verify_events: says that every chain is whole, or names the link that somebody broke."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from payments.models import Event, PaymentSession
from tests.builders import make_event, make_purchase, make_session
from tests.database.sql import Statement, delete, insert_like, update

pytestmark = pytest.mark.django_db

TABLE = "payments_event"


@contextmanager
def triggers_off() -> Iterator[None]:
    """Do what only the tables' owner can: switch the database's own guards off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE payments_event DISABLE TRIGGER USER")
        yield
        cursor.execute("ALTER TABLE payments_event ENABLE TRIGGER USER")


@contextmanager
def undone() -> Iterator[None]:
    """Do something that is taken back at the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def tamper(statement: Statement) -> None:
    with triggers_off(), connection.cursor() as cursor:
        cursor.execute(*statement)


def move(event: Event, position: int) -> None:
    tamper(update(TABLE, event.pk, position=position))


def verdict(*arguments: str) -> str:
    said = StringIO()
    try:
        call_command("verify_events", *arguments, stdout=said)
    except CommandError as broken:
        return str(broken)
    return said.getvalue().strip()


def broken_at(session: PaymentSession, position: int) -> str:
    return f"The chain of session {session.pk} is broken at position {position}."


@pytest.fixture
def session() -> PaymentSession:
    """Return a session with five events, among others'."""
    made = make_session()
    for session in (make_session(), made, make_session()):
        for number in range(1, 6):
            make_event(session, f"test.event_{number}", data={"number": number, "naïve": ["✓"]})
    return made


def event_at(session: PaymentSession, position: int) -> Event:
    return Event.objects.get(session=session, position=position)


class TestVerifyEvents:
    def test_says_that_every_chain_is_whole(self, session: PaymentSession) -> None:
        assert verdict() == "15 events checked, every chain is whole."

    def test_has_nothing_to_say_about_no_events(self) -> None:
        assert verdict() == "0 events checked, every chain is whole."

    def test_checks_one_checkout_alone(self, session: PaymentSession) -> None:
        assert verdict("--checkout-id", session.checkout_id) == (
            "5 events checked, every chain is whole."
        )

    def test_names_the_event_that_was_changed(self, session: PaymentSession) -> None:
        event = event_at(session, 3)
        changes = {
            "name": "purchase.captured",
            "cause_kind": "staff",
            "cause_id": "somebody",
            "actor": "somebody",
            "phase_before": "captured",
            "phase_after": "captured",
            "data": '{"number": 4}',
            "hash": "0" * 64,
            "previous_hash": "0" * 64,
            "created_at": "2001-01-01T00:00:00Z",
        }

        said = {}
        for column, value in changes.items():
            with undone():
                tamper(update(TABLE, event.pk, **{column: value}))
                said[column] = verdict()

        assert said == dict.fromkeys(changes, broken_at(session, 3))

    def test_names_the_event_that_was_ascribed_to_a_purchase(self, session: PaymentSession) -> None:
        event, purchase = event_at(session, 3), make_purchase()

        tamper(update(TABLE, event.pk, purchase_id=purchase.pk))

        assert verdict() == broken_at(session, 3)

    def test_names_the_place_of_an_event_that_was_removed(self, session: PaymentSession) -> None:
        for position in (1, 2, 3, 4):
            with undone():
                tamper(delete(TABLE, event_at(session, position).pk))

                assert verdict() == broken_at(session, position)

    def test_misses_the_last_event_when_the_purchase_tells_of_it(
        self, session: PaymentSession
    ) -> None:
        purchase = make_purchase(session, phase="captured")
        make_event(session, "purchase.started", purchase=purchase, phase_after="submitting")
        last = make_event(
            session, purchase=purchase, phase_before="submitting", phase_after="captured"
        )

        tamper(delete(TABLE, last.pk))

        assert "every chain is whole" not in verdict()

    def test_names_the_place_of_an_event_that_was_slipped_in(self, session: PaymentSession) -> None:
        source = event_at(session, 1)
        for position in (2, 3, 4, 5):
            with undone():
                for later in range(5, position - 1, -1):
                    move(event_at(session, later), later + 1)

                tamper(insert_like(TABLE, source.pk, position=position, name="forged"))

                assert verdict() == broken_at(session, position)

    def test_names_the_event_that_was_appended_with_a_hash_of_its_own(
        self, session: PaymentSession
    ) -> None:
        last = event_at(session, 5)

        tamper(insert_like(TABLE, last.pk, position=6, previous_hash=last.hash, hash="a" * 64))

        assert verdict() == broken_at(session, 6)

    def test_names_the_first_of_two_events_that_changed_places(
        self, session: PaymentSession
    ) -> None:
        for one, other in ((1, 2), (2, 4), (4, 5)):
            first, second = event_at(session, one), event_at(session, other)

            with undone():
                move(first, 99)
                move(second, one)
                move(first, other)

                assert verdict() == broken_at(session, one)

    def test_names_the_first_of_several_broken_links(self, session: PaymentSession) -> None:
        for position in (4, 2):
            tamper(update(TABLE, event_at(session, position).pk, name="x"))

        assert verdict() == broken_at(session, 2)

    def test_finds_nothing_wrong_elsewhere(self, session: PaymentSession) -> None:
        other = PaymentSession.objects.exclude(pk=session.pk).first()
        assert other is not None
        tamper(update(TABLE, event_at(session, 2).pk, name="x"))

        assert "5 events" in verdict("--checkout-id", other.checkout_id)
