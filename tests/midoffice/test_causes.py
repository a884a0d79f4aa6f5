"""A line of a timeline leads to what it happened because of..."""

from __future__ import annotations

from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from payments.domain.lifecycle import Phase
from payments.models import CauseKind, Event, PaymentSession, Purchase
from psp_clients.contract import Operation
from tests.builders import (
    make_event,
    make_instruction,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_receipt,
    make_refund,
    make_session,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def purchase() -> Purchase:
    return make_purchase(phase=Phase.CAPTURED)


@pytest.fixture
def session(purchase: Purchase) -> PaymentSession:
    return purchase.session


def look(viewer: Client, session: PaymentSession) -> str:
    response = viewer.get(reverse("mid-office:session", args=[session.pk]))
    return unescape(response.content.decode())


def because(viewer: Client, session: PaymentSession, row: object) -> tuple[str, str]:
    """Return a line's cause in words, and where its link leads."""
    return cause_in(viewer.get(reverse("mid-office:session", args=[session.pk])), row)


def cause_in(response: Any, row: object) -> tuple[str, str]:
    """Return the same from a page that was looked at."""
    [line] = [one for one in response.context["lines"] if one.id == str(getattr(row, "pk", ""))]
    return line.because.words, line.because.url


def captured(session: PaymentSession, kind: CauseKind, cause_id: str = "") -> Event:
    return make_event(
        session,
        cause_kind=kind,
        cause_id=cause_id,
        phase_before=Phase.SUBMITTING,
        phase_after=Phase.CAPTURED,
    )


class TestOfAnEvent:
    @pytest.mark.parametrize("kind", [CauseKind.PSP_CALL, CauseKind.POLL, CauseKind.RECEIPT])
    def test_is_the_line_that_it_names(
        self, kind: CauseKind, session: PaymentSession, viewer: Client
    ):
        cause = make_receipt(session) if kind is CauseKind.RECEIPT else make_psp_call(session)
        happened = captured(session, kind, str(cause.pk))

        response = viewer.get(reverse("mid-office:session", args=[session.pk]))

        page = unescape(response.content.decode())
        assert cause_in(response, happened) == (kind.label, f"#{cause.pk}")
        assert f'<li id="{cause.pk}">' in page
        assert f'<a href="#{cause.pk}">because of {kind.label}</a>' in page

    def test_is_only_named_where_no_page_tells_of_it(self, session: PaymentSession, viewer: Client):
        captured(session, CauseKind.API_REQUEST, "req-77")

        page = look(viewer, session)

        assert "because of the shop's request" in page
        assert "<dt>cause id</dt><dd>req-77</dd>" in page

    def test_is_the_run_of_a_reconciliation(self, session: PaymentSession, viewer: Client):
        run_id = uuid4()

        healed = captured(session, CauseKind.RECONCILIATION, str(run_id))

        where = reverse("mid-office:reconciliation", args=[run_id])
        assert because(viewer, session, healed) == ("a reconciliation", where)

    @pytest.mark.parametrize(
        ("name", "page"), [("discrepancy.resolved", "discrepancy"), ("refund.started", "approval")]
    )
    def test_is_the_page_on_which_staff_decided(
        self, name: str, page: str, session: PaymentSession, viewer: Client
    ):
        decided = uuid4()

        event = make_event(session, name, cause_kind=CauseKind.STAFF, cause_id=str(decided))

        where = reverse(f"mid-office:{page}", args=[decided])
        assert because(viewer, session, event) == ("a member of staff", where)

    def test_leads_nowhere_where_staff_asked_the_psp_too_long_ago_to_be_shown(
        self, session: PaymentSession, viewer: Client
    ):
        event = captured(session, CauseKind.STAFF, str(uuid4()))

        assert because(viewer, session, event) == ("a member of staff", "")


class TestOfACall:
    @pytest.mark.parametrize(
        ("operation", "name"),
        [(Operation.REGISTER, "session.created"), (Operation.CANCEL, "session.cancel_requested")],
    )
    def test_about_a_session_is_what_asked_for_it(
        self, operation: Operation, name: str, viewer: Client
    ):
        session = make_session()
        asked = make_event(session, name)
        call = make_psp_call(session, operation=operation)

        words = name.replace(".", " ").replace("_", " ")
        assert because(viewer, session, call) == (words, f"#{asked.pk}")

    def test_that_registers_elsewhere_is_what_led_there(self, viewer: Client):
        session = make_session()
        make_event(session, "session.created", data={"psp": "stripe"})
        moved = make_event(session, "session.rerouted", data={"psp": "sandbox"})

        call = make_psp_call(session, operation=Operation.REGISTER)

        assert because(viewer, session, call) == ("session rerouted", f"#{moved.pk}")

    def test_that_charges_is_buy_now(
        self, purchase: Purchase, session: PaymentSession, viewer: Client
    ):
        pressed = make_event(session, "purchase.started", purchase=purchase)
        make_event(session, "buy_now.pressed_again", purchase=purchase)

        call = make_psp_call(session, purchase=purchase)

        assert because(viewer, session, call) == ("purchase started", f"#{pressed.pk}")

    def test_that_gives_back_is_the_refund_it_is_for_and_no_other(
        self, purchase: Purchase, session: PaymentSession, viewer: Client
    ):
        first, second = (make_refund(purchase, amount="1.00") for _ in range(2))
        asked, _ = (
            make_event(session, "refund.started", purchase=purchase, data={"refund": one.public_id})
            for one in (first, second)
        )

        call = make_psp_call(session, purchase=purchase, refund=first, operation=Operation.REFUND)

        assert because(viewer, session, call) == ("refund started", f"#{asked.pk}")

    def test_that_takes_is_the_capture_it_is_for(
        self, purchase: Purchase, session: PaymentSession, viewer: Client
    ):
        capture = make_instruction(purchase)
        told = {"instruction": capture.public_id}
        asked = make_event(session, "capture.started", purchase=purchase, data=told)

        call = make_psp_call(
            session, purchase=purchase, instruction=capture, operation=Operation.CAPTURE
        )

        assert because(viewer, session, call) == ("capture started", f"#{asked.pk}")

    def test_that_only_asks_is_not_known(
        self, purchase: Purchase, session: PaymentSession, viewer: Client
    ):
        make_event(session, "purchase.started", purchase=purchase)

        call = make_psp_call(session, purchase=purchase, operation=Operation.FETCH)

        assert because(viewer, session, call) == ("", "")


def test_of_a_notification_is_the_last_event_before_it(session: PaymentSession, viewer: Client):
    outcome = captured(session, CauseKind.PSP_CALL)
    told = make_notification_try(session)
    make_event(session, "refund.started")

    assert because(viewer, session, told) == ("purchase captured", f"#{outcome.pk}")
