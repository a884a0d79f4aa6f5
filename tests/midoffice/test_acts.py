"""An act of staff..."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from payments.domain.lifecycle import Phase
from payments.models import (
    Case,
    CauseKind,
    Event,
    Instruction,
    NotificationState,
    PaymentSession,
    Purchase,
    ReceiptState,
    Refund,
)
from tests.builders import (
    make_case,
    make_notification_try,
    make_purchase,
    make_receipt,
    make_session,
    make_user,
)
from tests.database.tables import snapshot
from tests.midoffice.conftest import let_in, logged_in
from tests.midoffice.forms import REASON, act, act_and_look, act_page, opened

pytestmark = pytest.mark.django_db

REFUSED_EVENT = "payments_event"


@pytest.fixture
def olga() -> Client:
    """Return a browser of somebody who may do everything but approve."""
    return let_in(
        make_user(
            "change_purchase",
            "refund_purchase",
            "capture_purchase",
            "void_purchase",
            "cancel_session",
            "replay_receipt",
            "resend_notification",
            "work_on_case",
            username="olga",
        )
    )


@pytest.fixture
def captured() -> Purchase:
    """Return a purchase of 20.00 EUR that was captured."""
    return make_purchase(make_session(amount="20.00", status="completed"), phase=Phase.CAPTURED)


@pytest.fixture
def reserved() -> Purchase:
    """Return a purchase of 20.00 EUR that waits for its capture."""
    return make_purchase(make_session(amount="20.00", capture="manual"), phase=Phase.AUTHORIZED)


def happened(session: PaymentSession, name: str) -> tuple[str, str, str]:
    """Return who made an event, by what, and why."""
    event = Event.objects.get(session=session, name=name)
    return event.cause_kind, event.actor, event.data.get("reason", "")


BY_OLGA = (CauseKind.STAFF, "olga", REASON)


MALFORMED: list[tuple[dict[str, str], str]] = [
    ({"amount": "1e1"}, "must be a plain decimal"),
    ({"amount": "1.999"}, "EUR has 2 digits"),
    ({"reason": ""}, "This field is required"),
    ({"reason": "x" * 501}, "at most 500 characters"),
    ({"reason": "card 4111111111111111"}, "looks like a card number"),
    ({"form_key": ""}, ""),  # nobody sees that field
]


class TestARefund:
    def test_of_a_part_is_stored_with_who_and_why(self, olga: Client, captured: Purchase):
        page = act_and_look(olga, "refund", captured.session_id, amount="5.5")

        refund = Refund.objects.get()
        assert (refund.amount, refund.reason) == ("5.50", REASON)
        assert f"5.50 EUR is being given back ({refund})." in page
        assert happened(captured.session, "refund.started") == BY_OLGA

    def test_without_an_amount_is_of_all_that_is_left(self, olga: Client, captured: Purchase):
        act(olga, "refund", captured.session_id, amount="5.00")
        act(olga, "refund", captured.session_id)

        assert [refund.amount for refund in Refund.objects.order_by("pk")] == ["5.00", "15.00"]

    def test_shows_what_is_left_first(self, olga: Client, captured: Purchase):
        act(olga, "refund", captured.session_id, amount="5.00")

        shown = olga.get(act_page("refund", captured.session_id)).content.decode()

        assert "<dt>Captured</dt><dd>20.00 EUR</dd>" in shown
        assert "<dt>Given back or on its way</dt><dd>5.00 EUR</dd>" in shown
        assert "<dt>Left</dt><dd>15.00 EUR</dd>" in shown

    def test_whose_form_is_submitted_twice_is_made_once(self, olga: Client, captured: Purchase):
        address = act_page("refund", captured.session_id)
        form = {**opened(olga, address), "amount": "5.00"}

        first, second = olga.post(address, form), olga.post(address, form)

        assert first.status_code == second.status_code == 302
        assert Refund.objects.count() == 1

    def test_beyond_what_is_left_is_refused(self, olga: Client, captured: Purchase):
        before = snapshot()

        response = act(olga, "refund", captured.session_id, amount="20.01")

        assert "Only 20.00 EUR is left to give back." in response.content.decode()
        assert snapshot() == before

    def test_that_is_malformed_changes_nothing(self, olga: Client, captured: Purchase):
        before = snapshot()

        for fields, words in MALFORMED:
            response = act(olga, "refund", captured.session_id, **fields)

            assert response.status_code == 200, fields
            assert words in response.content.decode(), fields
        assert snapshot() == before

    def test_needs_the_permission_and_the_refusal_is_recorded(self, captured: Purchase):
        browser = logged_in("change_purchase", username="paul")
        before = snapshot()

        response = browser.post(act_page("refund", captured.session_id), {"reason": REASON})

        assert response.status_code == 403
        after = snapshot()
        assert {name for name in after if after[name] != before[name]} == {REFUSED_EVENT}
        event = Event.objects.get(name="act.refused")
        assert (event.actor, event.data) == ("paul", {"act": "refund", "why": "no permission"})

    def test_is_not_done_by_another_sites_form(self, captured: Purchase):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(make_user(is_superuser=True))
        before = snapshot()

        response = browser.post(act_page("refund", captured.session_id), {"reason": REASON})

        assert response.status_code == 403
        assert snapshot() == before


class TestWhatIsReserved:
    def test_is_captured_in_part(self, olga: Client, reserved: Purchase):
        page = act_and_look(olga, "capture", reserved.session_id, amount="12.50")

        made = Instruction.objects.get()
        assert (made.kind, made.amount) == ("capture", "12.50")
        assert f"12.50 EUR is being captured ({made})." in page
        assert happened(reserved.session, "capture.started") == BY_OLGA

    def test_is_captured_once_by_a_form_submitted_twice(self, olga: Client, reserved: Purchase):
        address = act_page("capture", reserved.session_id)
        form = opened(olga, address)

        olga.post(address, form)
        olga.post(address, form)

        assert Instruction.objects.count() == 1

    def test_is_voided(self, olga: Client, reserved: Purchase):
        act_and_look(olga, "void", reserved.session_id)

        assert Instruction.objects.get().kind == "void"
        assert happened(reserved.session, "void.started") == BY_OLGA

    def test_is_not_captured_while_it_is_being_voided(self, olga: Client, reserved: Purchase):
        act(olga, "void", reserved.session_id)

        response = act(olga, "capture", reserved.session_id)

        assert "A void of it is under way." in response.content.decode()
        assert Instruction.objects.count() == 1


class TestAMessage:
    def test_that_came_is_replayed_after_a_dry_run(self, olga: Client):
        session = make_session()
        receipt = make_receipt(session, reference=session.reference)

        shown = olga.get(act_page("replay-receipt", receipt.pk)).content.decode()
        act_and_look(olga, "replay-receipt", receipt.pk)

        assert "Nobody has bought on this session." in shown
        receipt.refresh_from_db()
        assert receipt.state == ReceiptState.WAITING
        assert receipt.due_at is not None
        assert happened(session, "receipt.replayed") == BY_OLGA

    def test_that_was_never_proved_is_not_replayed(self, olga: Client):
        receipt = make_receipt(None, state=ReceiptState.REJECTED, event_id=None)
        before = snapshot()

        response = act(olga, "replay-receipt", receipt.pk)

        assert "never proved to come from the PSP" in response.content.decode()
        assert snapshot() == before

    def test_that_went_out_is_sent_again_with_its_bytes(self, olga: Client):
        notification = make_notification_try(make_session()).notification
        body = notification.body

        act_and_look(olga, "resend-notification", notification.pk)

        notification.refresh_from_db()
        assert (notification.state, notification.body) == (NotificationState.WAITING, body)
        assert notification.due_at is not None
        assert happened(notification.session, "notification.resent") == BY_OLGA

    def test_is_sent_again_for_all_since_an_instant(self, olga: Client):
        session = make_session()
        told = [make_notification_try(session).notification for _ in range(2)]
        other = make_notification_try(make_session()).notification
        since = timezone.now() - timedelta(hours=1)

        page = act_and_look(
            olga,
            "resend-since",
            shop=session.shop_id,
            since=since.strftime("%Y-%m-%dT%H:%M:%S"),
        )

        assert "2 notifications are sent again." in page
        for notification in (*told, other):
            notification.refresh_from_db()
        assert [one.state for one in told] == [NotificationState.WAITING] * 2
        assert other.state == NotificationState.DELIVERED


class TestAskingAboutAllThatIsStarted:
    def test_makes_each_due_and_says_why(self, olga: Client):
        started = make_purchase(phase=Phase.IN_DOUBT)
        ended = make_purchase(phase=Phase.DECLINED)

        page = act_and_look(olga, "ask-many", psp="sandbox")

        assert "asks about 1 purchase." in page
        started.refresh_from_db()
        ended.refresh_from_db()
        assert started.due_at is not None
        assert started.due_at <= timezone.now()
        assert ended.due_at is None
        assert happened(started.session, "psp.asked") == BY_OLGA


class TestACase:
    def test_is_assigned_to_staff(self, olga: Client):
        case, paul = make_case(make_session()), make_user(username="paul")

        page = act_and_look(olga, "assign-case", case.pk, owner=paul.pk)

        case.refresh_from_db()
        assert case.owner == paul
        assert "paul" in page
        assert happened(case.session, "case.assigned") == BY_OLGA

    def test_is_assigned_to_no_stranger(self, olga: Client):
        case, stranger = make_case(make_session()), make_user(is_staff=False)

        act(olga, "assign-case", case.pk, owner=stranger.pk)

        assert Case.objects.get().owner is None

    def test_keeps_notes_that_its_page_shows(self, olga: Client):
        case = make_case(make_session())

        reason = "Called the <b>PSP</b>.\u202e"
        page = act_and_look(olga, "annotate-case", case.pk, reason=reason)

        assert "Called the &lt;b&gt;PSP&lt;/b&gt;.⟨U+202E⟩" in page
        event = Event.objects.get(name="case.noted")
        assert (event.actor, event.data["case"]) == ("olga", str(case.pk))


class TestASessionsPage:
    def offered(self, browser: Client, session: PaymentSession) -> list[str]:
        response = browser.get(reverse("mid-office:session", args=[session.pk]))
        return [title for title, _ in response.context["acts"]]

    def test_offers_what_fits(self, olga: Client, captured: Purchase, reserved: Purchase):
        assert self.offered(olga, captured.session) == ["Ask the PSP now", "Refund"]
        assert self.offered(olga, reserved.session) == ["Ask the PSP now", "Capture", "Void"]
        assert self.offered(olga, make_session()) == ["Cancel the session"]
        assert self.offered(olga, make_session(status="expired")) == []

    def test_offers_nothing_to_a_viewer(self, viewer: Client, captured: Purchase):
        assert self.offered(viewer, captured.session) == []
