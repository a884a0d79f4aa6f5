"""What Adyen's client is told, and built from."""

from __future__ import annotations

from typing import ClassVar

import pytest

from psp_clients import adyen
from psp_clients.adyen.signature import read_key
from psp_clients.http import Transport
from psp_clients.settings import Mode

from .adyen_objects import ACCOUNT, FOREIGN_KEY, KEYS, item, signed, webhook

TEST = "https://checkout-test.adyen.com/v72"
LIVE = "https://1797a841fbb37ca7-ShopCompany-checkout-live.adyenpayments.com/checkout/v72"
TRANSPORT = Transport("http://127.0.0.1:9", connect_timeout=1, money_timeout=1, lookup_timeout=1)


class TestSettings:
    VALUES: ClassVar = {
        "URL": TEST,
        "API_KEY": "AQEyhmfx",
        "MERCHANT_ACCOUNT": ACCOUNT,
        "HMAC_KEYS": ",".join(KEYS),
        "THEME_ID": "",
    }

    def faults(self, **changes: str) -> list[str]:
        values = {**self.VALUES, **changes}
        return [
            f"{setting.name} {fault}"
            for setting in adyen.SETTINGS
            if (fault := setting.fault_in(values[setting.name]))
        ]

    def test_are_an_address_an_account_and_its_keys(self):
        assert [(one.name, one.default, one.is_secret) for one in adyen.SETTINGS] == [
            ("URL", TEST, False),
            ("API_KEY", None, True),
            ("MERCHANT_ACCOUNT", None, False),
            ("HMAC_KEYS", None, True),
            ("THEME_ID", "", False),
        ]
        assert self.faults() == []

    @pytest.mark.parametrize(
        "url", [TEST, f"{TEST}/", LIVE, "http://127.0.0.1:8080/v72", "http://[::1]/v72"]
    )
    def test_take_adyens_addresses_and_this_machines(self, url: str):
        assert self.faults(URL=url) == []

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "checkout-test.adyen.com/v72",
            "http://checkout-test.adyen.com/v72",
            "https://checkout-test.adyen.com",
            "https://checkout-test.adyen.com/v71",
            "https://checkout-live.adyenpayments.com/checkout/v72",
            LIVE.replace("/checkout/v72", "/v72"),
            LIVE.replace("https", "http"),
            LIVE.replace("adyenpayments.com", "adyenpayments.com.evil.example"),
            "https://evil.example/x-checkout-live.adyenpayments.com/checkout/v72",
            f"{LIVE}\n",
            "https://[",
        ],
    )
    def test_take_no_other_address(self, url: str):
        [fault] = self.faults(URL=url)
        assert fault == (
            f"URL must be {TEST}, or for real money"
            " https://<your prefix>-checkout-live.adyenpayments.com/checkout/v72"
        )

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"API_KEY": ""}, "API_KEY must be made of visible ASCII characters"),
            ({"API_KEY": "a b"}, "API_KEY must be made of visible ASCII characters"),
            ({"MERCHANT_ACCOUNT": ""}, "MERCHANT_ACCOUNT must be the name of one merchant account"),
            ({"MERCHANT_ACCOUNT": "A:B"}, "MERCHANT_ACCOUNT must be the name of one"),
            ({"HMAC_KEYS": ""}, "HMAC_KEYS must hold keys of 64 hexadecimal digits"),
            ({"HMAC_KEYS": " , "}, "HMAC_KEYS must hold keys of 64 hexadecimal digits"),
            ({"HMAC_KEYS": "A1" * 31}, "HMAC_KEYS must hold keys of 64 hexadecimal digits"),
            ({"HMAC_KEYS": f"{KEYS[0]},secret"}, "HMAC_KEYS must hold keys of 64 hexadecimal"),
            ({"HMAC_KEYS": "G1" * 32}, "HMAC_KEYS must hold keys of 64 hexadecimal digits"),
            ({"THEME_ID": "a theme"}, "THEME_ID must be made of visible ASCII"),
        ],
    )
    def test_say_what_is_wrong_without_the_value(self, change: dict[str, str], fault: str):
        [told] = self.faults(**change)
        assert told.startswith(fault)
        assert not any(value in told for value in change.values() if value.strip(" ,"))

    @pytest.mark.parametrize(
        ("url", "mode"),
        [
            (TEST, Mode.TEST),
            (LIVE, Mode.LIVE),
            (f"{LIVE}/", Mode.LIVE),
            ("http://127.0.0.1:1/v72", Mode.TEST),
        ],
    )
    def test_tell_from_the_address_whether_real_money_moves(self, url: str, mode: Mode):
        assert adyen.mode({**self.VALUES, "URL": url}) is mode

    def test_make_a_client_that_takes_each_key(self):
        values = {**self.VALUES, "HMAC_KEYS": f" {KEYS[0]}, {KEYS[1]} ,"}
        client = adyen.build(values, TRANSPORT)
        for key in KEYS:
            assert len(client.parse_webhook({}, webhook(signed(item(), key)))) == 1
        assert not any(key in repr(client) for key in (*KEYS, values["API_KEY"]))

    def test_make_a_client_of_the_platform_that_the_address_names(self):
        client = adyen.build({**self.VALUES, "URL": LIVE}, TRANSPORT)
        assert len(client.parse_webhook({}, webhook(signed(item()), live="true"))) == 1

    @pytest.mark.parametrize("key", ["", "A1" * 31, f"{FOREIGN_KEY} ", "é" * 64])
    def test_refuse_an_hmac_key_that_is_none_without_showing_it(self, key: str):
        with pytest.raises(ValueError, match=r"^an HMAC key is not 64 hexadecimal digits$"):
            read_key(key)
