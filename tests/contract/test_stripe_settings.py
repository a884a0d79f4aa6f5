"""What Stripe's client is told, and built from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from psp_clients import stripe as package
from psp_clients.http import Transport
from psp_clients.settings import Mode
from psp_clients.stripe import StripeClient

from .servers import ReplayingPsp
from .stripe_objects import API_KEY, NOW, SECRETS, event, signed


@pytest.fixture
def transport(psp: ReplayingPsp) -> Transport:
    return Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)


class TestSettings:
    VALUES: ClassVar = {
        "URL": "https://api.stripe.com",
        "API_KEY": API_KEY,
        "WEBHOOK_SECRETS": ", ".join(SECRETS),
    }

    def faults(self, **changes: str) -> list[str]:
        values = {**self.VALUES, **changes}
        return [
            f"{setting.name} {fault}"
            for setting in package.SETTINGS
            if (fault := setting.fault_in(values[setting.name]))
        ]

    def test_are_an_address_a_key_and_secrets(self):
        assert [(one.name, one.default, one.is_secret) for one in package.SETTINGS] == [
            ("URL", "https://api.stripe.com", False),
            ("API_KEY", None, True),
            ("WEBHOOK_SECRETS", None, True),
        ]
        assert self.faults() == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"URL": "http://127.0.0.1:9"},
            {"URL": "http://localhost:12111"},
            {"API_KEY": "rk_test_" + "x" * 24},
            {"API_KEY": "sk_live_" + "x" * 99},
            {"API_KEY": "rk_live_" + "x" * 24},
            {"WEBHOOK_SECRETS": SECRETS[0]},
            {"WEBHOOK_SECRETS": f" {SECRETS[0]} ,, {SECRETS[1]},"},
            {"WEBHOOK_SECRETS": "whsec_" + "0f" * 32},
        ],
    )
    def test_are_taken_where_they_can_be_right(self, changes: dict[str, str]):
        assert self.faults(**changes) == []

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"URL": ""}, "URL must be http(s)://host"),
            ({"URL": "api.stripe.com"}, "URL must be http(s)://host"),
            ({"URL": "https://["}, "URL must be http(s)://host"),
            (
                {"URL": "http://api.stripe.com"},
                "URL must be https, or the API key could be read on the way",
            ),
            ({"API_KEY": ""}, "API_KEY must be a secret or restricted key"),
            ({"API_KEY": "pk_test_" + "x" * 24}, "API_KEY must be a secret or restricted key"),
            ({"API_KEY": "sk_test_short"}, "API_KEY must be a secret or restricted key"),
            ({"API_KEY": "sk_live_" + "é" * 24}, "API_KEY must be a secret or restricted key"),
            ({"API_KEY": f"{API_KEY}\n"}, "API_KEY must be a secret or restricted key"),
            ({"WEBHOOK_SECRETS": ","}, "WEBHOOK_SECRETS must hold signing secrets"),
            ({"WEBHOOK_SECRETS": "n" * 32}, "WEBHOOK_SECRETS must hold signing secrets"),
            ({"WEBHOOK_SECRETS": "whsec_short"}, "WEBHOOK_SECRETS must hold signing secrets"),
            (
                {"WEBHOOK_SECRETS": f"{SECRETS[0]} {SECRETS[1]}"},
                "WEBHOOK_SECRETS must hold signing secrets",
            ),
        ],
    )
    def test_that_are_wrong_are_told_in_plain_words_and_not_repeated(
        self, change: dict[str, str], fault: str
    ):
        [told] = self.faults(**change)
        assert told.startswith(fault)
        [value] = change.values()
        assert len(value) < 2 or value not in told

    @pytest.mark.parametrize(
        ("prefix", "mode"),
        [
            ("sk_test_", Mode.TEST),
            ("rk_test_", Mode.TEST),
            ("sk_live_", Mode.LIVE),
            ("rk_live_", Mode.LIVE),
        ],
    )
    def test_tell_play_from_money_by_the_key(self, prefix: str, mode: Mode):
        assert package.mode({**self.VALUES, "API_KEY": prefix + "x" * 24}) is mode

    def test_build_a_client_that_shows_no_secret(self, transport: Transport):
        built = package.build(self.VALUES, transport, now=lambda: NOW)
        body = json.dumps(event()).encode()
        for secret in SECRETS:
            assert len(built.parse_webhook(*signed(body, secret))) == 1
        shown = repr(built) + str(built)
        assert not any(secret in shown for secret in (API_KEY, *SECRETS))

    def test_build_a_client_that_goes_by_the_clock(self, transport: Transport):
        built = package.build(self.VALUES, transport)
        sent = signed(json.dumps(event()).encode(), SECRETS[0], at=datetime.now(UTC))
        assert len(built.parse_webhook(*sent)) == 1

    def test_that_are_wrong_build_nothing(self, transport: Transport):
        with pytest.raises(ValueError, match=r"^the API key is not sk_… or rk_…, test or live$"):
            StripeClient(transport, api_key="sk_live_\n" + "x" * 30, webhook_secrets=SECRETS)
        with pytest.raises(ValueError, match=r"^a webhook secret is not whsec_…$"):
            StripeClient(transport, api_key=API_KEY, webhook_secrets=[SECRETS[0], "short"])
