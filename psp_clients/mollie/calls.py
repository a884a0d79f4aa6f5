"""Builds the calls that change something at Mollie, down to the last byte. Pure.

The same arguments always give the same bytes: names sorted, no spaces, UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from psp_clients.contract import (
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    PspReference,
    SessionRequest,
    Unsupported,
)
from psp_clients.mollie.money import write_money
from psp_clients.prepared import checked_key, json_bytes, post_call, segment

PAYMENTS_PATH: Final = "/v2/payments"
CAPTURE_MODES: Final = frozenset({"automatic", "manual"})

LONGEST_DESCRIPTION: Final = 255
LARGEST_METADATA_BYTES: Final = 1000  # Mollie keeps "approximately 1kB"

# The languages of Mollie's pages. Where one is listed for several countries, the first is taken.
_LISTED = (
    "ca_ES cs_CZ da_DK de_DE de_AT de_CH de_LU el_GR en_GB en_BE en_NL en_US es_ES fi_FI fr_FR"
    " fr_BE fr_LU hu_HU is_IS it_IT lt_LT lv_LV nb_NO nl_NL nl_BE pl_PL pt_PT sk_SK sl_SI sv_SE"
    " tr_TR"
)
LOCALES: Final = tuple(_LISTED.split())

LONGEST_KEY: Final = 255


def register(request: SessionRequest, *, key: str) -> PreparedCall:
    """Return the call that creates a payment, of any method that the shopper will choose.

    Mollie takes no time of expiry: each payment method has its own.
    """
    if request.capture not in CAPTURE_MODES:
        raise Unsupported("Mollie captures automatically or manually")
    body: dict[str, Any] = {
        "amount": write_money(request.money),
        "description": _description(request.checkout_id, "checkout_id"),
        "metadata": _metadata(request),
        "redirectUrl": request.return_url,
        "webhookUrl": request.webhook_url,
    }
    if locale := locale_for(request.locale):
        body["locale"] = locale
    if request.capture == "manual":
        body["captureMode"] = "manual"
    return _post(Operation.REGISTER, PAYMENTS_PATH, body, key)


def capture(ref: PspReference, money: Money, *, key: str) -> PreparedCall:
    """Return the call that takes what was authorised, or less."""
    body = {"amount": write_money(money), "metadata": {"reference": ref.reference}}
    return _post(Operation.CAPTURE, f"{payment_path(ref.psp_token)}/captures", body, key)


def cancel(ref: PspReference, *, key: str) -> PreparedCall:
    """Return the call that cancels a payment. Mollie ignores the key: a repeat does no harm."""
    return PreparedCall(
        operation=Operation.CANCEL,
        method="DELETE",
        path=payment_path(ref.psp_token),
        headers={"Idempotency-Key": checked_key(key, LONGEST_KEY)},
        body=b"",
        key=key,
    )


def refund(
    ref: PspReference, money: Money, *, refund_id: str, reason: str, key: str
) -> PreparedCall:
    """Return the call that gives back what was captured, or part of it."""
    body = {
        "amount": write_money(money),
        "description": _description(reason or refund_id, "reason"),
        "metadata": {"reference": ref.reference, "refund_id": refund_id},
    }
    return _post(Operation.REFUND, f"{payment_path(ref.psp_token)}/refunds", body, key)


def payment_path(psp_token: str) -> str:
    """Return where the payment of a token lives."""
    return f"{PAYMENTS_PATH}/{segment(psp_token, 'psp_token')}"


def locale_for(locale: str) -> str | None:
    """Return Mollie's locale for ours; None, for the browser's language, where there is none."""
    wanted = locale.replace("-", "_")
    if wanted in LOCALES:
        return wanted
    language = wanted.partition("_")[0]
    return next((listed for listed in LOCALES if listed.startswith(f"{language}_")), None)


def _metadata(request: SessionRequest) -> dict[str, Any]:
    """Return what Mollie shall keep: our reference, and the shop's own notes where they fit.

    A payment must not fail for notes that are larger than Mollie keeps, and that we keep anyway.
    """
    ours = {"reference": request.reference, "checkout_id": request.checkout_id}
    everything = {**ours, "shop": dict(request.metadata)}
    return everything if len(json_bytes(everything)) <= LARGEST_METADATA_BYTES else ours


def _description(words: str, field: str) -> str:
    if not words:
        raise InvalidRequest("Mollie wants a description", field=field)
    return words[:LONGEST_DESCRIPTION]


def _post(operation: Operation, path: str, body: Mapping[str, Any], key: str) -> PreparedCall:
    return post_call(operation, path, body, key=key, longest_key=LONGEST_KEY)
