"""The shop's checkout: begins one at BPS, and carries out Buy Now when the shopper comes back."""

from typing import Any

from django.conf import settings

from sandbox.shop import bps
from sandbox.shop.models import Checkout

SHOP_NAME = "Tulip & Thorn"


def begin(checkout: Checkout, *, locale: str) -> str:
    """Register the checkout at BPS. Returns where the shopper pays."""
    shop = f"{settings.PUBLIC_URL}/shop"
    answer = bps.register(
        {
            "checkout_id": checkout.checkout_id,
            "amount": checkout.amount,
            "currency": checkout.currency,
            "order_reference": checkout.order_reference,
            "return_url": f"{shop}/thanks/{checkout.checkout_id}",
            "buy_now_url": f"{shop}/buy-now/{checkout.checkout_id}",
            "locale": locale,
            "metadata": {"shop_name": SHOP_NAME},
        }
    )
    return _address(answer, "purchase_url")


def buy_now(checkout: Checkout, psp_token: str) -> str:
    """Have BPS purchase. Returns where the shopper sees the result."""
    answer = bps.buy_now(
        checkout.checkout_id, {"psp_token": psp_token, "purchase_info": _purchase_info(checkout)}
    )
    return _address(answer, "result_url")


def _purchase_info(checkout: Checkout) -> dict[str, Any]:
    item = {
        "name": checkout.bought.name,
        "quantity": 1,
        "unit_amount": checkout.amount,
    }
    return {"items": [item], "customer_reference": f"customer of {checkout.order_reference}"}


def _address(answer: dict[str, Any], name: str) -> str:
    address = answer.get(name)
    if not isinstance(address, str):
        raise bps.BpsUnreachable
    return address
