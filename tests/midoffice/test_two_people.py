"""What needs two people..."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from payments.domain.approvals import arguments_hash
from payments.domain.lifecycle import Phase
from payments.models import Approval, Case, Event, Purchase, ReceiptState, Refund, StaffEvent
from tests.builders import (
    make_case,
    make_purchase,
    make_receipt,
    make_session,
    make_shop,
)
from tests.database.tables import snapshot
from tests.midoffice.conftest import proved
from tests.midoffice.forms import act, act_and_look, act_page, opened
from tests.midoffice.people import Person, decide, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> Person:
    """Return somebody who asks, and who might approve what others ask."""
    return person("olga", "refund_purchase", "replay_receipt", "work_on_case", "give_approval")


@pytest.fixture
def paul() -> Person:
    """Return somebody who approves."""
    return person("paul", "give_approval")


@pytest.fixture
def purchase() -> Purchase:
    """Return a captured purchase of 20.00 EUR, of which one person may give back 10.00."""
    shop = make_shop(refund_limits={"EUR": "10.00"})
    session = make_session(shop=shop, amount="20.00", status="completed")
    return make_purchase(session, phase=Phase.CAPTURED)


@pytest.fixture
def asked(olga: Person, purchase: Purchase) -> Approval:
    """Return a refund above the limit that olga asked for."""
    act(olga.browser, "refund", purchase.session_id, amount="10.01")
    return Approval.objects.get()


class TestARefundAboveTheLimit:
    def test_is_not_made_before_somebody_agrees(self, asked: Approval, purchase: Purchase):
        assert not Refund.objects.exists()
        assert asked.arguments == {
            "purchase": str(purchase.pk),
            "amount": "10.01",
            "currency": "EUR",
        }
        assert Event.objects.get(name="approval.requested").actor == "olga"

    def test_is_made_once_somebody_does(self, asked: Approval, paul: Person, purchase: Purchase):
        response = decide(paul, asked, follow=True)

        assert "Agreed to, and carried out." in response.content.decode()
        refund = Refund.objects.get()
        assert (refund.amount, refund.purchase) == ("10.01", purchase)
        asked.refresh_from_db()
        assert (asked.state, asked.decided_by) == ("done", paul.user)
        assert Event.objects.get(name="approval.granted").actor == "paul"
        assert Event.objects.get(name="refund.started").actor == "olga"

    def test_is_made_once_however_often_it_is_agreed_to(self, asked: Approval, paul: Person):
        decide(paul, asked)

        response = decide(paul, asked)

        assert "It was decided meanwhile." in response.content.decode()
        assert Refund.objects.count() == 1

    def test_that_was_agreed_to_and_cut_off_is_carried_out_once(
        self, asked: Approval, paul: Person
    ):
        Approval.objects.update(state="granted", decided_by=paul.user, decided_at=timezone.now())

        decide(paul, asked)

        assert Refund.objects.count() == 1
        assert Approval.objects.get().state == "done"

    def test_is_never_made_once_it_is_rejected(self, asked: Approval, paul: Person):
        decide(paul, asked, reject="yes")
        decide(paul, asked)

        assert not Refund.objects.exists()
        assert Approval.objects.get().state == "rejected"

    def test_cannot_be_agreed_to_by_who_asked(self, asked: Approval, olga: Person):
        before = snapshot()

        response = decide(olga, asked)

        assert "somebody else must decide" in response.content.decode()
        assert snapshot() == before

    def test_cannot_be_agreed_to_without_the_permission(self, asked: Approval):
        response = decide(person("nora", "refund_purchase"), asked)

        assert response.status_code == 403
        assert Approval.objects.get().state == "waiting"
        assert Event.objects.get(name="act.refused").actor == "nora"
        assert not Refund.objects.exists()

    def test_cannot_be_agreed_to_after_a_day(self, olga: Person, paul: Person, purchase: Purchase):
        expired = waiting_since(olga, purchase, timedelta(hours=24))
        before = snapshot()

        response = decide(paul, expired)

        assert "Nobody decided in time." in response.content.decode()
        assert snapshot() == before

    def test_cannot_be_agreed_to_with_other_arguments_than_shown(
        self, asked: Approval, paul: Person
    ):
        before = snapshot()
        other = arguments_hash("refund", {**asked.arguments, "amount": "1.00"})

        response = decide(paul, asked, arguments_hash=other)

        assert "is not what was asked for" in response.content.decode()
        assert snapshot() == before

    def test_cannot_be_agreed_to_with_arguments_that_do_not_fit_the_hash(
        self, olga: Person, paul: Person, purchase: Purchase
    ):
        forged = waiting_since(olga, purchase, timedelta(0), amount="1.00")

        decide(paul, forged)

        assert not Refund.objects.exists()
        assert Approval.objects.get().state == "waiting"

    def test_that_cannot_be_made_any_more_is_closed(
        self, asked: Approval, olga: Person, paul: Person, purchase: Purchase
    ):
        act(olga.browser, "refund", purchase.session_id, amount="10.00")

        response = decide(paul, asked)

        assert "Only 10.00 EUR is left to give back." in response.content.decode()
        assert [refund.amount for refund in Refund.objects.all()] == ["10.00"]
        assert Approval.objects.get().state == "failed"

    def test_needs_a_second_factor_that_is_fresh(self, asked: Approval, paul: Person):
        proved(paul.browser, ago=timedelta(minutes=6))
        before = snapshot()

        response = decide(paul, asked, follow=True)

        assert "Your second factor, please" in response.content.decode()
        assert snapshot() == before
        proved(paul.browser)
        page = paul.browser.get(reverse("mid-office:approval", args=[asked.pk]))
        assert page.context["form"]["reason"].value() == "I called the customer too."

    def test_is_one_request_when_its_form_is_submitted_twice(
        self, olga: Person, purchase: Purchase
    ):
        address = act_page("refund", purchase.session_id)
        form = {**opened(olga.browser, address), "amount": "15.00"}

        olga.browser.post(address, form)
        olga.browser.post(address, form)

        assert Approval.objects.count() == 1

    def test_is_not_avoided_by_small_parts(self, olga: Person, purchase: Purchase):
        act(olga.browser, "refund", purchase.session_id, amount="6.00")
        act(olga.browser, "refund", purchase.session_id, amount="4.01")

        assert [refund.amount for refund in Refund.objects.all()] == ["6.00"]
        assert Approval.objects.get().arguments["amount"] == "4.01"

    def test_up_to_the_limit_needs_nobody_else(self, olga: Person, purchase: Purchase):
        act(olga.browser, "refund", purchase.session_id, amount="10.00")

        assert Refund.objects.get().amount == "10.00"
        assert not Approval.objects.exists()


def waiting_since(olga: Person, purchase: Purchase, age: timedelta, **changed: str) -> Approval:
    """Return a waiting request as it would stand after some time, or forged."""
    arguments = {"purchase": str(purchase.pk), "amount": "15.00", "currency": "EUR"}
    return Approval.objects.create(
        act="refund",
        session=purchase.session,
        arguments={**arguments, **changed},
        arguments_hash=arguments_hash("refund", arguments),
        reason="broken cup",
        request_key="form:1",
        requested_by=olga.user,
        expires_at=timezone.now() + timedelta(hours=24) - age,
    )


class TestTheDatabaseRefuses:
    def test_that_somebody_decides_their_own_request(self, asked: Approval):
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.update(
                state="granted", decided_by=asked.requested_by, decided_at=timezone.now()
            )

    def test_to_change_what_was_asked(self, asked: Approval):
        changes: list[dict[str, Any]] = [
            {"arguments": {"amount": "1.00"}},
            {"arguments_hash": "x"},
            {"reason": "y"},
        ]
        for changed in changes:
            with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
                Approval.objects.filter(pk=asked.pk).update(**changed)


class TestResolvingACaseByHand:
    def test_waits_for_a_second_person(self, olga: Person, paul: Person):
        case = make_case(make_session())

        act_and_look(olga.browser, "resolve-case", case.pk, reason="The PSP paid it back.")
        assert Case.objects.get().resolved_at is None
        decide(paul, Approval.objects.get())

        case.refresh_from_db()
        assert case.resolved_at is not None
        assert case.resolution == "The PSP paid it back."
        assert Event.objects.get(name="case.resolved").actor == "olga"

    def test_that_was_closed_meanwhile_is_refused(self, olga: Person):
        case = make_case(make_session(), resolved_at=timezone.now())

        response = act(olga.browser, "resolve-case", case.pk)

        assert "It was closed meanwhile." in response.content.decode()
        assert not Approval.objects.exists()


class TestReplayingAPeriod:
    def test_waits_for_a_second_person(self, olga: Person, paul: Person):
        receipt = make_receipt(make_session())
        rejected = make_receipt(None, state=ReceiptState.REJECTED, event_id=None)
        now = timezone.now()
        since, until = (
            (now + hours).strftime("%Y-%m-%dT%H:%M:%S")
            for hours in (timedelta(hours=-1), timedelta(hours=1))
        )

        act_and_look(olga.browser, "replay-many", psp="sandbox", since=since, until=until)
        receipt.refresh_from_db()
        assert receipt.state == ReceiptState.PROCESSED
        decide(paul, Approval.objects.get())

        receipt.refresh_from_db()
        rejected.refresh_from_db()
        assert receipt.state == ReceiptState.WAITING
        assert rejected.state == ReceiptState.REJECTED
        assert Event.objects.get(name="receipt.replayed").actor == "olga"
        assert list(StaffEvent.objects.order_by("pk").values_list("name", "actor")) == [
            ("approval.requested", "olga"),
            ("approval.granted", "paul"),
        ]
