"""Builds the calls that change something at Stripe, down to the last byte. Pure.

The same arguments always give the same bytes: forms with bracketed names in a fixed order, as
Stripe's own libraries write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, urlencode

from psp_clients.contract import (
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    SessionRequest,
    Unsupported,
)
from psp_clients.prepared import checked_key, segment
from psp_clients.stripe.mapping import CHECKOUT_ID, REASON, REFERENCE, REFUND_ID
from psp_clients.stripe.money import write_money

# From 2025-03-31 on a session keeps the currency that it was registered with, whichever one its
# page shows the shopper.
API_VERSION: Final = "2026-10-28.endive"

SESSIONS_PATH: Final = "/v1/checkout/sessions"
INTENTS_PATH: Final = "/v1/payment_intents"
REFUNDS_PATH: Final = "/v1/refunds"

CAPTURE_MODES: Final = frozenset({"automatic", "manual"})
WHOLE_SESSION: Final = {"expand": ["payment_intent.latest_charge"]}
WHOLE_INTENT: Final = {"expand": ["latest_charge"]}

# How long a session may be open, and by how much its call may come late, or clocks differ.
SHORTEST_OPEN: Final = timedelta(minutes=30)
LONGEST_OPEN: Final = timedelta(hours=24)
MARGIN: Final = timedelta(minutes=5)

LONGEST_KEY: Final = 255
LONGEST_REFERENCE: Final = 200
MOST_NOTES: Final = 50
LONGEST_NAME: Final = 40
LONGEST_NOTE: Final = 500

_LISTED = (
    "bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb"
    " nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
)
LOCALES: Final = frozenset(_LISTED.split())

Form: TypeAlias = Mapping[str, "str | int | Form | Sequence[str | Form]"]

_NOTE_NAME = re.compile(rf"[^\[\]]{{1,{LONGEST_NAME}}}")


def register(request: SessionRequest, *, key: str, now: datetime) -> PreparedCall:
    """Return the call that opens a Checkout session on Stripe's own page.

    `now` only bounds when the session expires: Stripe takes no less than 30 minutes from then.
    """
    if request.capture not in CAPTURE_MODES:
        raise Unsupported("Stripe captures automatically or manually")
    if not 0 < len(request.reference) <= LONGEST_REFERENCE:
        raise InvalidRequest("a reference is 1 to 200 characters", field="reference")
    amount, currency = write_money(request.money)
    notes = _notes(request)
    price: Form = {
        "currency": currency,
        "unit_amount": amount,
        "product_data": {"name": request.checkout_id},
    }
    locale = locale_for(request.locale)
    body: Form = {
        "mode": "payment",
        "client_reference_id": request.reference,
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "expires_at": _expiry(request.expires_at, now),
        **({"locale": locale} if locale else {}),
        "line_items": [{"quantity": 1, "price_data": price}],
        "metadata": notes,
        "payment_intent_data": {
            **({"capture_method": "manual"} if request.capture == "manual" else {}),
            "metadata": notes,
        },
    }
    return _post(Operation.REGISTER, SESSIONS_PATH, body, key)


def capture(ref: PspReference, money: Money, *, key: str) -> PreparedCall:
    """Return the call that takes what was authorised, or less."""
    amount, _ = write_money(money)
    body: Form = {"amount_to_capture": amount, **WHOLE_INTENT}
    return _post(Operation.CAPTURE, f"{_intent_path(ref)}/capture", body, key)


def cancel(ref: PspReference, *, key: str) -> PreparedCall:
    """Return the call that ends a session that is open, or a payment that waits to be captured.

    Stripe has a call for each and takes neither in the other's place. Which one is needed is told
    by whether the payment is known, which it becomes when a look finds it authorised. Wherever
    that is not so any more, Stripe refuses, and a look tells what is.
    """
    if ref.payment_reference:
        return _post(Operation.CANCEL, f"{_intent_path(ref)}/cancel", WHOLE_INTENT, key)
    path = f"{session_path(ref.psp_token)}/expire"
    return _post(Operation.CANCEL, path, WHOLE_SESSION, key)


def refund(
    ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
) -> PreparedCall:
    """Return the call that gives back what was captured, or part of it.

    Stripe's own `reason` knows three words; ours goes into the metadata.
    """
    amount, _ = write_money(money)
    notes = {REFERENCE: ref.reference, REFUND_ID: refund_id}
    body: Form = {
        "payment_intent": _payment_reference(ref),
        "amount": amount,
        "metadata": {**notes, **({REASON: reason[:LONGEST_NOTE]} if reason else {})},
    }
    return _post(Operation.REFUND, REFUNDS_PATH, body, key)


def session_path(psp_token: str) -> str:
    """Return where the session of a token lives."""
    return f"{SESSIONS_PATH}/{segment(psp_token, 'psp_token')}"


def encoded(form: Form) -> str:
    """Return a form, or a query, as Stripe's libraries write it; raise InvalidRequest."""
    try:
        return urlencode(list(_pairs("", form)), safe="[]")
    except UnicodeEncodeError:
        raise InvalidRequest("what was given is not text that can be sent") from None


def decoded(body: bytes) -> dict[str, str]:
    """Return the names and values of a form that `encoded` made."""
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def locale_for(locale: str) -> str | None:
    """Return Stripe's locale for ours; None, for the browser's language, where there is none."""
    wanted = locale.replace("_", "-")
    language = wanted.partition("-")[0]
    return next((one for one in (wanted, language) if one in LOCALES), None)


def _intent_path(ref: PspReference) -> str:
    return f"{INTENTS_PATH}/{segment(_payment_reference(ref), 'payment_reference')}"


def _payment_reference(ref: PspReference) -> str:
    if not ref.payment_reference:
        raise InvalidRequest(
            "the payment is not known yet: look the session up first", field="payment_reference"
        )
    return ref.payment_reference


def _expiry(wanted: datetime, now: datetime) -> int:
    if wanted.tzinfo is None:
        raise InvalidRequest("a time needs its offset", field="expires_at")
    earliest, latest = now + SHORTEST_OPEN + MARGIN, now + LONGEST_OPEN - MARGIN
    return int(min(max(wanted, earliest), latest).timestamp())


def _notes(request: SessionRequest) -> dict[str, str]:
    """Return what Stripe shall keep: our names, and the shop's own notes as far as they fit.

    A payment must not fail for notes that Stripe does not take, and that we keep anyway.
    """
    ours = {REFERENCE: request.reference, CHECKOUT_ID: request.checkout_id}
    fitting = [
        (name, note)
        for name, note in sorted(request.metadata.items())
        if _NOTE_NAME.fullmatch(name) and 0 < len(note) <= LONGEST_NOTE and name not in ours
    ]
    return {**ours, **dict(fitting[: MOST_NOTES - len(ours)])}


def _post(operation: Operation, path: str, body: Form, key: str) -> PreparedCall:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Idempotency-Key": checked_key(key, LONGEST_KEY),
        "Stripe-Version": API_VERSION,
    }
    return PreparedCall(operation, "POST", path, headers, encoded(body).encode(), key)


def _pairs(
    name: str, value: str | int | Form | Sequence[str | Form]
) -> Iterator[tuple[str, str | int]]:
    if isinstance(value, str | int):
        yield name, value
        return
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        yield from _pairs(f"{name}[{key}]" if name else str(key), item)
