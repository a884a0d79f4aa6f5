"""What PayPal's client is told, and built from."""

from __future__ import annotations

from typing import ClassVar

import pytest

from psp_clients import paypal
from psp_clients.http import Transport
from psp_clients.settings import Mode

TEST = "https://api-m.sandbox.paypal.com"
LIVE = "https://api-m.paypal.com"
TRANSPORT = Transport("http://127.0.0.1:9", connect_timeout=1, money_timeout=1, lookup_timeout=1)


class TestSettings:
    VALUES: ClassVar = {
        "URL": TEST,
        "CLIENT_ID": "AaBb-client_id",
        "CLIENT_SECRET": "EsecretThatNobodyMaySee",
        "WEBHOOK_ID": "4JH86294D6297924G",
    }

    def faults(self, **changes: str) -> list[str]:
        values = {**self.VALUES, **changes}
        return [
            f"{setting.name} {fault}"
            for setting in paypal.SETTINGS
            if (fault := setting.fault_in(values[setting.name]))
        ]

    def test_are_an_address_an_app_and_its_webhook(self):
        assert [(one.name, one.default, one.is_secret) for one in paypal.SETTINGS] == [
            ("URL", TEST, False),
            ("CLIENT_ID", None, False),
            ("CLIENT_SECRET", None, True),
            ("WEBHOOK_ID", None, False),
        ]
        assert self.faults() == []

    @pytest.mark.parametrize(
        ("url", "mode"),
        [
            (TEST, Mode.TEST),
            (f"{TEST}/", Mode.TEST),
            ("https://api.sandbox.paypal.com", Mode.TEST),
            ("http://127.0.0.1:8080/paypal", Mode.TEST),
            ("http://[::1]:8080", Mode.TEST),
            (LIVE, Mode.LIVE),
            (f"{LIVE}/", Mode.LIVE),
            ("https://api.paypal.com", Mode.LIVE),
        ],
    )
    def test_tell_from_the_address_whether_real_money_moves(self, url: str, mode: Mode):
        assert self.faults(URL=url) == []
        assert paypal.mode({**self.VALUES, "URL": url}) is mode

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "api-m.paypal.com",
            "http://api-m.paypal.com",
            "http://api-m.sandbox.paypal.com",
            "https://www.paypal.com",
            "https://api-m.paypal.com/v2",
            "https://api-m.paypal.com.evil.example",
            "https://API-M.paypal.com",
            "https://user:word@api-m.paypal.com",
            f"{LIVE}\n",
            "https://evil.example/api-m.paypal.com",
            "https://[",
        ],
    )
    def test_take_no_other_address(self, url: str):
        assert self.faults(URL=url) == [f"URL must be {TEST}, or {LIVE} for real money"]

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"CLIENT_ID": ""}, "CLIENT_ID must be letters, digits, hyphens, underscores"),
            ({"CLIENT_ID": "a:b"}, "CLIENT_ID must be letters, digits, hyphens, underscores"),
            ({"CLIENT_SECRET": ""}, "CLIENT_SECRET must be letters, digits, hyphens, underscores"),
            ({"CLIENT_SECRET": "s3cret word"}, "CLIENT_SECRET must be letters, digits, hyphens"),
            ({"WEBHOOK_ID": ""}, "WEBHOOK_ID must be 1 to 50 letters and digits"),
            ({"WEBHOOK_ID": "x|y"}, "WEBHOOK_ID must be 1 to 50 letters and digits"),
            ({"WEBHOOK_ID": "9" * 51}, "WEBHOOK_ID must be 1 to 50 letters and digits"),
        ],
    )
    def test_say_what_is_wrong_without_the_value(self, change: dict[str, str], fault: str):
        [told] = self.faults(**change)
        assert told.startswith(fault)
        [value] = change.values()
        assert not value or value not in told

    def test_build_a_client_that_shows_no_secret(self):
        client = paypal.build(self.VALUES, TRANSPORT)
        assert client.name == "paypal"
        assert not any(value in repr(client) for value in self.VALUES.values() if value != TEST)

    @pytest.mark.parametrize(
        ("name", "value", "fault"),
        [
            ("CLIENT_ID", "a:b", r"^the client id is not made of visible ASCII"),
            ("CLIENT_ID", "", r"^the client id is not made of visible ASCII"),
            ("CLIENT_SECRET", "line\nbreak", r"^the client secret is not made of visible ASCII"),
        ],
    )
    def test_that_are_wrong_build_nothing(self, name: str, value: str, fault: str):
        with pytest.raises(ValueError, match=fault):
            paypal.build({**self.VALUES, name: value}, TRANSPORT)
