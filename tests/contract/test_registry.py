"""The registry knows every PSP's package, and where its settings come from."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from psp_clients.contract import NotSent, PspReference
from psp_clients.http import Transport
from psp_clients.registry import PSPS, UnknownPsp, psp_package, variable
from psp_clients.sandbox import SandboxClient
from psp_clients.settings import Mode

from .servers import unused_url

VALUES = {
    "URL": "https://psp.example",
    "API_KEY": "key-that-nobody-may-see",
    "WEBHOOK_SECRETS": "whsec_bm9ib2R5LW1heS1zZWUtdGhpcy1zZWNyZXQ=, "
    "whsec_YW5vdGhlci1vbmUtdG8tcm90YXRlLXRvLXg=",
    "KEY_WINDOW_SECONDS": "40",
}


class TestTheRegistry:
    def test_builds_a_client_from_the_values_of_its_settings(self):
        transport = Transport(VALUES["URL"], connect_timeout=1, money_timeout=2, lookup_timeout=1)
        client = psp_package("sandbox").build(VALUES, transport)
        assert isinstance(client, SandboxClient)
        assert client.name == "sandbox"
        assert client.capabilities.key_window.total_seconds() == 40

    def test_names_the_known_ones_where_a_name_is_unknown(self):
        with pytest.raises(UnknownPsp) as caught:
            psp_package("sandbax")
        assert str(caught.value) == (
            f"no PSP client is named 'sandbax'; there are: {', '.join(sorted(PSPS))}"
        )

    def test_hands_the_check_before_sending_on(self):
        asked = []
        with unused_url() as url:
            transport = Transport(
                url,
                connect_timeout=1,
                money_timeout=1,
                lookup_timeout=1,
                before_send=lambda: asked.append("asked"),
            )
            client = psp_package("sandbox").build(VALUES, transport)
            with pytest.raises(NotSent):
                client.fetch(PspReference("tok_1", "ref-1"))
        assert asked == ["asked"]

    def test_names_variables_after_the_psp(self):
        assert variable("stripe", "API_KEY") == "STRIPE_API_KEY"
        assert variable("sandbox", "API_KEY") == "SANDBOX_PSP_API_KEY"


@pytest.mark.parametrize("psp", PSPS)
class TestThePackageOfAPsp:
    def test_lists_its_settings_each_once_and_the_url_among_them(self, psp: str):
        listed = Counter(setting.name for setting in PSPS[psp].SETTINGS)
        assert set(listed.values()) == {1}
        assert "URL" in listed
        assert all(re.fullmatch(r"[A-Z][A-Z_]*[A-Z]", name) for name in listed)

    def test_has_a_meaning_for_each_in_one_line(self, psp: str):
        for setting in PSPS[psp].SETTINGS:
            assert setting.means
            assert "\n" not in setting.means

    def test_finds_no_fault_in_its_own_defaults(self, psp: str):
        for setting in PSPS[psp].SETTINGS:
            if setting.default:
                assert setting.fault_in(setting.default) == ""

    def test_keeps_what_it_refuses_to_itself(self, psp: str):
        for setting in PSPS[psp].SETTINGS:
            assert "s3cr\x00t" not in setting.fault_in("s3cr\x00t")

    def test_shows_no_key_and_no_secret_by_default(self, psp: str):
        assert [s.name for s in PSPS[psp].SETTINGS if s.is_secret and s.default] == []
        assert [s.name for s in PSPS[psp].SETTINGS if s.is_secret]


class TestTheSandboxesSettings:
    def test_move_no_real_money(self):
        assert psp_package("sandbox").mode(VALUES) is Mode.TEST

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("URL", "ftp://psp.example"),
            ("URL", "https://user:word@psp.example"),
            ("URL", "https://[psp.example"),
            ("WEBHOOK_SECRETS", "whsec_c2hvcnQ="),
            ("WEBHOOK_SECRETS", f"{VALUES['WEBHOOK_SECRETS']}, whsec_c2hvcnQ="),
            ("WEBHOOK_SECRETS", "not one"),
            ("WEBHOOK_SECRETS", ","),
            ("KEY_WINDOW_SECONDS", "0"),
            ("KEY_WINDOW_SECONDS", "a day"),
            ("KEY_WINDOW_SECONDS", "1e9"),
        ],
    )
    def test_are_refused_where_they_cannot_be_right(self, name: str, value: str):
        faults = {one.name: one.fault_in(value) for one in PSPS["sandbox"].SETTINGS}
        assert faults[name].startswith("must ")

    def test_are_taken_where_they_can_be(self):
        assert [one.fault_in(VALUES[one.name]) for one in PSPS["sandbox"].SETTINGS] == [""] * 4
