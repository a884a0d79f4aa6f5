"""Where a person sees a payment at each PSP itself..."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from psp_clients.contract import PspReference
from psp_clients.registry import PSPS

LIVE = {
    "adyen": {"URL": "https://1797a841fbb37ca7-Shop-checkout-live.adyenpayments.com/checkout/v72"},
    "mollie": {"API_KEY": "live_1"},
    "paypal": {"URL": "https://api-m.paypal.com"},
    "sandbox": {"URL": "http://127.0.0.1:8001/psp"},
    "stripe": {"API_KEY": "rk_live_1"},
}
TEST = {
    "adyen": {"URL": "https://checkout-test.adyen.com/v72"},
    "mollie": {"API_KEY": "test_1"},
    "paypal": {"URL": "https://api-m.sandbox.paypal.com"},
    "sandbox": {"URL": "http://127.0.0.1:8001/psp"},
    "stripe": {"API_KEY": "sk_test_1"},
}
PAID = PspReference("tok_1", "ours", payment_reference="pay_1")
ADYEN = "adyen.com/ca/ca/accounts/showTx.shtml?pspReference=pay_1&txType=Payment"


@pytest.mark.parametrize(
    ("psp", "live", "test"),
    [
        ("adyen", f"https://ca-live.{ADYEN}", f"https://ca-test.{ADYEN}"),
        (
            "mollie",
            "https://my.mollie.com/dashboard/payments/tok_1",
            "https://my.mollie.com/dashboard/payments/tok_1",
        ),
        (
            "paypal",
            "https://www.paypal.com/cgi-bin/webscr?cmd=_view-a-trans&id=pay_1",
            "https://www.sandbox.paypal.com/cgi-bin/webscr?cmd=_view-a-trans&id=pay_1",
        ),
        (
            "sandbox",
            "http://127.0.0.1:8001/books/?token=tok_1",
            "http://127.0.0.1:8001/books/?token=tok_1",
        ),
        (
            "stripe",
            "https://dashboard.stripe.com/payments/pay_1",
            "https://dashboard.stripe.com/test/payments/pay_1",
        ),
    ],
)
def test_is_told_by_mode(psp: str, live: str, test: str):
    assert PSPS[psp].dashboard_url(LIVE[psp], PAID) == live
    assert PSPS[psp].dashboard_url(TEST[psp], PAID) == test


@pytest.mark.parametrize("psp", ["adyen", "paypal", "stripe"])
def test_is_nowhere_before_the_psp_has_a_payment(psp: str):
    assert PSPS[psp].dashboard_url(LIVE[psp], PspReference("tok_1", "ours")) == ""


@pytest.mark.parametrize("psp", PSPS)
def test_stays_on_the_psps_own_page_whatever_a_reference_holds(psp: str):
    hostile = '../../@evil.example/?#"><script>&\u202e\0 javascript:' + "x" * 200
    honest = urlsplit(PSPS[psp].dashboard_url(LIVE[psp], PAID))

    url = PSPS[psp].dashboard_url(LIVE[psp], PspReference(hostile, "ours", hostile))

    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == (honest.scheme, honest.netloc)
    assert parts.path.count("/") == honest.path.count("/")
    assert not {'"', "<", ">", " ", "\u202e", "\0"} & set(url)
    assert parts.fragment == ""
