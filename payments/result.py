"""The shopper's page: what became of a payment, in the shopper's language.

Shows and decides nothing. Whoever has the link may see it, so that nothing on it may be more
private than a receipt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_from_request
from django.views.decorators.http import require_safe

from payments import selectors
from payments.domain.refunds import RefundPhase, on_its_way
from payments.models import PaymentSession, Purchase
from payments.result_formats import digits_of, instant_shown, sum_shown
from payments.result_state import ShownState, look_again_after, moves_on, shown_state
from payments.result_words import WORDS, Words

PUBLIC_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
MOVE_ON_AFTER: Final = timedelta(seconds=5)
ICONS: Final = {
    ShownState.WAITING: "arrow",
    ShownState.CLOSING: "minus",
    ShownState.STARTED: "clock",
    ShownState.CHOOSE_AGAIN: "arrow",
    ShownState.RESERVED: "lock",
    ShownState.SUCCESSFUL: "check",
    ShownState.FAILED: "cross",
    ShownState.EXPIRED: "hourglass",
    ShownState.CANCELLED: "minus",
}
_LEAD_TO_PURCHASE_PAGE: Final = (ShownState.WAITING, ShownState.CHOOSE_AGAIN)
PRIVATE: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the receipt."""

    label: str
    value: str
    at: datetime | None = None
    can_be_copied: bool = False


@require_safe
def result(request: HttpRequest, public_token: str) -> HttpResponse:
    """Show what is known about the payment behind an unguessable link.

    `?lang=` chooses another language than the checkout's; `?refresh=off` lets the page stand
    still; `?poll` answers only the state, as JSON, for the page's own script.
    """
    session = (
        selectors.session_of_shopper(public_token) if PUBLIC_TOKEN.fullmatch(public_token) else None
    )
    if session is None:
        return private(_unknown(request))
    now = timezone.now()
    purchase = selectors.purchase_of(session)
    state = shown_state(session, purchase, now=now)
    pace = look_again_after(state, session, purchase, now=now)
    if "poll" in request.GET:
        return private(JsonResponse({"state": state, "poll_seconds": _poll_seconds(pace)}))
    language = _language(request, session.locale)
    stands_still = request.GET.get("refresh") == "off"
    leads_on = moves_on(state, purchase, now=now) and not stands_still
    soon = _given_back_soon(purchase)
    context = {
        **_in_language(request, language, session.psp),
        **_outcome(session, purchase, state, WORDS[language], soon),
        "facts": _facts(session, purchase, WORDS[language], language, soon),
        "unfinished": pace is not None,
        "stands_still": stands_still,
        "reload_seconds": None if stands_still or pace is None else int(pace.total_seconds()),
        "poll_seconds": None if stands_still else _poll_seconds(pace),
        "move_on_seconds": int(MOVE_ON_AFTER.total_seconds()) if leads_on else None,
    }
    return private(render(request, "result/page.html", context))


def private(response: HttpResponse) -> HttpResponse:
    """Keep a shopper's page out of caches, histories of other sites, and search engines."""
    for name, value in PRIVATE.items():
        response[name] = value
    return response


def _unknown(request: HttpRequest) -> HttpResponse:
    context = _in_language(request, _language(request, get_language_from_request(request)))
    return render(request, "result/unknown.html", context, status=404)


def _language(request: HttpRequest, otherwise: str) -> str:
    for wanted in (request.GET.get("lang", ""), otherwise.partition("-")[0]):
        if wanted in WORDS:
            return wanted
    return "en"


def _in_language(request: HttpRequest, language: str, psp: str = "") -> dict[str, Any]:
    return {
        "lang": language,
        "direction": WORDS[language].direction,
        "words": WORDS[language],
        "languages": [(code, words.language) for code, words in WORDS.items()],
        "path": request.path,
        "sandbox_words": WORDS[language].sandbox if selectors.moves_no_money(psp) else "",
    }


def _poll_seconds(pace: timedelta | None) -> float | None:
    """Return the script's pace: its look is small, so it looks twice as often as a reload."""
    return pace.total_seconds() / 2 if pace is not None else None


def _given_back_soon(purchase: Purchase | None) -> Decimal:
    """Return what is on its way back to the shopper."""
    if purchase is None or not purchase.captured_amount:
        return Decimal()
    refunds = selectors.refunds_of(purchase)
    return on_its_way((Decimal(one.amount), RefundPhase(one.phase)) for one in refunds)


def _outcome(
    session: PaymentSession,
    purchase: Purchase | None,
    state: ShownState,
    words: Words,
    soon: Decimal,
) -> dict[str, Any]:
    succeeded = state is ShownState.SUCCESSFUL
    sentences = [words.texts[state]]
    if state is ShownState.FAILED and purchase is not None:
        sentences = [_reason(purchase, words)]
    if state is ShownState.CHOOSE_AGAIN and purchase is not None:
        known = words.reasons.get(purchase.reason_code)
        sentences = [known, *sentences] if known else sentences
    if state in (ShownState.FAILED, ShownState.EXPIRED, ShownState.CANCELLED):
        sentences += [words.not_charged, words.try_again]
    if succeeded and purchase is not None and purchase.surplus:
        sentences.append(words.paid_before)
    if purchase is not None and (purchase.refunded_amount or soon):
        sentences.append(words.refunds_take_days)
    return {
        "state": state,
        "icon": f"icons/{ICONS[state]}.svg",
        "title": words.titles[state],
        "sentences": [_filled(sentence, session) for sentence in sentences],
        "purchase_url": session.purchase_url if state in _LEAD_TO_PURCHASE_PAGE else "",
        "shop_url": session.return_url,
        "to_shop": _filled(words.on_to_shop if succeeded else words.back_to_shop, session),
        "moving_on": _filled(
            words.moving_on,
            session,
            seconds=format_html("<span data-countdown>{}</span>", MOVE_ON_AFTER.seconds),
        ),
    }


def _filled(sentence: str, session: PaymentSession, **values: SafeString) -> SafeString:
    """Fill a sentence. The shop's name is isolated, since it may run the other way."""
    shop = format_html("<bdi>{}</bdi>", session.shop.name)
    return format_html(sentence, shop=shop, **values)


def _reason(purchase: Purchase, words: Words) -> str:
    """Return why it failed, in our own words: a PSP's are not made for shoppers."""
    return words.reasons.get(purchase.reason_code, words.reasons[purchase.phase])


def _facts(
    session: PaymentSession,
    purchase: Purchase | None,
    words: Words,
    language: str,
    soon: Decimal,
) -> list[Fact]:
    order = session.order_reference or session.checkout_id
    if purchase is None:
        return [
            Fact(words.amount, _sum(session, Decimal(session.amount), language)),
            Fact(words.shop, session.shop.name),
            Fact(words.order, order),
        ]
    at = purchase.finished_at or purchase.created_at
    return [
        *_sums(session, purchase, words, language, soon),
        Fact(words.shop, session.shop.name),
        Fact(words.order, order),
        Fact(words.date, instant_shown(at, locale=language), at=at),
        Fact(words.reference, purchase.public_id, can_be_copied=True),
    ]


def _sums(
    session: PaymentSession, purchase: Purchase, words: Words, language: str, soon: Decimal
) -> list[Fact]:
    if not purchase.captured_amount:
        return [Fact(words.amount, _sum(session, Decimal(session.amount), language))]
    sums = [Fact(words.amount_paid, _sum(session, purchase.captured_amount, language))]
    if purchase.refunded_amount:
        sums.append(Fact(words.refunded, _sum(session, purchase.refunded_amount, language)))
    if soon:
        sums.append(Fact(words.refund_on_its_way, _sum(session, soon, language)))
    return sums


def _sum(session: PaymentSession, value: Decimal, language: str) -> str:
    digits = digits_of(session.amount)
    return sum_shown(value, session.currency, digits=digits, locale=language)
