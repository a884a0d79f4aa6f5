"""What Mollie's client is told, and built from."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from psp_clients import mollie
from psp_clients.http import Transport
from psp_clients.mollie import MollieClient
from psp_clients.settings import Mode

from .mollie_objects import (
    API_KEY,
    SECRETS,
    client_at,
    event,
    signed,
)
from .servers import ReplayingPsp


@pytest.fixture
def client(psp: ReplayingPsp) -> MollieClient:
    return client_at(psp.url)


class TestSettings:
    VALUES: ClassVar = {
        "URL": "https://api.mollie.com",
        "API_KEY": API_KEY,
        "WEBHOOK_SECRETS": ", ".join(SECRETS),
    }

    def faults(self, **changes: str) -> list[str]:
        values = {**self.VALUES, **changes}
        return [
            f"{setting.name} {fault}"
            for setting in mollie.SETTINGS
            if (fault := setting.fault_in(values[setting.name]))
        ]

    def test_are_an_address_a_key_and_perhaps_secrets(self):
        assert [(one.name, one.default, one.is_secret) for one in mollie.SETTINGS] == [
            ("URL", "https://api.mollie.com", False),
            ("API_KEY", None, True),
            ("WEBHOOK_SECRETS", "", True),
        ]
        assert self.faults() == self.faults(WEBHOOK_SECRETS="") == []
        assert self.faults(URL="http://127.0.0.1:9") == []

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"URL": ""}, "URL must be http(s)://host"),
            ({"URL": "api.mollie.com"}, "URL must be http(s)://host"),
            ({"URL": "https://["}, "URL must be http(s)://host"),
            (
                {"URL": "http://api.mollie.com"},
                "URL must be https, or the API key could be read on the way",
            ),
            ({"API_KEY": ""}, "API_KEY must be test_… or live_…, as Mollie hands keys out"),
            ({"API_KEY": "access_" + "x" * 30}, "API_KEY must be test_… or live_…"),
            ({"API_KEY": "test_short"}, "API_KEY must be test_… or live_…"),
            ({"API_KEY": "live_" + "é" * 30}, "API_KEY must be test_… or live_…"),
            ({"WEBHOOK_SECRETS": f"{SECRETS[0]},short"}, "WEBHOOK_SECRETS must hold secrets of 8"),
            ({"WEBHOOK_SECRETS": "has a blank"}, "WEBHOOK_SECRETS must hold secrets of 8"),
        ],
    )
    def test_that_are_wrong_are_told_in_plain_words_and_not_repeated(
        self, change: dict[str, str], fault: str
    ):
        [told] = self.faults(**change)
        assert told.startswith(fault)
        [value] = change.values()
        assert not value or value not in told

    def test_tell_play_from_money_by_the_key(self):
        assert mollie.mode(self.VALUES) is Mode.TEST
        assert mollie.mode({**self.VALUES, "API_KEY": "live_" + "x" * 30}) is Mode.LIVE

    def test_build_a_client_that_shows_no_secret(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        built = mollie.build(self.VALUES, transport)
        body = json.dumps(event()).encode()
        for secret in SECRETS:
            assert len(built.parse_webhook(*signed(body, secret))) == 1
        shown = repr(built) + str(built)
        assert not any(secret in shown for secret in (API_KEY, *SECRETS))
        without = {**self.VALUES, "WEBHOOK_SECRETS": ""}
        assert len(mollie.build(without, transport).parse_webhook({}, b"id=tr_1")) == 1

    def test_that_are_wrong_build_nothing(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        with pytest.raises(ValueError, match=r"^the API key is not test_… or live_…$"):
            MollieClient(transport, api_key="live_\n" + "x" * 30)
        with pytest.raises(ValueError, match=r"^a webhook secret is not 8 to 255"):
            MollieClient(transport, api_key=API_KEY, webhook_secrets=[SECRETS[0], "short"])
