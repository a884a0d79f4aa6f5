"""What the page of a payment says of its money..."""

from __future__ import annotations

from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from payments.domain.lifecycle import Phase
from payments.domain.refunds import RefundPhase
from payments.models import PaymentSession
from tests.builders import make_instruction, make_purchase, make_refund, make_session

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>\u202e🌷" + "x" * 400


def board(viewer: Client, session: PaymentSession) -> dict[str, str]:
    """Return the sums that the page shows, by name, in their order."""
    response = viewer.get(reverse("mid-office:session", args=[session.pk]))
    return {name: str(value) for name, value in response.context["sums"]}


def shown(viewer: Client, session: PaymentSession) -> str:
    response = viewer.get(reverse("mid-office:session", args=[session.pk]))
    return " ".join(unescape(response.content.decode()).split())


def test_is_nothing_but_what_was_registered_while_nobody_has_bought(viewer: Client):
    assert board(viewer, make_session()) == {
        "Registered": "19.99",
        "Captured": "0.00",
        "Refunded": "0.00",
        "Refundable": "0.00",
    }


def test_tells_given_back_from_on_its_way_and_from_what_is_left(viewer: Client):
    purchase = make_purchase(phase=Phase.CAPTURED, refunded_amount=Decimal("5.00"))
    make_refund(purchase, amount="5.00", phase=RefundPhase.SUCCESSFUL)
    make_refund(purchase, amount="2.50", phase=RefundPhase.IN_DOUBT)
    make_refund(purchase, amount="4.00", phase=RefundPhase.FAILED)

    assert list(board(viewer, purchase.session).items()) == [
        ("Registered", "19.99"),
        ("Captured", "19.99"),
        ("Refunded", "5.00"),
        ("On its way back", "2.50"),
        ("Refundable", "12.49"),
    ]


def test_tells_of_what_is_reserved_and_not_taken(viewer: Client):
    purchase = make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED)

    assert list(board(viewer, purchase.session).items()) == [
        ("Registered", "19.99"),
        ("Reserved, not taken", "19.99"),
        ("Captured", "0.00"),
        ("Refunded", "0.00"),
        ("Refundable", "0.00"),
    ]


def test_tells_of_what_a_capture_in_part_let_go(viewer: Client):
    purchase = make_purchase(
        make_session(capture="manual"), phase=Phase.CAPTURED, captured_amount=Decimal(15)
    )

    sums = board(viewer, purchase.session)

    assert (sums["Not captured, let go"], sums["Refundable"]) == ("4.99", "15.00")


def test_says_nothing_of_letting_go_where_all_was_captured(viewer: Client):
    purchase = make_purchase(make_session(capture="manual"), phase=Phase.CAPTURED)

    assert "Not captured, let go" not in board(viewer, purchase.session)


def test_has_the_digits_of_the_currency(viewer: Client):
    session = make_session(amount="1500", currency="JPY")
    make_purchase(session, phase=Phase.CAPTURED)

    assert set(board(viewer, session).values()) == {"1500", "0"}


def test_lists_every_refund_and_instruction_in_order(viewer: Client):
    purchase = make_purchase(make_session(capture="manual"), phase=Phase.CAPTURED)
    capture = make_instruction(purchase, state="successful", reason="It was sent.", due_at=None)
    refund = make_refund(purchase, refund_reference="re_7", reason="Came back.")

    page = shown(viewer, purchase.session)

    [first, second] = page.split("In words</th>")[1].split("<tr>")[1:3]
    for words in ("capture", "19.99", "successful", capture.public_id, "It was sent."):
        assert words in first
    for words in ("refund", "5.00", "pending", refund.public_id, "re_7", "Came back."):
        assert words in second


def test_has_no_list_where_nothing_was_asked_for(viewer: Client):
    assert "Refunds, captures and voids" not in shown(viewer, make_purchase().session)


def test_shows_what_others_wrote_as_text(viewer: Client):
    purchase = make_purchase(phase=Phase.CAPTURED)
    make_refund(purchase, refund_reference=HOSTILE[:255], reason=HOSTILE)

    page = viewer.get(reverse("mid-office:session", args=[purchase.session_id])).content.decode()

    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩🌷") == 2
    assert "<script>alert" not in page
    assert "\u202e" not in page
