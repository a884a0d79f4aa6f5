"""Builds the calls that change something at Mollie, down to the last byte. Pure.

The same arguments always give the same bytes: names sorted, no spaces, UTF-8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

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

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


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
        headers={"Idempotency-Key": _checked(key)},
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


def segment(opaque_id: str, field: str) -> str:
    """Return an id as one segment of a path; raise InvalidRequest if it cannot be one."""
    if opaque_id in {"", ".", ".."}:
        # Dots survive quoting, and would name another path.
        raise InvalidRequest(f"{field} cannot be part of a path", field=field)
    return quote(opaque_id, safe="")


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
    return everything if len(_bytes(everything)) <= LARGEST_METADATA_BYTES else ours


def _description(words: str, field: str) -> str:
    if not words:
        raise InvalidRequest("Mollie wants a description", field=field)
    return words[:LONGEST_DESCRIPTION]


def _post(operation: Operation, path: str, body: Mapping[str, Any], key: str) -> PreparedCall:
    headers = {"Content-Type": "application/json", "Idempotency-Key": _checked(key)}
    return PreparedCall(operation, "POST", path, headers, _bytes(body), key)


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise InvalidRequest("a key is 1 to 255 visible ASCII characters", field="key")
    return key


def _bytes(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(
            body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"what was given does not fit into JSON ({type(error).__name__})"
        ) from None
