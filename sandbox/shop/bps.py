"""The shop's three calls to BPS. They never retry, and believe nothing but what BPS answers."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import requests
from django.conf import settings

TIMEOUTS_SECONDS = (3, 30)  # to connect, to read


@dataclass
class BpsRefused(Exception):
    """BPS answered with a problem."""

    title: str
    detail: str


class BpsUnreachable(Exception):
    """BPS did not answer, or nothing that could be understood: anything may have happened."""


def register(checkout: dict[str, Any]) -> dict[str, Any]:
    """Register a checkout; the answer says where the shopper pays."""
    return _call("POST", "", json=checkout, headers={})


def buy_now(checkout_id: str, purchase: dict[str, Any]) -> dict[str, Any]:
    """Buy; the answer says where to look.

    Each press has a key of its own. However many there are BPS makes them one purchase, and only
    where that was declined for now is a press another try.
    """
    key = {"Idempotency-Key": f"buy-now-{uuid4()}"}
    return _call("POST", f"/{quote(checkout_id)}/buy-now", json=purchase, headers=key)


def fetch(checkout_id: str) -> dict[str, Any]:
    """Ask what became of a checkout."""
    return _call("GET", f"/{quote(checkout_id)}", json=None, headers={})


def _call(
    method: str, path: str, *, json: dict[str, Any] | None, headers: dict[str, str]
) -> dict[str, Any]:
    try:
        response = requests.request(
            method,
            f"{settings.SHOP_BPS_URL}/api/v1/payment-sessions{path}",
            json=json,
            headers={"Authorization": f"Api-Key {settings.SHOP_BPS_API_KEY}", **headers},
            timeout=TIMEOUTS_SECONDS,
            allow_redirects=False,
        )
        body = response.json()
    except (requests.RequestException, ValueError) as error:
        raise BpsUnreachable from error
    if not isinstance(body, dict):
        raise BpsUnreachable
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise BpsRefused(str(body.get("title", "")), str(body.get("detail", "")))
    return body
