"""The shopper's page..."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as bps_settings
from django.test import Client
from django.utils import timezone
from iso4217 import Currency
from pytest_django import DjangoAssertNumQueries, Settings

from payments.domain.lifecycle import STARTED_PHASES, Phase
from payments.domain.money import currency_digits
from payments.domain.refunds import RefundPhase
from payments.models import PaymentSession
from payments.result_formats import sum_shown
from payments.result_words import WORDS
from tests.builders import make_purchase, make_refund, make_session, make_shop

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
ALL_TRANSFERRED = ("base.css", "result.js", "copy.js", "icon.svg")


def bought(phase: Phase, **fields: Any) -> PaymentSession:
    return make_purchase(phase=phase, **fields).session


STATES: dict[str, Callable[[], PaymentSession]] = {
    "waiting": make_session,
    "closing": lambda: make_session(cancel_requested_at=timezone.now()),
    "started": lambda: bought(Phase.PENDING),
    "choose_again": lambda: bought(Phase.PENDING, awaits_shopper=True),
    "reserved": lambda: (
        make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED).session
    ),
    "successful": lambda: bought(Phase.CAPTURED),
    "failed": lambda: bought(Phase.DECLINED),
    "expired": lambda: make_session(status="expired"),
    "cancelled": lambda: make_session(status="cancelled"),
}


def look(session: PaymentSession, query: str = "") -> str:
    """Return the page as text."""
    response = Client().get(f"/result/{session.public_token}{query}")
    assert response.status_code == 200
    return unescape(response.content.decode())


def polled(session: PaymentSession) -> dict[str, Any]:
    """Return what the page's script is told."""
    answer: dict[str, Any] = Client().get(f"/result/{session.public_token}?poll").json()
    return answer


@pytest.mark.parametrize("state", STATES)
def test_shows_each_state_in_every_language(state: str):
    session = STATES[state]()

    for language, words in WORDS.items():
        page = look(session, f"?lang={language}")
        assert f'<html lang="{language}" dir="{words.direction}">' in page
        assert f"<title>{words.titles[state]}</title>" in page
        assert f"<h1>{words.titles[state]}</h1>" in page
        assert f'data-state="{state}"' in page
        assert words.sandbox in page
        assert f'href="{session.return_url}"' in page


def test_speaks_the_language_of_the_checkout_unless_told_otherwise():
    session = make_session(locale="nl")

    assert '<html lang="nl" dir="ltr">' in look(session)
    assert '<html lang="fr" dir="ltr">' in look(session, "?lang=fr")
    assert '<html lang="nl" dir="ltr">' in look(session, "?lang=xx")


@pytest.mark.parametrize("phase", STARTED_PHASES)
def test_never_says_failed_while_success_is_possible(phase: Phase):
    page = look(bought(phase))

    assert "Your bank is still answering. You will not be charged twice." in page
    assert "You may close this page." in page
    assert "failed" not in page


def test_says_closing_when_the_time_has_passed_but_the_psp_has_not_confirmed():
    session = make_session(expires_at=timezone.now() - timedelta(seconds=1))

    page = look(session)

    assert "waiting for the confirmation that nothing will be charged" in page
    assert session.purchase_url not in page


def test_leads_back_to_the_purchase_page_while_nobody_has_bought():
    session = make_session()

    assert f'href="{session.purchase_url}"' in look(session)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("insufficient_funds", "does not have enough money"),
        ("expired_card", "Your card has expired."),
        ("suspected_fraud", "The payment was declined."),
        ("a code that nobody knows", "The payment was declined."),
        ("", "The payment was declined."),
    ],
)
def test_gives_the_reason_of_a_failure_in_plain_words(code: str, sentence: str):
    page = look(bought(Phase.DECLINED, reason_code=code, reason_text="ISO8583 51 DO NOT HONOR"))

    assert sentence in page
    assert "You have not been charged." in page
    assert "ISO8583" not in page


@pytest.mark.parametrize(
    ("phase", "sentence"),
    [
        (Phase.CANCELLED, "The payment was cancelled."),
        (Phase.EXPIRED, "The time for this payment ran out."),
        (Phase.ERRORED, "The payment could not be carried out."),
    ],
)
def test_tells_the_other_ends_apart(phase: Phase, sentence: str):
    assert sentence in look(bought(phase))


def test_says_so_when_the_checkout_could_not_even_be_registered():
    page = look(make_session(status="failed"))

    assert "Payment failed" in page
    assert "You have not been charged." in page


def test_shows_a_receipt_of_a_success():
    shop = make_shop(name="Bulbs & More")
    session = make_session(shop=shop, status="completed", order_reference="o-77")
    purchase = make_purchase(session, phase=Phase.CAPTURED)

    page = look(session)

    assert "<bdi>€19.99</bdi>" in page
    assert "<bdi>Bulbs & More</bdi>" in page
    assert "<bdi>o-77</bdi>" in page
    assert f'data-copy="{purchase.public_id}"' in page


def test_shows_what_was_taken_and_given_back_rather_than_what_was_asked_for():
    page = look(bought(Phase.CAPTURED, captured_amount=Decimal("15.5"), refunded_amount=Decimal(5)))

    assert "<bdi>€15.50</bdi>" in page
    assert "<bdi>€5.00</bdi>" in page
    assert "€19.99" not in page


def test_tells_of_refunds_done_and_of_those_on_their_way():
    purchase = make_purchase(phase=Phase.CAPTURED, refunded_amount=Decimal(5))
    make_refund(purchase, amount="5.00", phase=RefundPhase.SUCCESSFUL)
    make_refund(purchase, amount="3.00", phase=RefundPhase.IN_DOUBT)
    make_refund(purchase, amount="1.50", phase=RefundPhase.SUBMITTING)
    make_refund(purchase, amount="2.00", phase=RefundPhase.FAILED)

    facts = re.findall(r"<dt>(.*?)</dt>\s*<dd>\s*<bdi>(.*?)</bdi>", look(purchase.session))

    assert facts[:3] == [
        ("Amount paid", "€19.99"),
        ("Refunded", "€5.00"),
        ("Refund on its way", "€4.50"),
    ]
    assert "It can take a few days until a refund arrives." in look(purchase.session)


def test_says_nothing_of_refunds_where_there_are_none():
    purchase = make_purchase(phase=Phase.CAPTURED)
    make_refund(purchase, phase=RefundPhase.FAILED)

    page = look(purchase.session)

    assert "efund" not in page


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled"])
def test_leads_back_to_the_shop_to_try_again(state: str):
    session = STATES[state]()

    page = look(session)

    assert f"You can go back to <bdi>{session.shop.name}</bdi> and try again." in page
    assert f'<a class="button" href="{session.return_url}">' in page


@pytest.mark.parametrize("state", ["waiting", "closing", "started", "reserved", "successful"])
def test_asks_nobody_to_try_again_who_may_be_charged(state: str):
    assert "try again" not in look(STATES[state]())


def test_tells_of_a_second_payment_for_a_paid_order():
    assert "This order had been paid already." in look(bought(Phase.CAPTURED, surplus=True))


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        ("12.34", "RSD", "en", "RSD\u00a012.34"),
        ("12.34", "RSD", "de", "12,34\u00a0RSD"),
        ("1234567", "JPY", "en", "¥1,234,567"),
        ("1.250", "KWD", "fr", "1,250\u00a0KWD"),
        ("1234.50", "EUR", "nl", "€\u00a01.234,50"),
        ("1234.50", "EUR", "ar", "\u200f1,234.50\u00a0€"),
    ],
)
def test_writes_sums_as_the_language_does_and_with_the_currencys_digits(
    amount: str, currency: str, language: str, shown: str
):
    session = make_session(amount=amount, currency=currency)

    assert f"<bdi>{shown}</bdi>" in look(session, f"?lang={language}")


def test_hides_no_money_of_any_currency():
    shown = {
        currency.code: sum_shown(
            Decimal("7.1234"), currency.code, digits=currency.exponent, locale="en"
        )
        for currency in Currency
        if currency.exponent is not None
    }

    assert len(shown) > 150
    assert {code: re.sub(r"[^0-9]", "", text) for code, text in shown.items()} == {
        code: "71234"[: 1 + currency_digits(code)] for code in shown
    }


def test_still_shows_a_payment_in_a_currency_that_was_withdrawn():
    assert "12,34\u00a0BGN" in look(make_session(amount="12.34", currency="BGN"), "?lang=de")


def test_escapes_what_others_wrote():
    session = make_session(shop=make_shop(name=HOSTILE), order_reference=HOSTILE)

    page = Client().get(f"/result/{session.public_token}").content.decode()

    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 1


@pytest.mark.parametrize("state", STATES)
def test_is_kept_by_nobody_and_names_nobody(state: str):
    response = Client().get(f"/result/{STATES[state]().public_token}")

    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("token", ["unknown", "%00", "a" * 33, "c-1"])
def test_says_plainly_that_it_does_not_know_a_link(token: str):
    response = Client().get(f"/result/{token}")

    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"


def test_does_not_know_a_link_in_the_language_of_the_browser():
    response = Client().get("/result/unknown", headers={"Accept-Language": "de-AT,en;q=0.5"})

    assert "Diesen Link kennen wir nicht" in response.content.decode()
    assert response["Referrer-Policy"] == "no-referrer"


def test_is_not_found_by_ids_that_others_know():
    purchase = make_purchase()
    session = purchase.session

    for known in (session.checkout_id, session.pk, session.psp_token, purchase.public_id):
        assert Client().get(f"/result/{known}").status_code == 404


def test_changes_nothing():
    session = make_session()

    assert Client().post(f"/result/{session.public_token}").status_code == 405


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        (timedelta(seconds=0), 5),
        (timedelta(minutes=3), 15),
        (timedelta(minutes=20), 60),
        (timedelta(hours=2), 300),
    ],
)
def test_looks_again_by_itself_ever_more_slowly(age: timedelta, seconds: int):
    session = make_purchase(created_at=timezone.now() - age).session

    reload = f'<noscript><meta http-equiv="refresh" content="{seconds}"></noscript>'
    assert reload in look(session)
    assert polled(session) == {"state": "started", "poll_seconds": seconds / 2}


@pytest.mark.parametrize("state", ["successful", "failed", "expired", "cancelled"])
def test_looks_no_more_once_the_end_is_known(state: str):
    session = STATES[state]()

    assert polled(session) == {"state": state, "poll_seconds": None}
    assert "data-poll-seconds" not in look(session)


@pytest.mark.parametrize("state", ["waiting", "started", "successful"])
def test_stands_still_when_asked_to(state: str):
    page = look(STATES[state](), "?refresh=off")

    assert 'http-equiv="refresh"' not in page
    assert "data-poll-seconds" not in page
    assert 'id="moving-on"' not in page


def test_leads_on_to_the_shop_by_itself_after_a_success():
    session = STATES["successful"]()

    page = look(session)

    assert (
        f'<noscript><meta http-equiv="refresh" content="5; url={session.return_url}"></noscript>'
        in page
    )
    assert f'data-url="{session.return_url}"' in page


def test_stays_when_the_success_is_an_old_one():
    session = bought(Phase.CAPTURED, finished_at=timezone.now() - timedelta(minutes=11))

    page = look(session)

    assert 'http-equiv="refresh"' not in page
    assert 'id="moving-on"' not in page
    assert f'href="{session.return_url}"' in page


def test_says_nothing_of_a_sandbox_where_there_is_none(settings: Settings):
    session = make_session()
    settings.BPS_PSPS = ["stripe"]

    assert "Sandbox" not in look(session)


@pytest.mark.parametrize("state", STATES)
def test_costs_one_statement_and_one_for_refunds(
    state: str, django_assert_num_queries: DjangoAssertNumQueries
):
    session = STATES[state]()

    with django_assert_num_queries(2 if state == "successful" else 1):
        look(session)
    with django_assert_num_queries(1):
        polled(session)


def test_weighs_less_than_thirty_kilobytes_with_all_that_it_loads():
    page = max(len(look(make()).encode()) for make in STATES.values())
    static = Path(bps_settings.BASE_DIR) / "static" / "bps"

    loaded = sum((static / name).stat().st_size for name in ALL_TRANSFERRED)

    assert page + loaded < 30_000
