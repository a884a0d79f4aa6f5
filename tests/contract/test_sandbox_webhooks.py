"""The sandbox PSP's webhooks, as its client reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from psp_clients.contract import WebhookNotice, WebhookRejected, WebhookResponse
from psp_clients.http import Transport
from psp_clients.sandbox import SandboxClient
from tests.taken import taken

from .dialect import NOW
from .sandbox_dialect import SandboxTests
from .servers import ReplayingPsp


class TestWebhooks(SandboxTests):
    def test_reads_a_webhook_as_a_doorbell(self, client: SandboxClient):
        assert client.parse_webhook(*self.webhook(secrets=self.SECRETS)) == [
            WebhookNotice(
                event_id="evt_1",
                event_type="session.paid",
                psp_token="tok_1",
                reference="ref-1",
                occurred_at=NOW - timedelta(seconds=2),
            )
        ]

    def test_takes_the_published_example_of_standard_webhooks(self, psp: ReplayingPsp):
        client = SandboxClient(
            Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1),
            api_key="k",
            webhook_secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            now=lambda: datetime.fromtimestamp(1614265330, UTC),
        )
        headers = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        with pytest.raises(WebhookRejected, match="the body is not a webhook"):
            client.parse_webhook(headers, b'{"test": 2432232314}')

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"[]",
            b"not JSON",
            b'{"id": "evt_1", "type": "session.paid", "data": {"session": []}}',
            b'{"id": "evt_1", "type": "session.paid", "data": null}',
        ],
    )
    def test_a_proved_webhook_that_makes_no_sense_is_rejected(
        self, client: SandboxClient, body: bytes
    ):
        with pytest.raises(WebhookRejected, match="the body is not a webhook"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS, body=body))

    @pytest.mark.parametrize(
        "change", [{"id": "evt_2"}, {"type": None}, {"created_at": "now"}, {"data": {}}]
    )
    def test_a_proved_webhook_with_a_wrong_field_is_rejected(
        self, client: SandboxClient, change: dict[str, Any]
    ):
        body = json.dumps(self.event(**change)).encode()
        with pytest.raises(WebhookRejected, match="the body is not a webhook"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS, body=body))

    def test_takes_one_good_signature_among_others(self, client: SandboxClient):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        good = headers["webhook-signature"]
        for several in (f"v2,abc {good}", f"{good} junk", f"v1a,{'A' * 88} {good}", f" {good} "):
            assert len(client.parse_webhook({**headers, "webhook-signature": several}, body)) == 1

    def test_takes_a_signature_only_as_it_is_written(self, client: SandboxClient):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        good = headers["webhook-signature"]
        forged = [good[3:], f"v2{good[2:]}", f"{good}=", f"{good[:-1]}", f"{good[:9]}!{good[9:]}"]
        for signature in [*forged, *(f"{one},{other}" for one, other in pairwise(forged))]:
            with pytest.raises(WebhookRejected):
                client.parse_webhook({**headers, "webhook-signature": signature}, body)

    def test_a_timestamp_that_is_no_plain_number_of_seconds_is_rejected(
        self, client: SandboxClient
    ):
        timestamps = ["NaN", "inf", "1e9", "-1", "+1", "01", "1.5", "٣", "9" * 11, "9" * 12]

        def sent_at(timestamp: str) -> object:
            headers, body = self.webhook(secrets=self.SECRETS)
            return client.parse_webhook({**headers, "webhook-timestamp": timestamp}, body)

        assert taken(timestamps, sent_at, WebhookRejected) == []

    def test_takes_the_wall_clock_unless_given_another(self, psp: ReplayingPsp):
        client = SandboxClient(
            Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1),
            api_key="k",
            webhook_secrets=self.SECRETS,
        )
        now = datetime.now(UTC)
        assert len(client.parse_webhook(*self.webhook(secrets=self.SECRETS, at=now))) == 1
        with pytest.raises(WebhookRejected, match="too long ago, or in the future"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS, at=NOW + timedelta(36500)))

    def test_answers_webhooks_with_an_empty_200(self, client: SandboxClient):
        assert client.webhook_response() == WebhookResponse(200, b"", "text/plain")

    def test_without_a_secret_every_webhook_is_rejected(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        client = SandboxClient(transport, api_key="k", webhook_secrets=(), now=lambda: NOW)
        with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
            client.parse_webhook(*self.webhook(secrets=self.SECRETS))
