"""PayPal's webhooks: proved by its certificate, or else by PayPal; and what they are about."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from psp_clients.contract import (
    RefundReference,
    WebhookNotice,
    WebhookRejected,
    WebhookUnverifiable,
)
from psp_clients.http import Transport
from psp_clients.paypal import PayPalClient
from psp_clients.paypal.certificates import usual_roots
from psp_clients.settings import Mode
from tests.psp_fakes.paypal_signer import API_HOST, WEBHOOK_ID, Signer
from tests.taken import taken

from .dialect import NOW
from .paypal_dialect import (
    API,
    CAPTURE_ID,
    CLIENT_ID,
    CLIENT_SECRET,
    ORDER_ID,
    REFUND_ID,
    JudgingPsp,
    PayPalDialect,
    signer,
)
from .servers import Reply

SAYS = PayPalDialect()
OURS = signer(SAYS.SECRETS[0])
VERIFY = "/v1/notifications/verify-webhook-signature"
LOGIN = "/v1/oauth2/token"
GENUINE, FORGED = ({"verification_status": word} for word in ("SUCCESS", "FAILURE"))

Headers = dict[str, str]


@pytest.fixture
def psp() -> Iterator[JudgingPsp]:
    server = JudgingPsp([OURS])
    yield server
    server.stop()


def client_of(
    psp: JudgingPsp,
    *,
    roots: list[x509.Certificate] | None,
    now: Callable[[], datetime] = lambda: NOW,
    webhook_id: str = WEBHOOK_ID,
    mode: Mode = Mode.TEST,
) -> PayPalClient:
    return PayPalClient(
        Transport(psp.url, connect_timeout=1, money_timeout=2, lookup_timeout=2),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        webhook_id=webhook_id,
        mode=mode,
        roots=roots,
        now=now,
    )


@pytest.fixture
def client(psp: JudgingPsp) -> PayPalClient:
    return client_of(psp, roots=[OURS.root])


def captured(by: Signer = OURS, at: datetime = NOW) -> tuple[Headers, bytes]:
    body = json.dumps(SAYS.captured_event(), indent=1).encode()
    return by.headers(body, at=at), body


def asked(psp: JudgingPsp) -> list[str]:
    """Return what PayPal was asked, certificates by their one name."""
    return ["certificate" if "/certs/" in seen.path else seen.path for seen in psp.asides]


class TestAWebhookThatPayPalPublished:
    """The one that its SDKs were tested with, and the real certificates."""

    VECTOR = json.loads((Path(__file__).parent / "vectors" / "paypal.json").read_text())
    SENT_AT = datetime(2015, 5, 18, 15, 45, 13, tzinfo=UTC)
    PATH = "/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"

    def headers(self, **changes: str) -> Headers:
        vector = {**self.VECTOR, **changes}
        return {
            "PAYPAL-TRANSMISSION-ID": vector["transmission_id"],
            "PAYPAL-TRANSMISSION-TIME": vector["transmission_time"],
            "PAYPAL-TRANSMISSION-SIG": vector["transmission_sig"],
            "PAYPAL-CERT-URL": vector["cert_url"],
            "PAYPAL-AUTH-ALGO": vector["auth_algo"],
            "PAYPAL-AUTH-VERSION": "v2",
        }

    @property
    def body(self) -> bytes:
        sent: str = self.VECTOR["body"]
        return sent.encode()

    def certificate(self, name: str) -> bytes:
        pem: str = self.VECTOR[name]
        return pem.encode()

    def client(self, psp: JudgingPsp, webhook_id: str = "") -> PayPalClient:
        psp.served[self.PATH] = self.certificate("certificate") + self.certificate("intermediate")
        root = x509.load_pem_x509_certificate(self.certificate("root"))
        told = webhook_id or self.VECTOR["webhook_id"]
        return client_of(psp, roots=[root], now=lambda: self.SENT_AT, webhook_id=told)

    def test_verifies_without_asking_paypal(self, psp: JudgingPsp):
        # It is about a sale of the API before Orders: proved, and none of our business.
        assert self.client(psp).parse_webhook(self.headers(), self.body) == []
        assert asked(psp) == ["certificate"]

    def test_does_not_verify_with_another_body(self, psp: JudgingPsp):
        client = self.client(psp)
        written_anew = json.dumps(json.loads(self.body)).encode()
        dearer = self.body.replace(b'"20.00"', b'"21.00"')
        assert self.body not in {written_anew, dearer}
        for body in (written_anew, dearer, self.body + b"\n", b" " + self.body):
            with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
                client.parse_webhook(self.headers(), body)

    @pytest.mark.parametrize(
        "change",
        [
            {"transmission_id": "dfb3be50-fd74-11e4-8bf3-77339302725c"},
            {"transmission_time": "2015-05-18T15:45:14Z"},
            {"transmission_sig": base64.b64encode(b"x" * 256).decode()},
        ],
    )
    def test_does_not_verify_with_another_header(self, psp: JudgingPsp, change: dict[str, str]):
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            self.client(psp).parse_webhook(self.headers(**change), self.body)

    def test_does_not_verify_with_the_signature_of_another(self, psp: JudgingPsp):
        headers, _ = captured(at=self.SENT_AT)
        swapped = self.headers(transmission_sig=headers["PAYPAL-TRANSMISSION-SIG"])
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            self.client(psp).parse_webhook(swapped, self.body)

    @pytest.mark.parametrize("webhook_id", ["WEBHOOKID", "4JH86294D6297924H", "4jh86294d6297924g"])
    def test_does_not_verify_where_it_was_meant_for_another(self, psp: JudgingPsp, webhook_id: str):
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            self.client(psp, webhook_id).parse_webhook(self.headers(), self.body)

    def test_does_not_verify_with_another_key(self, psp: JudgingPsp):
        client = self.client(psp)
        stranger = Signer(valid_from=self.SENT_AT - timedelta(days=1), own_keys=True)
        psp.served[self.PATH] = stranger.pem
        with pytest.raises(WebhookRejected):
            client.parse_webhook(self.headers(), self.body)
        # Nobody whom we trust vouches for that key, so that PayPal was asked, and denied it.
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    def test_is_put_to_paypal_where_the_certificate_between_is_not_served(self, psp: JudgingPsp):
        client = self.client(psp)
        psp.served[self.PATH] = self.certificate("certificate")
        psp.verdict = Reply(200, GENUINE)
        assert client.parse_webhook(self.headers(), self.body) == []
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    def test_is_no_longer_taken_after_four_days(self, psp: JudgingPsp):
        client = client_of(psp, roots=None, webhook_id=self.VECTOR["webhook_id"])
        with pytest.raises(WebhookRejected, match="sent too long ago, or in the future"):
            client.parse_webhook(self.headers(), self.body)
        assert asked(psp) == []


class TestTheCertificate:
    def test_is_fetched_once_a_day_and_without_a_login(self, psp: JudgingPsp):
        now = [NOW]
        client = client_of(psp, roots=[OURS.root], now=lambda: now[0])
        for hours, fetched in ((0, 1), (1, 1), (23, 1), (24, 2), (47, 2)):
            now[0] = NOW + timedelta(hours=hours)
            assert len(client.parse_webhook(*captured(at=now[0]))) == 1
            assert asked(psp) == ["certificate"] * fetched

    def test_is_asked_of_our_paypal_whatever_host_its_address_names(
        self, client: PayPalClient, psp: JudgingPsp
    ):
        headers, body = captured()
        for host in ("api-m.sandbox.paypal.com", "api.sandbox.paypal.com"):
            headers["PAYPAL-CERT-URL"] = f"https://{host}{OURS.path}"
            assert len(client.parse_webhook(headers, body)) == 1
        assert [seen.path for seen in psp.asides] == [OURS.path]

    @pytest.mark.parametrize(
        "address",
        [
            "http://api-m.sandbox.paypal.com<path>",
            "https://api-m.paypal.com<path>",
            "https://www.sandbox.paypal.com<path>",
            "https://evil.example<path>",
            "https://api-m.sandbox.paypal.com.evil.example<path>",
            "https://evil.example#api-m.sandbox.paypal.com<path>",
            "https://api-m.sandbox.paypal.com@evil.example<path>",
            "https://user@api-m.sandbox.paypal.com<path>",
            "https://api-m.sandbox.paypal.com:8443<path>",
            "https://API-M.sandbox.paypal.com<path>",
            "https://api-m.sandbox.paypal.com<path>?x=1",
            "https://api-m.sandbox.paypal.com<path>#x",
            "https://api-m.sandbox.paypal.com<path>/../../oauth2/token",
            "https://api-m.sandbox.paypal.com/v1/notifications/certs/",
            "https://api-m.sandbox.paypal.com/v1/notifications/certs/../webhooks",
            "https://api-m.sandbox.paypal.com/v1/notifications/certs/CERT-%2e%2e",
            "https://api-m.sandbox.paypal.com/v2/checkout/orders",
            "//api-m.sandbox.paypal.com<path>",
            "<path>",
            "https://[",
        ],
    )
    def test_comes_from_no_other_address(self, client: PayPalClient, psp: JudgingPsp, address: str):
        headers, body = captured()
        headers["PAYPAL-CERT-URL"] = address.replace("<path>", OURS.path)
        with pytest.raises(WebhookRejected, match="the certificate's address is not PayPal's"):
            client.parse_webhook(headers, body)
        assert psp.connections == 0

    def test_of_the_sandbox_proves_nothing_about_real_money(self, psp: JudgingPsp):
        client = client_of(psp, roots=[OURS.root], mode=Mode.LIVE)
        headers, body = captured()
        with pytest.raises(WebhookRejected, match="address is not PayPal's"):
            client.parse_webhook(headers, body)
        headers["PAYPAL-CERT-URL"] = f"https://api-m.paypal.com{OURS.path}"
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            client.parse_webhook(headers, body)
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "www.sandbox.paypal.com"},
            {"name": "evil.example"},
            {"valid_until": NOW - timedelta(seconds=1)},
            {"valid_from": NOW + timedelta(seconds=1)},
        ],
    )
    def test_that_is_not_fit_has_paypal_asked(self, psp: JudgingPsp, change: dict[str, Any]):
        lasting = {"valid_from": NOW - timedelta(days=2), "valid_until": NOW + timedelta(days=2)}
        unfit = Signer(**{**lasting, **change})
        client = client_of(psp, roots=[unfit.root])
        psp.served[unfit.path] = unfit.pem
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            client.parse_webhook(*captured(unfit))
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    def test_with_a_key_of_another_kind_has_paypal_asked(self, psp: JudgingPsp):
        curve = ec.generate_private_key(ec.SECP256R1()).public_key()
        elliptic = Signer(valid_from=NOW - timedelta(days=1), shown=curve)
        psp.served[elliptic.path] = elliptic.pem
        psp.verdict = Reply(200, GENUINE)
        client = client_of(psp, roots=[elliptic.root])
        assert len(client.parse_webhook(*captured(elliptic))) == 1
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    @pytest.mark.parametrize(
        "served",
        [
            b"",
            b"<html>",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            pytest.param(OURS.pem + b"\n" * 65_536, id="too large"),
        ],
    )
    def test_that_is_none_has_paypal_asked(self, psp: JudgingPsp, served: bytes):
        client = client_of(psp, roots=[OURS.root])
        psp.served[OURS.path] = served
        psp.verdict = Reply(200, GENUINE)
        assert len(client.parse_webhook(*captured())) == 1
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    def test_of_an_authority_that_nobody_trusts_has_paypal_asked(self, psp: JudgingPsp):
        client = client_of(psp, roots=None)
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            client.parse_webhook(*captured())
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    def test_ends_while_it_is_kept(self, psp: JudgingPsp):
        short = Signer(valid_from=NOW - timedelta(days=1), valid_until=NOW + timedelta(hours=1))
        psp.served[short.path] = short.pem
        now = [NOW]
        client = client_of(psp, roots=[short.root], now=lambda: now[0])
        assert len(client.parse_webhook(*captured(short))) == 1
        now[0] = NOW + timedelta(hours=2)
        with pytest.raises(WebhookRejected):
            client.parse_webhook(*captured(short, at=now[0]))
        assert asked(psp) == ["certificate", LOGIN, VERIFY]

    def test_is_kept_beside_seven_others_at_most(self, psp: JudgingPsp):
        client = client_of(psp, roots=[OURS.root])
        paths = [f"/v1/notifications/certs/CERT-{number}" for number in range(9)]
        headers, body = captured()
        for path in [*paths, paths[-1], paths[0]]:
            psp.served[path] = OURS.pem
            client.parse_webhook({**headers, "PAYPAL-CERT-URL": API_HOST + path}, body)
        assert [seen.path for seen in psp.asides] == [*paths, paths[0]]

    def test_is_vouched_for_by_the_roots_of_the_web(self):
        names = {root.subject.rfc4514_string() for root in usual_roots()}
        assert any("DigiCert Global Root G2" in name for name in names)


class TestAskingPayPal:
    @pytest.fixture
    def client(self, psp: JudgingPsp) -> PayPalClient:
        psp.served.clear()
        return client_of(psp, roots=[OURS.root])

    def test_takes_its_word(self, client: PayPalClient, psp: JudgingPsp):
        psp.verdict = Reply(200, GENUINE)
        (notice,) = client.parse_webhook(*captured())
        assert notice.psp_token == ORDER_ID
        psp.verdict = Reply(200, FORGED)
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            client.parse_webhook(*captured())

    def test_shows_it_the_event_byte_for_byte(self, client: PayPalClient, psp: JudgingPsp):
        psp.verdict = Reply(200, GENUINE)
        headers, body = captured()
        client.parse_webhook(headers, body)
        (question,) = [seen for seen in psp.asides if seen.path == VERIFY]
        assert question.method == "POST"
        assert question.headers["content-type"] == "application/json"
        assert question.body.endswith(b',"webhook_event":' + body + b"}")
        told = json.loads(question.body)
        assert told.pop("webhook_event") == json.loads(body)
        assert told == {
            "auth_algo": "SHA256withRSA",
            "cert_url": headers["PAYPAL-CERT-URL"],
            "transmission_id": headers["PAYPAL-TRANSMISSION-ID"],
            "transmission_sig": headers["PAYPAL-TRANSMISSION-SIG"],
            "transmission_time": headers["PAYPAL-TRANSMISSION-TIME"],
            "webhook_id": WEBHOOK_ID,
        }

    def test_without_a_clear_answer_leaves_it_to_come_again(
        self, client: PayPalClient, psp: JudgingPsp
    ):
        verdicts: list[Reply] = [
            Reply(200, {"verification_status": "PERHAPS"}),
            Reply(200, {"verification_status": True}),
            Reply(200, {}),
            Reply(200, b"<html>"),
            Reply(400, {"name": "VALIDATION_ERROR"}),
            Reply(401, {}),
            Reply(404, {}),
            Reply(429, {}),
            Reply(500, {}),
        ]

        def answered(verdict: Reply) -> object:
            psp.verdict = verdict
            return client.parse_webhook(*captured())

        assert taken(verdicts, answered, WebhookUnverifiable) == []

    @pytest.mark.parametrize("body", [b"[]", b"null", b'{"a":1}{"b":2}', b'"', b'{"id":1,"id":2}'])
    def test_is_not_done_about_what_is_no_event(
        self, client: PayPalClient, psp: JudgingPsp, body: bytes
    ):
        with pytest.raises(WebhookRejected, match="the body is not a webhook's"):
            client.parse_webhook(OURS.headers(body, at=NOW), body)
        assert psp.connections == 0


class TestTheSignature:
    @pytest.mark.parametrize("signature", ["A", "AB==", "AA=", "AAAA=", "A" * 497])
    def test_is_base64_as_paypal_writes_it(
        self, client: PayPalClient, psp: JudgingPsp, signature: str
    ):
        headers, body = captured()
        with pytest.raises(WebhookRejected, match="the signature is not base64"):
            client.parse_webhook({**headers, "PAYPAL-TRANSMISSION-SIG": signature}, body)
        assert psp.connections == 0


class TestTheTimeOfATransmission:
    @pytest.mark.parametrize("age", [timedelta(days=4), timedelta(), timedelta(minutes=-5)])
    def test_may_be_as_old_as_paypal_tries(self, client: PayPalClient, age: timedelta):
        now = NOW - age
        assert len(client.parse_webhook(*captured(at=now))) == 1

    @pytest.mark.parametrize("age", [timedelta(days=4, seconds=1), timedelta(seconds=-301)])
    def test_is_of_these_days(self, client: PayPalClient, psp: JudgingPsp, age: timedelta):
        with pytest.raises(WebhookRejected, match="sent too long ago, or in the future"):
            client.parse_webhook(*captured(at=NOW - age))
        assert psp.connections == 0

    @pytest.mark.parametrize("time", ["2026-13-22T12:00:00Z", "2026-11-22T24:30:00Z"])
    def test_is_a_time(self, client: PayPalClient, time: str):
        headers, body = captured()
        with pytest.raises(WebhookRejected, match="the transmission's time is none"):
            client.parse_webhook({**headers, "PAYPAL-TRANSMISSION-TIME": time}, body)

    def test_may_have_fractions(self, client: PayPalClient):
        headers, body = captured()
        with pytest.raises(WebhookRejected, match="PayPal has not signed this"):
            client.parse_webhook(
                {**headers, "PAYPAL-TRANSMISSION-TIME": "2026-11-22T12:00:00.123Z"}, body
            )


class TestWhatAWebhookIsAbout:
    def parse(self, client: PayPalClient, name: str, resource: Any, **changes: Any) -> Any:
        event = {**SAYS.event(name, resource), **changes}
        body = json.dumps(event).encode()
        return client.parse_webhook(OURS.headers(body, at=NOW), body)

    def notice(self, event_type: str, **about: Any) -> WebhookNotice:
        told = {"psp_token": ORDER_ID, "reference": "ref-1", **about}
        return WebhookNotice(
            event_id="WH-2WR32451HC0233532-67976317FL4543714",
            event_type=event_type,
            occurred_at=NOW - timedelta(seconds=2),
            **told,
        )

    @pytest.mark.parametrize("name", ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED"])
    def test_may_be_an_order(self, client: PayPalClient, name: str):
        assert self.parse(client, name, SAYS.session()) == [self.notice(name)]

    def test_may_be_an_approval_that_was_reversed(self, client: PayPalClient):
        name = "CHECKOUT.PAYMENT-APPROVAL.REVERSED"
        told = {"order_id": ORDER_ID, "purchase_units": SAYS.session()["purchase_units"]}
        assert self.parse(client, name, told) == [self.notice(name)]
        assert self.parse(client, name, {"order_id": ORDER_ID}) == [self.notice(name, reference="")]

    @pytest.mark.parametrize("word", ["COMPLETED", "PENDING", "DECLINED", "DENIED"])
    def test_may_be_a_capture(self, client: PayPalClient, word: str):
        name = f"PAYMENT.CAPTURE.{word}"
        capture = SAYS.captured_event()["resource"]
        told = self.notice(name, payment_reference=CAPTURE_ID)
        assert self.parse(client, name, capture) == [told]

    def test_may_be_a_capture_that_names_no_order(self, client: PayPalClient):
        name = "PAYMENT.CAPTURE.COMPLETED"
        told = self.notice(name, payment_reference=CAPTURE_ID, psp_token="")
        unnamed = SAYS.capture_of("COMPLETED")
        for capture in (unnamed, {**unnamed, "supplementary_data": {}}):
            assert self.parse(client, name, capture) == [told]

    @pytest.mark.parametrize(
        "name", ["PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED"]
    )
    def test_may_be_a_refund(self, client: PayPalClient, name: str):
        told = self.notice(
            name,
            psp_token="",
            payment_reference=CAPTURE_ID,
            refund=RefundReference("rf-1", REFUND_ID),
        )
        assert self.parse(client, name, SAYS.refund("COMPLETED")) == [told]

    @pytest.mark.parametrize(
        "resource",
        [
            SAYS.capture_of("COMPLETED"),
            {
                "id": "REVERSAL",
                "custom_id": "ref-1",
                "links": [{"rel": "up", "href": f"{API}/v2/payments/captures/{CAPTURE_ID}"}],
            },
        ],
    )
    def test_may_be_money_that_paypal_took_back(
        self, client: PayPalClient, resource: dict[str, Any]
    ):
        told = self.notice(
            "PAYMENT.CAPTURE.REVERSED",
            psp_token="",
            payment_reference=CAPTURE_ID,
            attention="PayPal has taken this payment back. Look at it in PayPal's dashboard.",
        )
        assert self.parse(client, "PAYMENT.CAPTURE.REVERSED", resource) == [told]

    @pytest.mark.parametrize("what", ["CREATED", "UPDATED", "RESOLVED"])
    def test_may_be_a_dispute(self, client: PayPalClient, what: str):
        dispute = {
            "dispute_id": "PP-000-042-663-135",
            "disputed_transactions": [{"seller_transaction_id": CAPTURE_ID, "custom": "ref-1"}],
            "reason": "UNAUTHORISED",
            "status": "OPEN",
        }
        told = self.notice(
            f"CUSTOMER.DISPUTE.{what}",
            psp_token="",
            payment_reference=CAPTURE_ID,
            attention="PayPal dispute PP-000-042-663-135 (UNAUTHORISED, OPEN): "
            "answer it in PayPal's Resolution Centre.",
        )
        assert self.parse(client, f"CUSTOMER.DISPUTE.{what}", dispute) == [told]

    def test_may_be_a_dispute_about_nothing_of_ours(self, client: PayPalClient):
        dispute = {"dispute_id": "PP-1", "disputed_transactions": []}
        assert self.parse(client, "CUSTOMER.DISPUTE.CREATED", dispute) == []

    @pytest.mark.parametrize("name", ["PAYMENT.SALE.COMPLETED", "BILLING.PLAN.CREATED", "x"])
    def test_may_be_none_of_our_business(self, client: PayPalClient, name: str):
        assert self.parse(client, name, {"id": "1"}) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"id": None},
            {"id": ""},
            {"event_type": None},
            {"create_time": None},
            {"create_time": "2026-11-22T11:59:58"},
        ],
    )
    def test_is_rejected_where_it_cannot_be_read(
        self, client: PayPalClient, change: dict[str, Any]
    ):
        with pytest.raises(WebhookRejected, match="the body is not a webhook's"):
            self.parse(client, "PAYMENT.CAPTURE.COMPLETED", SAYS.capture_of("COMPLETED"), **change)

    @pytest.mark.parametrize("resource", [None, [], {}, {"id": 5}, {"id": ""}])
    def test_is_rejected_where_it_is_about_nothing(self, client: PayPalClient, resource: Any):
        with pytest.raises(WebhookRejected, match="the body is not a webhook's"):
            self.parse(client, "PAYMENT.CAPTURE.COMPLETED", resource)
