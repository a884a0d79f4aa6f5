"""The registry builds clients by name."""

from __future__ import annotations

import pytest

from psp_clients.contract import NotSent, PspReference
from psp_clients.registry import BUILDERS, PspConfig, UnknownPsp, build
from psp_clients.sandbox import SandboxClient

from .servers import unused_url

CONFIG = PspConfig(
    base_url="https://psp.example",
    api_key="key-that-nobody-may-see",
    webhook_secrets=("whsec_bm9ib2R5LW1heS1zZWUtdGhpcw==",),
    connect_timeout=1,
    money_timeout=2,
    lookup_timeout=1,
)


class TestTheRegistry:
    def test_builds_every_psp_it_lists_under_its_own_name(self):
        built = {name: build(name, CONFIG, lambda: None) for name in BUILDERS}
        assert {name: client.name for name, client in built.items()} == {"sandbox": "sandbox"}
        assert isinstance(built["sandbox"], SandboxClient)

    def test_names_the_known_ones_where_a_name_is_unknown(self):
        with pytest.raises(UnknownPsp) as caught:
            build("sandbax", CONFIG, lambda: None)
        assert str(caught.value) == "no PSP client is named 'sandbax'; there are: sandbox"

    def test_hands_the_check_before_sending_on(self):
        asked = []
        with unused_url() as url:
            config = PspConfig(url, "key", (), 1, 1, 1)
            client = build("sandbox", config, lambda: asked.append("asked"))
            with pytest.raises(NotSent):
                client.fetch(PspReference("tok_1", "ref-1"))
        assert asked == ["asked"]

    def test_shows_no_secret(self):
        shown = repr(CONFIG) + repr(build("sandbox", CONFIG, lambda: None))
        assert "https://psp.example" in shown
        assert "nobody-may-see" not in shown
        assert "whsec" not in shown
