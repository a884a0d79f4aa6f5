"""The shopper acts on the PSP's page: the first news of it makes the purchase, once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from payments.models import CaseKind, CauseKind, PaymentSession, Purchase, ShopNotification
from payments.psp import psp_client
from payments.services.page_news import apply_page_report
from payments.services.timeline import Cause
from psp_clients.contract import PspReference, Report
from tests.hosted.street import Street

HEARD = Cause(CauseKind.RECEIPT, "r")


def tell_and_work(street: Street, session: PaymentSession) -> None:
    street.tell(session)
    street.work()


class TestTheFirstNewsOfAPayment:
    def test_makes_the_purchase_and_its_outcome(self, street: Street):
        session = street.register()
        street.acts(session, "paid")

        tell_and_work(street, session)

        assert street.stands(session) == ("completed", "captured", 0)
        assert street.history(session) == [
            ("purchase.begun_at_psp", "receipt"),
            ("purchase.captured", "receipt"),
        ]
        purchase = street.purchase(session)
        assert purchase is not None
        assert (purchase.on_page, purchase.purchase_info) == (True, {})
        assert purchase.payment_reference == f"ch_{session.psp_token}"
        assert ShopNotification.objects.get().type == "purchase.successful"

    def test_is_believed_of_a_psp_that_cannot_be_asked(self, told_street: Street):
        street = told_street
        session = street.register()
        street.acts(session, "paid")

        tell_and_work(street, session)

        assert street.stands(session) == ("completed", "captured", 0)
        assert street.psp.look_ups == []

    def test_is_asked_for_where_nothing_is_signed(self, unsigned_street: Street):
        street = unsigned_street
        session = street.register()
        street.acts(session, "paid")

        street.ring(session.psp_token or "")
        street.work()

        assert street.stands(session) == ("completed", "captured", 0)
        assert street.psp.look_ups == [f"/sessions/{session.psp_token}"]

    def test_is_taken_for_what_it_is(self, told_street: Street):
        for status, stands in (
            ("thinking", ("registered", "pending", 0)),
            ("reserved", ("registered", "authorized", 0)),
            ("declined", ("completed", "declined", 0)),
            ("open", ("registered", "", 0)),
            ("cancelled", ("cancelled", "", 0)),
            ("expired", ("expired", "", 0)),
        ):
            session = told_street.register()
            told_street.acts(session, status)

            tell_and_work(told_street, session)

            assert told_street.stands(session) == stands, status

    def test_goes_on_being_looked_after_while_unfinished(self, street: Street):
        session = street.register()
        street.acts(session, "thinking")
        tell_and_work(street, session)
        street.acts(session, "paid")
        street.let_pass(session, minutes=2)

        street.work()

        assert street.stands(session) == ("completed", "captured", 0)

    def test_is_no_success_with_another_amount(self, street: Street):
        session = street.register()
        street.acts(session, "paid", amount="0.01")

        tell_and_work(street, session)

        assert street.stands(session) == ("registered", "pending", 0)
        assert [case.kind for case in session.cases.all()] == [CaseKind.AMOUNT_MISMATCH]

    def test_comes_by_a_look_of_the_shop_too(self, street: Street):
        session = street.register()
        street.acts(session, "paid")

        response = street.shop.send("POST", f"/{session}/refresh", {})

        assert response.json()["purchase"]["status"] == "successful"
        assert street.stands(session) == ("completed", "captured", 0)

    def test_finds_an_order_open_to_nobody_else_while_it_is_unfinished(self, street: Street):
        first = street.register(order_reference="o-1")
        street.acts(first, "thinking")
        tell_and_work(street, first)
        second = street.register(order_reference="o-1")

        response = street.buy(second)

        assert response.status_code == 409
        assert response.json()["type"].endswith("purchase-in-progress")


class TestNewsOfAnOrderThatAnotherCheckoutHasTaken:
    def paid_twice(self, street: Street) -> tuple[PaymentSession, PaymentSession]:
        first = street.register(order_reference="o-1")
        street.buy(first)
        second = street.register(order_reference="o-1")
        street.acts(first, "paid")
        tell_and_work(street, first)
        street.acts(second, "paid")
        return first, second

    def test_is_recorded_as_surplus_and_given_back(self, street: Street):
        first, second = self.paid_twice(street)

        tell_and_work(street, second)

        assert street.stands(first)[1:] == ("captured", 1)
        assert street.stands(second)[1:] == ("captured", 0)
        surplus = Purchase.objects.get(surplus=True)
        assert surplus.session_id == second.pk
        assert [case.kind for case in second.cases.all()] == [CaseKind.SURPLUS]
        assert [refund.origin for refund in surplus.refunds.all()] == ["surplus"]

    def test_is_recorded_while_the_other_has_only_started(self, street: Street):
        first = street.register(order_reference="o-1")
        street.buy(first)
        second = street.register(order_reference="o-1")
        street.acts(second, "thinking")

        tell_and_work(street, second)

        assert street.stands(first)[1:] == ("pending", 1)
        assert street.stands(second)[1:] == ("pending", 0)


class TestNewsOfASessionThatHadEnded:
    def ended(self, street: Street) -> PaymentSession:
        session = street.register()
        PaymentSession.objects.filter(pk=session.pk).update(status="expired", due_at=None)
        return session

    def test_is_a_late_success(self, street: Street):
        session = self.ended(street)
        street.acts(session, "paid")

        tell_and_work(street, session)

        assert street.stands(session) == ("expired", "captured", 0)
        assert [case.kind for case in session.cases.all()] == [CaseKind.LATE_SUCCESS]
        assert ShopNotification.objects.get().type == "purchase.successful"

    def test_is_a_contradiction_while_it_is_no_success(self, street: Street):
        for status in ("thinking", "reserved"):
            session = self.ended(street)
            street.acts(session, status)

            tell_and_work(street, session)

            assert street.stands(session) == ("expired", "", 0), status
            assert [case.kind for case in session.cases.all()] == [CaseKind.CONFLICTING_REPORT]

    def test_is_nothing_new_where_nothing_was_taken(self, street: Street):
        for status in ("declined", "cancelled", "expired"):
            session = self.ended(street)
            street.acts(session, status)

            tell_and_work(street, session)

            assert street.stands(session) == ("expired", "", 0), status
            assert session.cases.count() == 0, status


class TestNewsOfASessionThatWasNeverRegistered:
    def test_is_for_a_person(self, told_street: Street):
        street = told_street
        session = street.register()
        street.acts(session, "paid")
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            PaymentSession.objects.filter(pk=session.pk).update(status="failed", due_at=None)
            cursor.execute("SET session_replication_role = DEFAULT")

        tell_and_work(street, session)

        assert street.stands(session) == ("failed", "", 0)
        assert [case.kind for case in session.cases.all()] == [CaseKind.CONFLICTING_REPORT]


class TestNewsThatComesAtTheSameMoment:
    """The locks and the unique keys decide, on real connections."""

    def at_once(self, *acts: Callable[[], Any]) -> None:
        start = threading.Barrier(len(acts))
        faults: list[BaseException] = []

        def run(act: Callable[[], Any]) -> None:
            try:
                start.wait(10)
                act()
            except BaseException as fault:  # noqa: BLE001 - told to the test below
                faults.append(fault)
            finally:
                connection.close()

        running = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join(30)
        assert faults == []

    def report(self, session: PaymentSession) -> Report:
        return psp_client("hosted").fetch(PspReference(session.psp_token or "", session.reference))

    def test_makes_one_purchase_of_any_number_of_webhooks_and_buy_nows(self, street: Street):
        session = street.register()
        street.acts(session, "paid")
        report = self.report(session)

        def hear() -> None:
            own = PaymentSession.objects.select_related("shop").get(pk=session.pk)
            apply_page_report(own, report, cause=HEARD, now=own.created_at)

        answers: list[int] = []
        self.at_once(*[hear] * 4, *[lambda: answers.append(street.buy(session).status_code)] * 4)

        assert sorted(set(answers)) in ([200], [200, 202], [202])
        assert Purchase.objects.filter(session=session).count() == 1
        assert street.stands(session) == ("completed", "captured", 4)
        assert [name for name, _ in street.history(session)].count("purchase.captured") == 1
        assert ShopNotification.objects.count() == 1

    def test_keeps_one_success_of_two_checkouts_of_an_order(self, street: Street):
        sessions = [street.register(order_reference="o-1") for _ in range(2)]
        for session in sessions:
            street.acts(session, "paid")
        reports = [self.report(session) for session in sessions]

        def hear(place: int) -> None:
            own = PaymentSession.objects.select_related("shop").get(pk=sessions[place].pk)
            apply_page_report(own, reports[place], cause=HEARD, now=own.created_at)

        self.at_once(*(lambda place=place: hear(place) for place in (0, 1)))

        assert sorted(Purchase.objects.values_list("phase", "surplus")) == [
            ("captured", False),
            ("captured", True),
        ]
