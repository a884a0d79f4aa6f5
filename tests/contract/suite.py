"""What every PSP client keeps, whichever PSP it translates. Inherited by each client's tests.

A dialect gives the PSP's own words and answers; the promises are tested here, once, over HTTP.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psp_clients.contract import (
    AuthFailed,
    ConfirmRequest,
    InDoubt,
    InvalidRequest,
    Money,
    NotSent,
    PreparedCall,
    PspClient,
    PspError,
    PspReference,
    RefundReference,
    RefundState,
    ReportedState,
    SessionRequest,
    Unsupported,
    WebhookRejected,
)
from psp_clients.http import Transport

from .servers import DROP, ReplayingPsp, Reply, unused_url

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
REF = PspReference(psp_token="tok_1", reference="ref-1")
REFUND_REF = RefundReference(reference="rf-1", refund_reference="re_1")
KEY = "0192f0c0-0000-7000-8000-000000000001"
CONFIRMATION = ConfirmRequest(
    money=Money("19.99", "EUR"),
    purchase_info={"items": [{"name": "Tasse à café", "quantity": 1, "unit_amount": "19.99"}]},
    redirect_url="https://shop.example/thanks",
    webhook_url="https://bps.example/webhooks/",
)
REGISTRATION = SessionRequest(
    reference="ref-1",
    checkout_id="c-1001",
    money=Money("19.99", "EUR"),
    return_url="https://bps.example/return/",
    webhook_url="https://bps.example/webhooks/",
    expires_at=NOW + timedelta(hours=1),
    metadata={"order": "o-1"},
)

Verb = Callable[[PspClient], object]
VERBS = (
    *("register", "confirm", "capture", "cancel", "refund"),
    *("fetch", "fetch_refund", "transactions"),
)


class PspDialect:
    """What one PSP says, in its own words. Each client's tests give one."""

    API_KEY: ClassVar[str]
    SECRETS: ClassVar[tuple[str, str]]  # both accepted
    FOREIGN_SECRET: ClassVar[str]
    PAYMENT_WORDS: ClassVar[Mapping[str, ReportedState]]
    REFUND_WORDS: ClassVar[Mapping[str, RefundState]]
    REFUSALS: ClassVar[Sequence[tuple[Reply, type[PspError]]]]
    MISFITS: ClassVar[Sequence[Money]]  # listed currencies, amounts that their digits do not fit
    UNLISTED: ClassVar[Money]

    def build(self, transport: Transport, now: Callable[[], datetime]) -> PspClient:
        """Make a client with API_KEY and SECRETS."""
        raise NotImplementedError

    def session(self, word: str = "open", **changes: Any) -> dict[str, Any]:
        """Make the PSP's object for the payment REF, in the state that `word` names."""
        raise NotImplementedError

    def refund(self, word: str, **changes: Any) -> dict[str, Any]:
        """Make the PSP's object for the refund rf-1 of 5.00 EUR of the payment REF."""
        raise NotImplementedError

    def webhook(
        self, *, secrets: Sequence[str], at: datetime = NOW
    ) -> tuple[dict[str, str], bytes]:
        """Make a webhook about REF, signed by each of `secrets`: headers and body."""
        raise NotImplementedError


class ClientContract(PspDialect):
    """What every client promises; the tests mix a dialect in."""

    @pytest.fixture
    def client(self, psp: ReplayingPsp) -> PspClient:
        return self.at(psp.url)

    def at(self, url: str, before_send: Callable[[], None] = lambda: None) -> PspClient:
        transport = Transport(
            url, connect_timeout=1, money_timeout=2, lookup_timeout=2, before_send=before_send
        )
        return self.build(transport, lambda: NOW)

    @staticmethod
    def prepared(client: PspClient, key: str = KEY) -> dict[str, PreparedCall]:
        """Every call that changes something, by verb."""
        part = Money("5.00", "EUR")
        return {
            "register": client.prepare_register(REGISTRATION, key=key),
            "confirm": client.prepare_confirm(REF, CONFIRMATION, key=key),
            "capture": client.prepare_capture(REF, part, key=key),
            "cancel": client.prepare_cancel(REF, key=key),
            "refund": client.prepare_refund(REF, part, refund_id="rf-1", reason="late", key=key),
        }

    def verbs(self, client: PspClient) -> dict[str, Verb]:
        """Everything that goes over the wire, by name, ready to be called with a client."""
        calls = self.prepared(client)
        return {
            "register": lambda to: to.register(calls["register"]),
            "confirm": lambda to: to.confirm(calls["confirm"]),
            "capture": lambda to: to.capture(calls["capture"]),
            "cancel": lambda to: to.cancel(calls["cancel"]),
            "refund": lambda to: to.refund(calls["refund"]),
            "fetch": lambda to: to.fetch(REF),
            "fetch_refund": lambda to: to.fetch_refund(REF, REFUND_REF),
            "transactions": lambda to: list(to.transactions(NOW - timedelta(days=1), NOW)),
        }

    @pytest.fixture(params=VERBS)
    def verb(self, request: pytest.FixtureRequest, client: PspClient) -> Verb:
        return self.verbs(client)[request.param]

    def assert_secretless(self, error: BaseException) -> None:
        link: BaseException | None = error
        while link is not None:
            shown = "".join(traceback.format_exception(link)) + repr(vars(link))
            assert not any(secret in shown for secret in (self.API_KEY, *self.SECRETS))
            link = link.__cause__ or link.__context__

    # Preparing

    def test_preparing_twice_gives_the_same_bytes_and_sends_nothing(
        self, client: PspClient, psp: ReplayingPsp
    ):
        assert self.prepared(client) == self.prepared(client)
        assert psp.connections == 0

    def test_a_prepared_call_carries_its_key_and_no_secret(self, client: PspClient):
        for call in self.prepared(client).values():
            assert call.key == KEY
            assert KEY in call.headers.values()
            assert self.API_KEY not in repr(call)

    @pytest.mark.parametrize("key", ["", " k", "k" * 256, "k\r\nX-Evil: 1", "clé", "k\0"])
    def test_a_key_that_cannot_be_one_is_refused(
        self, client: PspClient, psp: ReplayingPsp, key: str
    ):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_register(REGISTRATION, key=key)
        assert caught.value.field == "key"
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_cancel(REF, key=key)
        assert caught.value.field == "key"
        assert psp.connections == 0

    def test_a_currency_that_is_not_listed_is_unsupported(self, client: PspClient):
        assert self.UNLISTED.currency not in client.capabilities.currencies
        for prepare in self.money_calls(client, self.UNLISTED):
            with pytest.raises(Unsupported):
                prepare()

    def test_an_amount_that_does_not_fit_its_currency_is_refused(self, client: PspClient):
        for money in self.MISFITS:
            assert money.currency in client.capabilities.currencies
            for prepare in self.money_calls(client, money):
                with pytest.raises(InvalidRequest) as caught:
                    prepare()
                assert caught.value.field == "amount", money

    @staticmethod
    def money_calls(client: PspClient, money: Money) -> list[Callable[[], PreparedCall]]:
        return [
            lambda: client.prepare_register(replace(REGISTRATION, money=money), key=KEY),
            lambda: client.prepare_confirm(REF, replace(CONFIRMATION, money=money), key=KEY),
            lambda: client.prepare_capture(REF, money, key=KEY),
            lambda: client.prepare_refund(REF, money, refund_id="rf-1", reason="", key=KEY),
        ]

    def test_an_unknown_way_to_capture_is_unsupported(self, client: PspClient):
        with pytest.raises(Unsupported):
            client.prepare_register(replace(REGISTRATION, capture="perhaps"), key=KEY)

    # Sending

    def test_a_call_goes_out_as_prepared_and_again_with_the_same_bytes(
        self, client: PspClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(500, {}))
        for name, call in self.prepared(client).items():
            psp.requests.clear()
            for _ in range(2):
                with pytest.raises(InDoubt):
                    getattr(client, name)(call)
            first, again = psp.requests
            assert (first.method, first.path, first.body) == (call.method, call.path, call.body)
            assert {k.lower(): v for k, v in call.headers.items()}.items() <= first.headers.items()
            assert again == first

    def test_every_verb_asks_before_it_sends(self, psp: ReplayingPsp, verb: Verb):
        def refuse() -> None:
            raise RuntimeError("a transaction is open")

        with pytest.raises(RuntimeError, match="a transaction is open"):
            verb(self.at(psp.url, before_send=refuse))
        assert psp.connections == 0

    def test_a_refused_connection_is_not_sent(self, verb: Verb):
        with unused_url() as url, pytest.raises(NotSent) as caught:
            verb(self.at(url))
        self.assert_secretless(caught.value)

    def test_a_lost_answer_is_in_doubt(self, client: PspClient, psp: ReplayingPsp, verb: Verb):
        psp.will_answer(DROP)
        with pytest.raises(InDoubt) as caught:
            verb(client)
        assert len(psp.requests) == 1
        self.assert_secretless(caught.value)

    @pytest.mark.parametrize("status", [301, 302, 307, 404, 408, 500, 502, 503, 504])
    def test_what_settles_nothing_is_in_doubt(
        self, client: PspClient, psp: ReplayingPsp, verb: Verb, status: int
    ):
        psp.will_answer(Reply(status, {}, {"Location": psp.url}))
        with pytest.raises(InDoubt):
            verb(client)
        assert len(psp.requests) == 1

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"<html>Bad Gateway</html>", id="a page"),
            pytest.param(b"[]", id="a list"),
            pytest.param(b"null", id="null"),
            pytest.param(b"{}", id="no fields"),
            pytest.param(b'{"token": "tok_1"', id="cut"),
            pytest.param(b'{"token": "tok_1", "amount": NaN}', id="not a number"),
            pytest.param(b'{"token": "tok_1", "token": "tok_2"}', id="a name twice"),
            pytest.param(b'{"token": "\xff"}', id="not UTF-8"),
            pytest.param(b'{"a":' * 900 + b"1" + b"}" * 900, id="deep"),
            pytest.param(b"[" * 200_000, id="deeper"),
        ],
    )
    def test_an_answer_that_cannot_be_read_is_in_doubt(
        self, client: PspClient, psp: ReplayingPsp, verb: Verb, body: bytes
    ):
        psp.will_answer(Reply(200, body))
        with pytest.raises(InDoubt):
            verb(client)

    def test_every_refusal_is_translated(self, client: PspClient, psp: ReplayingPsp):
        call = client.prepare_confirm(REF, CONFIRMATION, key=KEY)
        for reply, expected in self.REFUSALS:
            psp.will_answer(reply)
            with pytest.raises(PspError) as caught:
                client.confirm(call)
            assert type(caught.value) is expected, reply

    def test_a_refusal_quotes_no_secret_even_if_the_psp_does(
        self, client: PspClient, psp: ReplayingPsp, verb: Verb
    ):
        echo = f"no such key: Bearer {self.API_KEY}"
        body = {"error": {"code": echo, "message": echo, "field": echo}}
        for status in (400, 401, 409, 500):
            psp.will_answer(Reply(status, body))
            with pytest.raises(PspError) as caught:
                verb(client)
            self.assert_secretless(caught.value)

    def test_a_refused_key_is_told_from_a_refused_purchase(
        self, client: PspClient, psp: ReplayingPsp, verb: Verb
    ):
        psp.will_answer(
            Reply(401, {"error": {"code": "unauthorized", "message": "", "field": None}})
        )
        with pytest.raises(AuthFailed):
            verb(client)

    # Reading

    def test_every_word_for_a_payment_is_translated(self, client: PspClient, psp: ReplayingPsp):
        read = {}
        for word in self.PAYMENT_WORDS:
            psp.will_answer(Reply(200, self.session(word)))
            report = client.fetch(REF)
            assert (report.known, report.psp_word) == (True, word)
            read[word] = report.state
        assert read == self.PAYMENT_WORDS

    def test_every_word_for_a_refund_is_translated(self, client: PspClient, psp: ReplayingPsp):
        read = {}
        for word in self.REFUND_WORDS:
            psp.will_answer(Reply(200, self.refund(word)))
            report = client.fetch_refund(REF, REFUND_REF)
            assert (report.known, report.psp_word) == (True, word)
            read[word] = report.state
        assert read == self.REFUND_WORDS

    def test_a_word_that_no_table_lists_is_pending_and_marked(
        self, client: PspClient, psp: ReplayingPsp
    ):
        for word in ("reviewing", "PAID", "paid ", "success"):
            psp.will_answer(Reply(200, self.session(word)))
            report = client.fetch(REF)
            assert (report.state, report.known, report.psp_word) == (
                ReportedState.PENDING,
                False,
                word,
            )
            psp.will_answer(Reply(200, self.refund(word)))
            refund = client.fetch_refund(REF, REFUND_REF)
            assert (refund.state, refund.known, refund.psp_word) == (
                RefundState.PENDING,
                False,
                word,
            )

    def test_the_same_report_comes_from_the_call_and_from_the_look_up(
        self, client: PspClient, psp: ReplayingPsp
    ):
        for word in self.PAYMENT_WORDS:
            psp.will_answer(Reply(200, self.session(word)))
            looked_up = client.fetch(REF)
            for name in ("confirm", "capture", "cancel"):
                assert getattr(client, name)(self.prepared(client)[name]) == looked_up

    def test_a_look_up_by_token_wants_the_answer_to_be_about_it(
        self, client: PspClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, self.session()))
        for other in (replace(REF, psp_token="tok_2"), replace(REF, reference="ref-2")):
            with pytest.raises(InDoubt):
                client.fetch(other)

    def test_evidence_keeps_the_answer_without_its_secrets(
        self, client: PspClient, psp: ReplayingPsp
    ):
        noted = {"order": "o-1", "client_secret": "s", "card_number": "4111111111111111"}
        psp.will_answer(Reply(200, self.session(metadata=noted)))
        evidence = client.fetch(REF).evidence
        assert evidence == self.session(
            metadata={"order": "o-1", "client_secret": "[removed]", "card_number": "[removed]"}
        )

    def test_shows_no_secret(self, client: PspClient):
        shown = repr(client) + str(client)
        assert not any(secret in shown for secret in (self.API_KEY, *self.SECRETS))

    # Webhooks

    def assert_rejected(self, client: PspClient, headers: Mapping[str, str], body: bytes) -> None:
        with pytest.raises(WebhookRejected) as caught:
            client.parse_webhook(headers, body)
        self.assert_secretless(caught.value)

    def test_a_signed_webhook_names_its_payment(self, client: PspClient):
        (notice,) = client.parse_webhook(*self.webhook(secrets=self.SECRETS[:1]))
        assert (notice.psp_token, notice.reference) == (REF.psp_token, REF.reference)
        assert notice.event_id
        assert notice.report is None or not client.capabilities.can_poll

    def test_either_secret_is_taken_during_a_rotation(self, client: PspClient):
        new, old = self.SECRETS
        for secrets in ((new,), (old,), (new, old), (old, new), (self.FOREIGN_SECRET, old)):
            assert len(client.parse_webhook(*self.webhook(secrets=secrets))) == 1

    def test_header_names_ignore_case(self, client: PspClient):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        for change in (str.upper, str.lower, str.title):
            changed = {change(name): value for name, value in headers.items()}
            assert len(client.parse_webhook(changed, body)) == 1

    def test_another_secret_is_rejected(self, client: PspClient):
        self.assert_rejected(client, *self.webhook(secrets=(self.FOREIGN_SECRET,)))

    def test_a_changed_body_is_rejected(self, client: PspClient):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        for changed in (b"", body + b" ", body.replace(b"tok_1", b"tok_2"), b"\xff" + body):
            self.assert_rejected(client, headers, changed)

    def test_every_header_is_needed_unchanged(self, client: PspClient):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        for name in headers:
            without = {key: value for key, value in headers.items() if key != name}
            self.assert_rejected(client, without, body)
            for junk in ("", " ", "é", "\udcff", "\0", "v1,", "v1,é", "v1,%%%", ",", "9" * 400):
                self.assert_rejected(client, {**headers, name: junk}, body)

    def test_webhooks_are_taken_for_five_minutes_either_way(self, client: PspClient):
        for seconds in (-300, -299, 0, 299, 300):
            at = NOW + timedelta(seconds=seconds)
            assert len(client.parse_webhook(*self.webhook(secrets=self.SECRETS[:1], at=at))) == 1

    def test_a_stale_webhook_and_one_from_the_future_are_rejected(self, client: PspClient):
        for seconds in (-86_400, -301, 301, 86_400):
            at = NOW + timedelta(seconds=seconds)
            self.assert_rejected(client, *self.webhook(secrets=self.SECRETS[:1], at=at))

    @given(data=st.data())
    def test_nothing_but_a_proof_is_taken_whatever_bytes_come(
        self, client: PspClient, data: st.DataObject
    ):
        headers, body = self.webhook(secrets=self.SECRETS[:1])
        mangled = {
            name: data.draw(st.one_of(st.just(value), st.text(), st.binary().map(_as_header)))
            for name, value in headers.items()
            if data.draw(st.integers(0, 9))
        }
        sent = data.draw(st.one_of(st.just(body), st.binary(), st.text().map(_as_body)))
        if (mangled, sent) == (headers, body):
            assert len(client.parse_webhook(mangled, sent)) == 1
        else:
            self.assert_rejected(client, mangled, sent)

    def test_the_psp_is_answered_as_it_wants(self, client: PspClient):
        response = client.webhook_response()
        assert 200 <= response.status < 300


def _as_header(raw: bytes) -> str:
    return raw.decode("latin-1")


def _as_body(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
