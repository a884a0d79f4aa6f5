"""The page of one session..."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard import views
from payments.domain.lifecycle import Phase
from payments.models import (
    CallOutcome,
    CaseKind,
    CauseKind,
    Event,
    PaymentSession,
    Purchase,
    ShopNotification,
)
from tests.builders import (
    make_case,
    make_event,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_receipt,
    make_refund,
    make_session,
    make_user,
)
from tests.midoffice.conftest import logged_in

pytestmark = pytest.mark.django_db

HOSTILE = "</pre><script>alert(1)</script>\u202e\u2066\u0000".replace("\0", "\x1b")
CARD_NUMBER = "4111 1111 1111 1111"


def raw(browser: Client, session: PaymentSession) -> str:
    """Return the page as it was sent."""
    response = browser.get(reverse("mid-office:session", args=[session.pk]))
    assert response.status_code == 200
    return response.content.decode()


def page(browser: Client, session: PaymentSession) -> str:
    """Return the page as it is read."""
    return as_read(raw(browser, session))


def as_read(html: str) -> str:
    """Return what is read of a page, with single spaces."""
    return " ".join(unescape(html).split())


def test_is_not_there_for_an_unknown_id(viewer: Client):
    assert viewer.get(reverse("mid-office:session", args=[uuid4()])).status_code == 404


def test_names_every_id_with_a_button_to_copy_it(viewer: Client):
    purchase = make_purchase(phase=Phase.CAPTURED, payment_reference="ch_77")
    session = purchase.session

    shown = page(viewer, session)

    for value in (
        session.checkout_id,
        session.order_reference,
        session.psp_token,
        "ch_77",
        purchase.public_id,
        session.pk,
        f"http://bps.test/result/{session.public_token}",
    ):
        assert f"<code>{value}</code>" in shown
        assert f'data-copy="{value}"' in shown


def test_says_why_a_purchase_is_in_its_phase_and_what_comes_next(viewer: Client):
    for phase, why, what_next in (
        (Phase.SUBMITTING, "The PSP has not answered yet.", "with the same key"),
        (Phase.IN_DOUBT, "the PSP may have charged", "BPS asks the PSP what became of it."),
        (Phase.PENDING, "has yet to answer", "A webhook is expected."),
        (Phase.AUTHORIZED, "reserved on the card", "whether it was captured"),
        (Phase.CAPTURED, "The PSP took the money.", "Nothing more"),
        (Phase.DECLINED, "refused. Nothing was charged.", "Nothing more"),
        (Phase.CANCELLED, "before any money was taken", "Nothing more"),
        (Phase.EXPIRED, "The PSP's time limit ended it.", "Nothing more"),
        (Phase.ERRORED, "It is proved not to have happened.", "Nothing more"),
    ):
        shown = page(viewer, make_purchase(phase=phase).session)

        assert why in shown, phase
        assert what_next in shown, phase
        assert f'<tr aria-current="step"><th scope="row">{phase.replace("_", " ")}<' in shown


def test_says_that_a_purchase_waits_for_the_shopper(viewer: Client):
    purchase = make_purchase(awaits_shopper=True, reason_text="No money.")
    make_psp_call(purchase.session, purchase=purchase, outcome=CallOutcome.DECLINED_FOR_NOW)

    shown = page(viewer, purchase.session)

    assert "declined this way to pay, and took nothing." in shown
    assert "Reason: No money." in shown
    assert "If no other try has begun by then" in shown


def test_says_how_far_another_try_has_come(viewer: Client):
    for outcome, why, what_next in (
        (CallOutcome.OPEN, "The new call is stored", "with the same key"),
        (CallOutcome.IN_DOUBT, "the PSP may have charged", "BPS asks the PSP what became of it."),
        (CallOutcome.ANSWERED, "has yet to answer", "A webhook is expected."),
    ):
        purchase = make_purchase()
        for one in (CallOutcome.DECLINED_FOR_NOW, outcome):
            make_psp_call(purchase.session, purchase=purchase, outcome=one)

        shown = page(viewer, purchase.session)

        assert why in shown, outcome
        assert what_next in shown, outcome


def test_says_why_a_session_without_a_purchase_is_in_its_state(viewer: Client):
    states: list[tuple[dict[str, object], str, str]] = [
        ({"status": "created"}, "No PSP has confirmed the registration", "to register it"),
        ({}, "Nobody has pressed Buy Now.", "It expires, unless somebody buys."),
        (
            {"cancel_requested_at": timezone.now(), "cancel_reason": "asked for by the shop"},
            "Its end was asked for (asked for by the shop).",
            "BPS records the end once the PSP has confirmed it.",
        ),
        (
            {"expires_at": timezone.now() - timedelta(seconds=1)},
            "Its time has passed.",
            "BPS records the end once the PSP has confirmed it.",
        ),
        ({"status": "expired"}, "Its time passed without a purchase", "Nothing more"),
        ({"status": "cancelled"}, "It was cancelled before a purchase", "Nothing more"),
        ({"status": "failed"}, "No PSP would register it.", "Nothing more"),
    ]
    for fields, why, what_next in states:
        shown = page(viewer, make_session(**fields))

        assert why in shown, fields
        assert what_next in shown, fields


def test_says_when_the_next_thing_happens(viewer: Client):
    at = timezone.now() + timedelta(minutes=3, seconds=30)
    purchase = make_purchase(phase=Phase.IN_DOUBT, due_at=at)

    assert f"in 3 min ({at:%Y-%m-%d %H:%M:%S} UTC)" in page(viewer, purchase.session)


def test_says_that_a_person_must_decide_when_no_look_is_planned(viewer: Client):
    purchase = make_purchase(phase=Phase.IN_DOUBT, due_at=None)

    assert "a person must decide" in page(viewer, purchase.session)


def test_gives_the_psps_reason_and_tells_of_a_capture_by_hand(viewer: Client):
    declined = make_purchase(phase=Phase.DECLINED, reason_text="Do not honour")
    reserved = make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED)

    assert "Reason: Do not honour." in page(viewer, declined.session)
    assert "The shop captures it when it ships." in page(viewer, reserved.session)


def test_marks_a_surplus_charge(viewer: Client):
    shown = page(viewer, make_purchase(phase=Phase.CAPTURED, surplus=True).session)

    assert "surplus</span>" in shown
    assert "this charge is to be refunded" in shown


def test_tells_how_often_buy_now_was_pressed(viewer: Client):
    for phase, presses, words in (
        (Phase.CAPTURED, 50, "Buy Now pressed 50 times, charged once."),
        (Phase.DECLINED, 1, "Buy Now pressed 1 time, not charged."),
        (Phase.IN_DOUBT, 2, "Buy Now pressed 2 times, outcome not known yet."),
    ):
        assert words in page(viewer, make_purchase(phase=phase, presses=presses).session)


def test_shows_open_cases_and_who_has_taken_them(viewer: Client):
    session = make_session()
    make_case(session, kind=CaseKind.SURPLUS, detail="Paid twice.", owner=make_user(username="ann"))
    make_case(session, kind=CaseKind.UNANSWERED, resolved_at=timezone.now(), detail="Long ago.")

    shown = page(viewer, session)

    assert ">a second charge for a paid order</a>." in shown
    assert "Paid twice." in shown
    assert "Owner: ann." in shown
    assert "Long ago." not in shown


def test_says_what_the_shop_has_not_heard_yet(viewer: Client):
    session = make_session()
    ShopNotification.objects.create(
        session=session,
        type="purchase.failed",
        body="{}",
        due_at=timezone.now() + timedelta(minutes=5, seconds=30),
    )

    shown = page(viewer, session)

    assert "waiting to be delivered, next try" in shown
    assert "in 5 min" in shown


def captured(session: PaymentSession, cause_kind: CauseKind, cause_id: str) -> Event:
    return make_event(
        session,
        cause_kind=cause_kind,
        cause_id=cause_id,
        phase_before=Phase.SUBMITTING,
        phase_after=Phase.CAPTURED,
        data={"psp_word": "paid", "psp_amount": None, "nested": {"answer": [1]}},
    )


def test_merges_all_that_happened_in_order_of_time(viewer: Client):
    session = make_purchase(phase=Phase.CAPTURED).session
    call = make_psp_call(session, outcome=CallOutcome.IN_DOUBT, error="no answer", sends=2)
    receipt = make_receipt(session, deliveries=3)
    happened = captured(session, CauseKind.RECEIPT, str(receipt.pk))
    tried = make_notification_try(session, http_status=500, error="HTTP 500")

    response = viewer.get(reverse("mid-office:session", args=[session.pk]))

    lines = response.context["lines"]
    assert [(line.id, line.kind, line.title) for line in lines] == [
        (str(call.pk), "PSP call", "confirm at sandbox: in doubt"),
        (str(receipt.pk), "webhook", "session.paid from sandbox: worked on"),
        (str(happened.pk), "event", "purchase captured"),
        (str(tried.pk), "notification", "purchase.successful to the shop: failed"),
    ]
    shown = as_read(response.content.decode())
    assert "submitting → captured" in shown
    assert "<dt>delivered</dt><dd>3 times</dd>" in shown
    assert "<dt>sent</dt><dd>2 times</dd>" in shown
    assert "<dt>psp word</dt><dd>paid</dd>" in shown
    assert "<summary>nested</summary>" in shown
    assert "psp amount" not in shown


def test_shows_bodies_readably_and_without_secrets(viewer: Client):
    session = make_session()
    make_psp_call(
        session,
        body=b'{"amount":"19.99","api_key":"sk_live_1","note":"card %s"}' % CARD_NUMBER.encode(),
        answer={"client_secret": "cs_1", "status": "paid"},
    )
    make_receipt(session, body=b"\xff not JSON", headers={"webhook-signature": "v1,abc"})

    shown = unescape(raw(viewer, session))

    assert '  "amount": "19.99",\n  "api_key": "[removed]",\n  "note": "[removed]"' in shown
    assert '"status": "paid",\n  "client_secret": "[removed]"' in shown
    assert "\\xff not JSON" in shown
    for secret in ("sk_live_1", "cs_1", "v1,abc", CARD_NUMBER):
        assert secret not in shown


def test_keeps_the_digits_of_sums_in_evidence(viewer: Client):
    session = make_session()
    make_event(session, data={"captured_amount": "19.90"})

    assert "<dt>captured amount</dt><dd>19.90</dd>" in page(viewer, session)


def test_shows_what_the_shop_sent_without_secrets(viewer: Client):
    session = make_session(metadata={"basket": HOSTILE, "api_key": "sk_live_1"})
    make_purchase(session, purchase_info={"items": [{"name": "Book", "quantity": 1}]})

    sent = raw(viewer, session)

    shown = as_read(sent)
    assert "<summary>What the shop sent: purchase info</summary>" in shown
    assert '"name": "Book"' in shown
    assert "<summary>What the shop sent: metadata</summary>" in shown
    assert "sk_live_1" not in shown
    assert "\u202e" not in sent


def test_bounds_what_the_shop_sent(viewer: Client):
    items = [{"name": "🌷" * 1_000, "quantity": 1} for _ in range(10)]
    purchase = make_purchase(purchase_info={"items": items, "customer_reference": "\u200b"})

    shown = raw(viewer, purchase.session)

    assert " more characters" in shown
    assert shown.count("🌷") < 8_000
    assert "\u200b" not in shown


def test_leads_to_the_psps_own_page_of_the_payment(viewer: Client):
    session = make_session(psp_token="tok_77")
    unregistered, elsewhere = make_session(status="created"), make_session(psp="stripe")

    link = '<a href="http://127.0.0.1:9/books/?token=tok_77" rel="noreferrer">See it at the PSP</a>'
    assert link in page(viewer, session)
    assert "See it at the PSP" not in page(viewer, unregistered)
    assert "See it at the PSP" not in page(viewer, elsewhere)


def test_cuts_what_is_too_long_and_says_so(viewer: Client):
    session = make_session()
    make_receipt(session, body=b"x" * 10_000)

    shown = raw(viewer, session)

    assert "… 2000 more characters" in shown
    assert "x" * 8_001 not in shown


def test_survives_json_that_is_nested_to_hurt(viewer: Client):
    session = make_session()
    make_receipt(session, body=b"[" * 100_000)

    assert "… 92000 more characters" in raw(viewer, session)


def hostile_session() -> PaymentSession:
    """Return a session in which all that others can write is hostile."""
    purchase = make_purchase(
        make_session(checkout_id=HOSTILE, order_reference=HOSTILE, psp_token=HOSTILE),
        phase=Phase.DECLINED,
        reason_code=HOSTILE,
        reason_text=HOSTILE,
        payment_reference=HOSTILE,
    )
    session = purchase.session
    fill_with(HOSTILE, purchase)
    return session


def fill_with(words: str, purchase: Purchase) -> None:
    """Let a PSP and a shop say these words wherever they can."""
    session = purchase.session
    make_psp_call(session, error=words, answer={words: words}, body=words.encode())
    make_receipt(session, event_type=words, note=words, body=words.encode(), headers={words: words})
    make_event(session, words[:40], data={words: words, "nested": {words: [words]}}, actor=words)
    make_notification_try(session, error=words)
    make_case(session, detail=words)


def test_shows_what_others_wrote_as_text(viewer: Client):
    shown = raw(viewer, hostile_session())

    assert "<script>alert" not in shown
    assert "</pre><script" not in shown
    assert shown.count("&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩⟨U+2066⟩") > 10
    # What a copy button holds is the true value; it is never shown.
    seen = "".join(part for part in shown.split('data-copy="')[:1])
    assert not set(seen) & {"\u202e", "\u2066", "\x1b"}


def test_shows_only_the_latest_of_very_many_entries(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(views, "SHOWN_ENTRIES", 3)
    session = make_session()
    for number in range(4):
        make_event(session, "buy_now.pressed_again", cause_id=f"request {number}")

    shown = page(viewer, session)

    assert "Only the latest 3 entries are shown." in shown
    assert [number for number in range(4) if f"request {number}<" in shown] == [1, 2, 3]


def test_costs_the_same_whatever_its_length(
    viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
):
    purchase = make_purchase(phase=Phase.CAPTURED)
    with django_assert_num_queries(19):
        raw(viewer, purchase.session)

    for kind in CaseKind:
        make_case(purchase.session, kind=kind, owner=make_user())
    for _ in range(3):
        make_psp_call(purchase.session)
        make_receipt(purchase.session)
        make_event(purchase.session)
        make_notification_try(purchase.session)
        make_refund(purchase, amount="1.00")
    with django_assert_num_queries(19):
        raw(viewer, purchase.session)


def test_offers_to_ask_the_psp_only_to_those_who_may():
    session = make_purchase().session
    button = "Ask the PSP now"

    assert button in page(logged_in("change_purchase"), session)
    assert button in page(logged_in(is_superuser=True), session)
    assert button not in page(logged_in("view_purchase"), session)
    assert button not in page(logged_in("change_purchase"), make_session())
