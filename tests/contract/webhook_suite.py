"""What every PSP client keeps about webhooks. Each client's tests inherit the class that fits.

- `WebhookContract`: whatever the PSP does;
- `UnsignedWebhookContract`: it signs nothing, so that a webhook proves nothing;
- `SignedWebhookContract`: it proves who sent it;
- `FreshWebhookContract`: it proves when, too;
- `AskedWebhookContract`: whether the proof holds, the PSP itself (or its certificate) must tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psp_clients.contract import PspClient, WebhookNotice, WebhookRejected, WebhookUnverifiable

from .dialect import NOW
from .servers import DROP, ReplayingPsp, Reply, unused_url
from .suite import ClientFixtures


class WebhookContract(ClientFixtures):
    """What holds of every PSP's webhooks."""

    def assert_rejected(self, client: PspClient, headers: Mapping[str, str], body: bytes) -> None:
        with pytest.raises(WebhookRejected) as caught:
            client.parse_webhook(headers, body)
        self.assert_secretless(caught.value)

    def genuine(self, at: timedelta = timedelta()) -> tuple[dict[str, str], bytes]:
        return self.webhook(secrets=self.SECRETS[:1], at=NOW + at)

    def test_a_webhook_names_its_payment(self, client: PspClient):
        (notice,) = client.parse_webhook(*self.genuine())
        named = {name: getattr(notice, name) for name in self.WEBHOOK_NAMES}
        assert named
        assert named == {name: getattr(self.REF, name) for name in self.WEBHOOK_NAMES}

    def test_a_webhook_is_a_doorbell_wherever_the_truth_can_be_asked_for(self, client: PspClient):
        (notice,) = client.parse_webhook(*self.genuine())
        if client.capabilities.can_poll:
            assert (notice.report, notice.refund_report) == (None, None)
        else:
            assert notice.report is not None

    def test_header_names_ignore_case(self, client: PspClient):
        headers, body = self.genuine()
        for change in (str.upper, str.lower, str.title):
            changed = {change(name): value for name, value in headers.items()}
            assert len(client.parse_webhook(changed, body)) == 1

    def test_a_changed_webhook_is_rejected(self, client: PspClient):
        forged = list(self.forgeries(*self.genuine()))
        assert forged
        for headers, body in forged:
            self.assert_rejected(client, headers, body)

    def test_the_psp_is_answered_as_it_wants(self, client: PspClient):
        response = client.webhook_response()
        assert 200 <= response.status < 300


class UnsignedWebhookContract(WebhookContract):
    """Whoever knows the URL can send one: it says which payment to ask about, and no more."""

    def assert_proves_nothing(self, notice: WebhookNotice) -> None:
        assert notice.event_id == ""
        assert (notice.report, notice.refund_report, notice.attention) == (None, None, "")

    def test_a_webhook_proves_nothing(self, client: PspClient):
        assert client.capabilities.can_poll
        (notice,) = client.parse_webhook(*self.genuine())
        self.assert_proves_nothing(notice)

    @given(data=st.data())
    def test_whatever_bytes_come_are_rejected_or_a_doorbell(
        self, client: PspClient, data: st.DataObject
    ):
        headers, body = self.genuine()
        cut = st.integers(0, len(body)).map(lambda at: body[:at] + b"%00" + body[at:])
        sent = data.draw(st.one_of(st.just(body), cut, st.binary(), st.text().map(_as_body)))
        try:
            notices = client.parse_webhook(headers, sent)
        except WebhookRejected:
            assert sent != body
        else:
            for notice in notices:
                self.assert_proves_nothing(notice)
                assert 0 < len(notice.psp_token) <= 255
                assert notice.psp_token.isprintable()


class SignedWebhookContract(WebhookContract):
    """Only who has one of our secrets can have sent it."""

    SEVERAL_SIGNATURES = True  # one webhook may bear the proofs of several secrets

    def test_every_event_has_an_id(self, client: PspClient):
        (notice,) = client.parse_webhook(*self.genuine())
        assert notice.event_id

    def test_each_secret_is_taken_during_a_rotation(self, client: PspClient):
        for secret in self.SECRETS:
            assert len(client.parse_webhook(*self.webhook(secrets=(secret,)))) == 1

    def test_one_good_signature_among_several_is_taken(self, client: PspClient):
        if not self.SEVERAL_SIGNATURES:
            assert len(client.parse_webhook(*self.genuine())) == 1
            return
        new, old = self.SECRETS
        for secrets in ((new, old), (old, new), (self.FOREIGN_SECRET, old)):
            assert len(client.parse_webhook(*self.webhook(secrets=secrets))) == 1

    def test_another_secret_is_rejected(self, client: PspClient):
        assert self.FOREIGN_SECRET
        self.assert_rejected(client, *self.webhook(secrets=(self.FOREIGN_SECRET,)))

    @given(data=st.data())
    def test_nothing_but_a_proof_is_taken_whatever_bytes_come(
        self, client: PspClient, data: st.DataObject
    ):
        headers, body = self.genuine()
        mangled = {
            name: data.draw(st.one_of(st.just(value), st.text(), st.binary().map(_as_header)))
            for name, value in headers.items()
            if data.draw(st.integers(0, 9))
        }
        sent = data.draw(st.one_of(st.just(body), st.binary(), st.text().map(_as_body)))
        if self.proves((mangled, sent), (headers, body)):
            assert len(client.parse_webhook(mangled, sent)) == 1
        else:
            self.assert_rejected(client, mangled, sent)


class FreshWebhookContract(SignedWebhookContract):
    """Nobody can send it again later."""

    def test_webhooks_are_taken_for_five_minutes_either_way(self, client: PspClient):
        for seconds in (-300, -299, 0, 299, 300):
            assert len(client.parse_webhook(*self.genuine(timedelta(seconds=seconds)))) == 1

    def test_a_stale_webhook_and_one_from_the_future_are_rejected(self, client: PspClient):
        for seconds in (-86_400, -301, 301, 86_400):
            self.assert_rejected(client, *self.genuine(timedelta(seconds=seconds)))


class AskedWebhookContract(SignedWebhookContract):
    """While nobody can tell whether it is genuine, it is neither taken nor called forged."""

    def assert_unverifiable(self, client: PspClient) -> None:
        with pytest.raises(WebhookUnverifiable) as caught:
            client.parse_webhook(*self.genuine())
        self.assert_secretless(caught.value)

    def test_is_unverifiable_while_the_psp_cannot_be_reached(self):
        with unused_url() as url:
            self.assert_unverifiable(self.at(url))

    def test_is_unverifiable_while_the_psp_has_no_answer(
        self, client: PspClient, psp: ReplayingPsp
    ):
        for answer in (DROP, Reply(500, {}), Reply(503, b""), Reply(200, b"<html>")):
            psp.will_answer(answer)
            self.assert_unverifiable(client)


def _as_header(raw: bytes) -> str:
    return raw.decode("latin-1")


def _as_body(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
