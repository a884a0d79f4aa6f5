"""Events: append-only, numbered and chained by the database itself."""

from __future__ import annotations

import pytest

from payments.models import Event
from tests.builders import make_event, make_session
from tests.database.sql import delete, insert_like, refused, run, update

pytestmark = pytest.mark.django_db

TABLE = "payments_event"


class TestAnEvent:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("name", "purchase.declined"),
            ("data", "{}"),
            ("cause_kind", "staff"),
            ("phase_after", "declined"),
            ("position", 7),
            ("hash", "0" * 64),
            ("previous_hash", "0" * 64),
            ("created_at", "2001-01-01T00:00:00Z"),
        ],
    )
    def test_is_never_changed(self, column: str, value: object) -> None:
        event = make_event(make_session(), data={"charged": "19.99"})

        reason = refused(update(TABLE, event.pk, **{column: value}))

        assert "Cannot update or delete rows" in reason

    def test_is_never_deleted(self) -> None:
        event = make_event(make_session())

        reason = refused(delete(TABLE, event.pk))

        assert "Cannot update or delete rows" in reason

    def test_is_numbered_and_linked_to_the_one_before(self) -> None:
        session = make_session()
        for name in ("session.created", "session.registered", "purchase.started"):
            make_event(session, name)

        first, second, third = Event.objects.filter(session=session).order_by("position")

        assert [first.position, second.position, third.position] == [1, 2, 3]
        assert first.previous_hash == ""
        assert second.previous_hash == first.hash
        assert third.previous_hash == second.hash
        assert len({first.hash, second.hash, third.hash}) == 3
        assert all(len(event.hash) == 64 for event in (first, second, third))

    def test_begins_a_chain_of_its_own_in_every_session(self) -> None:
        make_event(make_session())
        elsewhere = make_event(make_session())

        elsewhere.refresh_from_db()

        assert (elsewhere.position, elsewhere.previous_hash) == (1, "")

    def test_cannot_choose_its_place_or_its_hash(self) -> None:
        session = make_session()
        first = make_event(session)
        first.refresh_from_db()

        run(insert_like(TABLE, first.pk, position=40, previous_hash="f" * 64, hash="f" * 64))

        forged = Event.objects.exclude(pk=first.pk).get(session=session)
        assert (forged.position, forged.previous_hash) == (2, first.hash)
        assert forged.hash != "f" * 64
