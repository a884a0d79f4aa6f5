"""Mollie's webhooks: bare ids, and signed events."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mollie.utils.webhooks.signature_validator import (
    InvalidSignatureException,
    SignatureValidator,
)

from psp_clients.contract import (
    RefundReference,
    WebhookNotice,
    WebhookRejected,
    WebhookResponse,
)
from psp_clients.http import Transport
from psp_clients.mollie import MollieClient

from .mollie_objects import (
    API_KEY,
    FOREIGN_SECRET,
    HEADER,
    NOW,
    OTHER,
    REFUND,
    REFUND_REF,
    SECRETS,
    TOKEN,
    capture,
    client_at,
    event,
    payment,
    refund,
    signature,
    signed,
)
from .servers import ReplayingPsp


@pytest.fixture
def client(psp: ReplayingPsp) -> MollieClient:
    return client_at(psp.url)


class TestAClassicWebhook:
    def test_is_a_doorbell_without_an_event(self, client: MollieClient):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.parse_webhook(form, f"id={TOKEN}".encode()) == [
            WebhookNotice(
                event_id="",
                event_type="payment.changed",
                psp_token=TOKEN,
                reference="",
                occurred_at=None,
            )
        ]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"id=",
            b"id=tr_",
            b"ID=tr_1",
            b"id=re_1",
            b"id=ord_1",
            b"id=tr_1\n",
            b" id=tr_1",
            b"id=tr_1&id=tr_2",
            b"id=tr_1&status=paid",
            b"id=tr_1%2F..",
            b"id=tr_../payments",
            b"id=tr_\xc3\xa9",
            b"id=tr_" + b"x" * 65,
            b'{"id":"tr_1"}',
            b"\xff",
        ],
    )
    def test_is_one_id_to_the_byte(self, client: MollieClient, body: bytes):
        with pytest.raises(WebhookRejected, match="neither signed nor a classic webhook's one id"):
            client.parse_webhook({}, body)

    def test_with_a_signature_that_does_not_hold_is_rejected(self, client: MollieClient):
        body = f"id={TOKEN}".encode()
        for header in ("", "sha256=", signature(body, FOREIGN_SECRET)):
            with pytest.raises(WebhookRejected):
                client.parse_webhook({HEADER.lower(): header}, body)

    def test_is_answered_with_an_empty_200(self, client: MollieClient):
        assert client.webhook_response() == WebhookResponse(200, b"", "text/plain")


class TestASignedWebhook:
    def body(self, **changes: Any) -> bytes:
        return json.dumps(event(**changes)).encode()

    def read(self, client: MollieClient, **changes: Any) -> list[WebhookNotice]:
        return client.parse_webhook(*signed(self.body(**changes), SECRETS[0]))

    def test_names_its_event_and_payment(self, client: MollieClient):
        assert self.read(client) == [
            WebhookNotice(
                event_id="event_GvJ8WHrp5isUdRub9CJyH",
                event_type="payment.paid",
                psp_token=TOKEN,
                reference="ref-1",
                occurred_at=NOW - timedelta(seconds=2),
            )
        ]

    def test_may_embed_nothing(self, client: MollieClient):
        for embedded in ({"_embedded": None}, {"type": "payment.expired", "_embedded": None}):
            [notice] = self.read(client, **embedded)
            assert (notice.psp_token, notice.reference) == (TOKEN, "")

    def test_about_a_refund_names_refund_and_payment(self, client: MollieClient):
        told = {"type": "refund.failed", "entityId": REFUND}
        [notice] = self.read(client, **told, _embedded={"entity": refund("failed")})
        assert (notice.psp_token, notice.reference) == (TOKEN, "ref-1")
        assert notice.refund == REFUND_REF
        [bare] = self.read(client, **told, _embedded=None)
        assert (bare.psp_token, bare.refund) == ("", RefundReference("", REFUND))

    def test_about_a_capture_names_the_payment(self, client: MollieClient):
        entity = capture()
        [notice] = self.read(
            client, type="capture.succeeded", entityId=entity["id"], _embedded={"entity": entity}
        )
        assert (notice.psp_token, notice.refund, notice.attention) == (TOKEN, None, "")

    @pytest.mark.parametrize(
        ("event_type", "attention"),
        [
            ("chargeback.received", "A chargeback was received."),
            ("chargeback.reversed", "A chargeback was reversed."),
        ],
    )
    def test_about_a_chargeback_asks_for_a_person(
        self, client: MollieClient, event_type: str, attention: str
    ):
        entity = {"resource": "chargeback", "id": "chb_n9z0tp", "paymentId": TOKEN}
        [notice] = self.read(
            client, type=event_type, entityId="chb_n9z0tp", _embedded={"entity": entity}
        )
        assert (notice.psp_token, notice.attention) == (TOKEN, attention)

    @pytest.mark.parametrize("event_type", ["payment-link.paid", "payout.completed", "hook.ping"])
    def test_about_nothing_that_we_started_says_nothing(
        self, client: MollieClient, event_type: str
    ):
        assert self.read(client, type=event_type, entityId="pl_1", _embedded=None) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"resource": "payment"},
            {"id": ""},
            {"id": None},
            {"type": None},
            {"entityId": None},
            {"createdAt": "now"},
            {"_embedded": []},
            {"_embedded": {}},
            {"_embedded": {"entity": None}},
            {"_embedded": {"entity": payment(id=OTHER)}},
            {"type": "refund.failed", "entityId": REFUND, "_embedded": {"entity": {"id": REFUND}}},
        ],
    )
    def test_that_is_proved_and_makes_no_sense_is_rejected(
        self, client: MollieClient, change: dict[str, Any]
    ):
        with pytest.raises(WebhookRejected, match="the body is not an event"):
            self.read(client, **change)

    @pytest.mark.parametrize("body", [b"", b"[]", b"not JSON", b"id=tr_1", b'{"a":1,"a":2}'])
    def test_that_is_proved_and_no_event_is_rejected(self, client: MollieClient, body: bytes):
        with pytest.raises(WebhookRejected, match="the body is not an event"):
            client.parse_webhook(*signed(body, SECRETS[0]))

    def test_is_taken_if_either_secret_signed_it(self, client: MollieClient):
        new, old = SECRETS
        for by in ((new,), (old,), (new, old), (FOREIGN_SECRET, old)):
            assert len(client.parse_webhook(*signed(self.body(), *by))) == 1

    def test_is_taken_in_every_way_that_mollie_writes_signatures(self, client: MollieClient):
        body = self.body()
        foreign, good = signature(body, FOREIGN_SECRET), signature(body, SECRETS[0])
        bare = good.removeprefix("sha256=")
        for written in (bare, f"{foreign}, {good}", f"{good},{foreign}", f"{foreign},{bare}"):
            assert len(client.parse_webhook({HEADER.upper(): written}, body)) == 1

    def test_is_rejected_with_a_signature_written_otherwise(self, client: MollieClient):
        body = self.body()
        good = signature(body, SECRETS[0])
        for header in (
            "",
            " ",
            ",",
            "sha256=",
            good[:-1],
            f"{good}0",
            good.upper(),
            good.replace("sha256=", "sha512="),
            good.replace("sha256=", "sha256=sha256="),
            good.replace("=", " "),
            f"{good[:20]} {good[20:]}",
            f"{good}\n",
            "é",
            "\udcff",
            "x" * 2000,
        ):
            with pytest.raises(WebhookRejected):
                client.parse_webhook({HEADER: header}, body)

    def test_is_rejected_once_a_byte_differs(self, client: MollieClient):
        headers, body = signed(self.body(), SECRETS[0])
        reserialised = json.dumps(json.loads(body), separators=(",", ":")).encode()
        for changed in (b"", body + b" ", body.replace(b"paid", b"open"), reserialised):
            with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
                client.parse_webhook(headers, changed)

    def test_by_another_secret_is_rejected(self, client: MollieClient):
        with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
            client.parse_webhook(*signed(self.body(), FOREIGN_SECRET))

    def test_without_its_signature_is_rejected(self, client: MollieClient):
        with pytest.raises(WebhookRejected, match="neither signed"):
            client.parse_webhook({}, self.body())

    def test_cannot_be_proved_where_no_secret_is_known(self, psp: ReplayingPsp):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        secretless = MollieClient(transport, api_key=API_KEY)
        with pytest.raises(WebhookRejected, match="no signature is by a secret we know"):
            secretless.parse_webhook(*signed(self.body(), SECRETS[0]))
        assert len(secretless.parse_webhook({}, b"id=tr_1")) == 1

    @given(text=st.text(), by=st.sampled_from([*SECRETS, FOREIGN_SECRET]), start=st.integers(0, 9))
    def test_is_judged_as_mollies_own_library_judges(
        self, client: MollieClient, text: str, by: str, start: int
    ):
        body = text.encode("utf-8", "replace")
        header = signature(body, by)[start:]
        try:
            proved = SignatureValidator.validate(body.decode(), list(SECRETS), header)
        except InvalidSignatureException:
            proved = False
        with pytest.raises(WebhookRejected) as caught:  # an honest signature, but never an event
            client.parse_webhook({HEADER: header}, body)
        assert str(caught.value).startswith("the body is not an event") is proved
