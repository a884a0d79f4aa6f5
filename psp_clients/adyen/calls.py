"""Builds the calls that change something at Adyen, down to the last byte. Pure.

The same arguments always give the same bytes: names sorted, no spaces, UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

from psp_clients.adyen.money import write_money
from psp_clients.contract import (
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    SessionRequest,
    Unsupported,
)
from psp_clients.prepared import post_call, segment

SESSIONS_PATH: Final = "/sessions"
CANCELS_PATH: Final = "/cancels"
PAYMENTS_PATH: Final = "/payments"

LONGEST_REFERENCE: Final = 80
LONGEST_RETURN_URL: Final = 1024

# Our own note on each session, which comes back with the webhook: who captures it.
CAPTURE_NOTE: Final = "bps_capture"
METADATA_PAIRS: Final = 20
METADATA_NAME: Final = 20
METADATA_VALUE: Final = 80

LONGEST_KEY: Final = 64
_LOCALE = re.compile(r"([a-z]{2})(?:[-_]([A-Z]{2}))?")

# Adyen wants a country with each language: those of its translations, where we are told none.
_TRANSLATIONS: Final = (
    "cs-CZ da-DK de-DE el-GR en-US es-ES et-EE fi-FI fr-FR hr-HR hu-HU it-IT ja-JP ko-KR lt-LT"
    " lv-LV nl-NL no-NO pl-PL pt-PT ro-RO ru-RU sk-SK sl-SI sv-SE zh-CN"
)
_COUNTRIES: Final = dict(locale.split("-") for locale in _TRANSLATIONS.split())

# How a session is captured. "At once, by Adyen" overrules the account's own setting, too.
_CAPTURES: Final[dict[str, dict[str, Any]]] = {
    "automatic": {"captureDelayHours": 0},
    "manual": {"additionalData": {"manualCapture": "true"}},
}

# Adyen's words for why money goes back. A reason that is none of them is kept on our side.
REFUND_REASONS: Final = frozenset({"FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER"})


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks: the merchant account, and the looks of its hosted pages."""

    name: str
    theme_id: str = ""


def register(account: Account, request: SessionRequest, *, key: str) -> PreparedCall:
    """Return the call that creates a hosted session.

    Metadata that exceed Adyen's limits are left out: they are notes, and no sale is lost for one.
    """
    if request.capture not in _CAPTURES:
        raise Unsupported("Adyen captures automatically or manually")
    if len(request.return_url) > LONGEST_RETURN_URL:
        raise InvalidRequest("Adyen takes return URLs of 1024 characters", field="return_url")
    locale = _locale(request.locale)
    body = {
        "merchantAccount": account.name,
        "amount": write_money(request.money),
        "reference": _reference(request.reference),
        "returnUrl": request.return_url,
        "mode": "hosted",
        "expiresAt": _in_utc(request.expires_at),
        "metadata": _metadata(request),
        **_CAPTURES[request.capture],
        **({"shopperLocale": locale} if locale else {}),
        **({"themeId": account.theme_id} if account.theme_id else {}),
    }
    return _post(Operation.REGISTER, SESSIONS_PATH, body, key)


def capture(account: Account, ref: PspReference, money: Money, *, key: str) -> PreparedCall:
    """Return the call that takes what was authorised, or less."""
    # Webhooks about a modification bear the modification's reference: ours names the payment.
    body = {
        "merchantAccount": account.name,
        "amount": write_money(money),
        "reference": _reference(ref.reference),
    }
    return _post(Operation.CAPTURE, f"{_payment_path(ref)}/captures", body, key)


def cancel(account: Account, ref: PspReference, *, key: str) -> PreparedCall:
    """Return the call that releases an authorisation: by Adyen's reference, or else by ours."""
    body = {"merchantAccount": account.name, "reference": _reference(ref.reference)}
    if ref.payment_reference:
        return _post(Operation.CANCEL, f"{_payment_path(ref)}/cancels", body, key)
    return _post(Operation.CANCEL, CANCELS_PATH, {**body, "paymentReference": ref.reference}, key)


def refund(
    account: Account, ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
) -> PreparedCall:
    """Return the call that gives back what was captured, or part of it."""
    word = reason.upper()
    body = {
        "merchantAccount": account.name,
        "amount": write_money(money),
        "reference": _reference(refund_id),
        **({"merchantRefundReason": word} if word in REFUND_REASONS else {}),
    }
    return _post(Operation.REFUND, f"{_payment_path(ref)}/refunds", body, key)


def payment_in(path: str) -> str:
    """Return Adyen's reference of the payment that a modification's path names, if one."""
    if not path.startswith(f"{PAYMENTS_PATH}/"):
        return ""
    return unquote(path.removeprefix(f"{PAYMENTS_PATH}/").partition("/")[0])


def _payment_path(ref: PspReference) -> str:
    return f"{PAYMENTS_PATH}/{segment(ref.payment_reference, 'payment_reference')}"


def _reference(reference: str) -> str:
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        raise InvalidRequest("Adyen takes references of 1 to 80 characters", field="reference")
    return reference


def _metadata(request: SessionRequest) -> dict[str, str]:
    fitting = (
        (name, value)
        for name, value in sorted(request.metadata.items())
        if 0 < len(name) <= METADATA_NAME and len(value) <= METADATA_VALUE and name != CAPTURE_NOTE
    )
    return {**dict(islice(fitting, METADATA_PAIRS - 1)), CAPTURE_NOTE: request.capture}


def _locale(locale: str) -> str:
    """Return a locale as Adyen writes it; nothing leaves the choice to Adyen's page."""
    match = _LOCALE.fullmatch(locale)
    if match is None:
        return ""
    language, country = match[1], match[2] or _COUNTRIES.get(match[1], "")
    return f"{language}-{country}" if country else ""


def _in_utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InvalidRequest("a time needs its offset", field="expires_at")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _post(operation: Operation, path: str, body: Mapping[str, Any], key: str) -> PreparedCall:
    return post_call(operation, path, body, key=key, longest_key=LONGEST_KEY)
