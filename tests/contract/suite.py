"""What every PSP client keeps about calls and answers, whichever PSP it translates.

A dialect gives the PSP's own words and answers; the promises are tested here, once, over HTTP.
What webhooks promise is in `webhook_suite`: each client's tests inherit from both.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from psp_clients.contract import (
    AuthFailed,
    ConfirmMode,
    InDoubt,
    InvalidRequest,
    Money,
    NotSent,
    PreparedCall,
    PspClient,
    PspError,
    RefundState,
    ReportedState,
    Unsupported,
)
from psp_clients.http import Transport

from .dialect import CHANGES, KEY, NOW, VERBS, PspDialect
from .servers import DROP, ReplayingPsp, Reply, unused_url

Verb = Callable[[PspClient], object]
Preparation = Callable[[], PreparedCall]

# Answers that nothing can be concluded from, though they come with a good status.
UNREADABLE = {
    "empty": b"",
    "a page": b"<html>Bad Gateway</html>",
    "a list": b"[]",
    "null": b"null",
    "no fields": b"{}",
    "cut": b'{"token": "tok_1"',
    "not a number": b'{"token": "tok_1", "amount": NaN}',
    "a name twice": b'{"token": "tok_1", "token": "tok_2"}',
    "not UTF-8": b'{"token": "\xff"}',
    "deep": b'{"a":' * 900 + b"1" + b"}" * 900,
    "deeper": b"[" * 200_000,
}


def error_of(verb: Verb, client: PspClient) -> PspError | None:
    """Return the error that a verb ends in, if any."""
    try:
        verb(client)
    except PspError as error:
        return error
    return None


def kinds(errors: Mapping[Any, PspError | None]) -> dict[Any, type]:
    """Return what kind of error each is, by the same names."""
    return {name: type(error) for name, error in errors.items()}


class ClientFixtures(PspDialect):
    """A client at a PSP that replays answers."""

    @pytest.fixture
    def psp(self) -> Iterator[ReplayingPsp]:
        server = self.server()
        yield server
        server.stop()

    @pytest.fixture
    def client(self, psp: ReplayingPsp) -> PspClient:
        return self.at(psp.url)

    def at(self, url: str, before_send: Callable[[], None] = lambda: None) -> PspClient:
        transport = Transport(
            url, connect_timeout=1, money_timeout=2, lookup_timeout=2, before_send=before_send
        )
        return self.build(transport, lambda: NOW)

    def secrets_in(self, shown: str) -> list[str]:
        return [one for one in (self.API_KEY, *self.SECRETS, *self.HIDDEN) if one in shown]

    def assert_secretless(self, *errors: BaseException | None) -> None:
        for error in errors:
            link = error
            while link is not None:
                shown = "".join(traceback.format_exception(link)) + repr(vars(link))
                assert not self.secrets_in(shown)
                link = link.__cause__ or link.__context__


class ClientContract(ClientFixtures):
    """What every client promises of its calls; the tests mix a dialect in."""

    def preparations(
        self, client: PspClient, key: str = KEY, money: Money | None = None
    ) -> dict[str, Preparation]:
        """Everything that prepares a call, by verb, offered or not."""
        whole, part = money or self.REGISTRATION.money, money or self.PART
        registration = replace(self.REGISTRATION, money=whole)
        confirmation = replace(self.CONFIRMATION, money=whole)
        refund_id = self.REFUND_REF.reference
        return {
            "register": lambda: client.prepare_register(registration, key=key),
            "confirm": lambda: client.prepare_confirm(self.REF, confirmation, key=key),
            "capture": lambda: client.prepare_capture(self.REF, part, key=key),
            "cancel": lambda: client.prepare_cancel(self.REF, key=key),
            "refund": lambda: client.prepare_refund(
                self.REF, part, refund_id=refund_id, reason="late", key=key
            ),
        }

    def offered(
        self, client: PspClient, key: str = KEY, money: Money | None = None
    ) -> dict[str, Preparation]:
        """Everything that prepares a call which the PSP offers, by verb."""
        every = self.preparations(client, key, money)
        return {verb: prepare for verb, prepare in every.items() if verb not in self.UNSUPPORTED}

    def prepared(self, client: PspClient) -> dict[str, PreparedCall]:
        """Every call that changes something, by verb."""
        return {verb: prepare() for verb, prepare in self.offered(client).items()}

    def verbs(self, client: PspClient) -> dict[str, Verb]:
        """Everything that goes over the wire, by name, ready to be called with a client.

        A verb that the PSP does not offer is given the call of another.
        """
        calls = self.prepared(client)

        def sending(verb: str) -> Verb:
            return lambda to: getattr(to, verb)(calls.get(verb, calls["register"]))

        return {
            **{verb: sending(verb) for verb in CHANGES},
            "fetch": lambda to: to.fetch(self.REF),
            "fetch_refund": lambda to: to.fetch_refund(self.REF, self.REFUND_REF),
            "transactions": lambda to: list(to.transactions(NOW - timedelta(days=1), NOW)),
        }

    @pytest.fixture
    def each_verb(self, client: PspClient) -> dict[str, Verb]:
        """Every verb that the PSP offers, by name."""
        verbs = self.verbs(client)
        return {name: verbs[name] for name in VERBS if name not in self.UNSUPPORTED}

    # What is offered

    def test_capabilities_say_which_verbs_are_offered(self, client: PspClient):
        can = client.capabilities
        said = {
            "confirm": can.confirm_mode is ConfirmMode.CAPTURES,
            "capture": can.manual_capture,
            "cancel": can.can_cancel,
            "fetch_refund": can.can_poll,
        }
        assert said == {verb: verb not in self.UNSUPPORTED | self.UNPROMISED for verb in said}
        assert "register" not in self.UNSUPPORTED
        assert "fetch" not in self.UNSUPPORTED or not can.can_poll

    def test_what_is_not_offered_is_unsupported_and_sends_nothing(
        self, client: PspClient, psp: ReplayingPsp
    ):
        verbs, preparations = self.verbs(client), self.preparations(client)
        for name in self.UNSUPPORTED:
            with pytest.raises(Unsupported):
                verbs[name](client)
            if name in preparations:
                with pytest.raises(Unsupported):
                    preparations[name]()
        assert psp.connections == 0

    def test_a_psp_that_cannot_be_polled_is_asked_only_with_what_the_shopper_brought(
        self, client: PspClient, psp: ReplayingPsp
    ):
        if client.capabilities.can_poll:
            assert self.REF.return_query == ""
            return
        with pytest.raises(Unsupported):
            client.fetch(replace(self.REF, return_query=""))
        assert psp.connections == 0

    # Preparing

    def test_preparing_twice_gives_the_same_bytes_and_sends_nothing(
        self, client: PspClient, psp: ReplayingPsp
    ):
        assert self.prepared(client) == self.prepared(client)
        assert psp.connections == 0

    def test_a_prepared_call_carries_its_key_and_no_secret(self, client: PspClient):
        for verb, call in self.prepared(client).items():
            assert (call.operation, call.key) == (verb, KEY)
            assert KEY in call.headers.values()
            assert not self.secrets_in(repr(call))

    def test_a_key_that_cannot_be_one_is_refused(self, client: PspClient, psp: ReplayingPsp):
        for key in ("", " k", "k" * 256, "k\r\nX-Evil: 1", "clé", "k\0"):
            for verb, prepare in self.offered(client, key=key).items():
                with pytest.raises(InvalidRequest) as caught:
                    prepare()
                assert caught.value.field == "key", (verb, key)
        assert psp.connections == 0

    def with_money(self, client: PspClient, money: Money) -> list[Preparation]:
        """Return everything that prepares a call about `money`."""
        every = self.offered(client, money=money)
        return [prepare for verb, prepare in every.items() if verb != "cancel"]

    def test_a_currency_that_is_not_listed_is_unsupported(self, client: PspClient):
        assert self.UNLISTED.currency not in client.capabilities.currencies
        for prepare in self.with_money(client, self.UNLISTED):
            with pytest.raises(Unsupported):
                prepare()

    def test_an_amount_that_does_not_fit_its_currency_is_refused(self, client: PspClient):
        for money in self.MISFITS:
            assert money.currency in client.capabilities.currencies
            for prepare in self.with_money(client, money):
                with pytest.raises(InvalidRequest) as caught:
                    prepare()
                assert caught.value.field == "amount", money

    def test_a_way_to_capture_that_is_not_offered_is_unsupported(self, client: PspClient):
        ways = ["perhaps"] if client.capabilities.manual_capture else ["perhaps", "manual"]
        for way in ways:
            with pytest.raises(Unsupported):
                client.prepare_register(replace(self.REGISTRATION, capture=way), key=KEY)

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

    def test_every_verb_asks_before_it_sends(self, psp: ReplayingPsp, each_verb: dict[str, Verb]):
        def refuse() -> None:
            raise RuntimeError("a transaction is open")

        client = self.at(psp.url, before_send=refuse)
        for verb in each_verb.values():
            with pytest.raises(RuntimeError, match="a transaction is open"):
                verb(client)
        assert psp.connections == 0

    def test_a_refused_connection_is_not_sent(self, each_verb: dict[str, Verb]):
        with unused_url() as url:
            errors = {name: error_of(verb, self.at(url)) for name, verb in each_verb.items()}
        assert kinds(errors) == dict.fromkeys(each_verb, NotSent)
        self.assert_secretless(*errors.values())

    def test_a_lost_answer_is_in_doubt(
        self, client: PspClient, psp: ReplayingPsp, each_verb: dict[str, Verb]
    ):
        psp.will_answer(DROP)
        errors = {name: error_of(verb, client) for name, verb in each_verb.items()}
        assert kinds(errors) == dict.fromkeys(each_verb, InDoubt)
        assert len(psp.requests) == len(each_verb)
        self.assert_secretless(*errors.values())

    def test_what_settles_nothing_is_in_doubt(
        self, client: PspClient, psp: ReplayingPsp, each_verb: dict[str, Verb]
    ):
        errors = {}
        for status in (301, 302, 307, 404, 408, 500, 502, 503, 504):
            psp.will_answer(Reply(status, {}, {"Location": psp.url}))
            for name, verb in each_verb.items():
                errors[name, status] = error_of(verb, client)
        assert kinds(errors) == dict.fromkeys(errors, InDoubt)
        assert len(psp.requests) == len(errors)

    def test_an_answer_that_cannot_be_read_is_in_doubt(
        self, client: PspClient, psp: ReplayingPsp, each_verb: dict[str, Verb]
    ):
        errors = {}
        for what, body in UNREADABLE.items():
            psp.will_answer(Reply(200, body))
            for name, verb in each_verb.items():
                errors[name, what] = error_of(verb, client)
        assert kinds(errors) == dict.fromkeys(errors, InDoubt)

    def test_every_refusal_is_translated(self, client: PspClient, psp: ReplayingPsp):
        assert any(self.REFUSALS.values())
        for verb, refusals in self.REFUSALS.items():
            for reply, expected in refusals:
                psp.will_answer(reply)
                with pytest.raises(PspError) as caught:
                    self.verbs(client)[verb](client)
                assert type(caught.value) is expected, (verb, reply)

    def test_a_refusal_quotes_no_secret_even_if_the_psp_does(
        self, client: PspClient, psp: ReplayingPsp, each_verb: dict[str, Verb]
    ):
        body = self.error(f"no such key: Bearer {self.API_KEY}")
        for status in (400, 401, 409, 422, 500):
            psp.will_answer(Reply(status, body))
            for verb in each_verb.values():
                with pytest.raises(PspError) as caught:
                    verb(client)
                self.assert_secretless(caught.value)

    def test_a_refused_key_is_told_from_a_refused_purchase(
        self, client: PspClient, psp: ReplayingPsp, each_verb: dict[str, Verb]
    ):
        psp.will_answer(self.BAD_CREDENTIALS)
        errors = {name: error_of(verb, client) for name, verb in each_verb.items()}
        assert kinds(errors) == dict.fromkeys(each_verb, AuthFailed)

    # Reading

    def test_every_word_for_a_payment_is_translated(self, client: PspClient, psp: ReplayingPsp):
        read = {}
        for word in self.PAYMENT_WORDS:
            report = self.read_payment(client, psp, word)
            assert (report.known, report.psp_word) == (True, word)
            read[word] = report.state
        assert read == self.PAYMENT_WORDS

    def test_every_word_for_a_refund_is_translated(self, client: PspClient, psp: ReplayingPsp):
        read = {}
        for word in self.REFUND_WORDS:
            report = self.read_refund(client, psp, word)
            assert (report.known, report.psp_word) == (True, word)
            read[word] = report.state
        assert read == self.REFUND_WORDS

    def test_a_word_that_no_table_lists_is_pending_and_marked(
        self, client: PspClient, psp: ReplayingPsp
    ):
        for word in self.UNKNOWN_WORDS:
            report = self.read_payment(client, psp, word)
            assert (report.state, report.known, report.psp_word) == (
                ReportedState.PENDING,
                False,
                word,
            )
            refund = self.read_refund(client, psp, word)
            assert (refund.state, refund.known, refund.psp_word) == (
                RefundState.PENDING,
                False,
                word,
            )

    def test_every_word_in_the_answer_to_a_call_is_translated(
        self, client: PspClient, psp: ReplayingPsp
    ):
        calls = self.prepared(client)
        for name in {"confirm", "capture", "cancel"} & calls.keys():
            read = {}
            for word in self.words_in_answer_to(name):
                psp.will_answer(self.answer_to(name, word))
                report = getattr(client, name)(calls[name])
                assert (report.known, report.psp_word) == (True, word)
                read[word] = report.state
            assert read == self.words_in_answer_to(name)

    def test_the_same_report_comes_from_the_call_and_from_the_look_up(
        self, client: PspClient, psp: ReplayingPsp
    ):
        calls = self.prepared(client)
        for name in self.ANSWERED_LIKE_LOOK_UPS:
            for word in self.words_in_answer_to(name):
                psp.will_answer(self.answer_to("fetch", word))
                looked_up = client.fetch(self.REF)
                psp.will_answer(self.answer_to(name, word))
                assert getattr(client, name)(calls[name]) == looked_up

    def test_a_look_up_wants_the_answer_to_be_about_what_was_asked(
        self, client: PspClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, self.session()))
        for other in self.other_refs():
            with pytest.raises(Unsupported if "fetch" in self.UNSUPPORTED else InDoubt):
                client.fetch(other)

    def test_evidence_keeps_the_answer_without_its_secrets(
        self, client: PspClient, psp: ReplayingPsp
    ):
        noted = {"order": "o-1", "client_secret": "s", "card_number": "4111111111111111"}
        removed = {"order": "o-1", "client_secret": "[removed]", "card_number": "[removed]"}
        assert self.read_noting(client, psp, noted) == self.noting(removed)

    def test_shows_no_secret(self, client: PspClient):
        assert not self.secrets_in(repr(client) + str(client))
