"""What Mollie's error answers are taken for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from psp_clients.contract import (
    AuthFailed,
    InDoubt,
    InvalidRequest,
    Money,
    PspError,
    RefundReport,
    RegisteredSession,
    Report,
    RetryableRejected,
    StateConflict,
)
from psp_clients.mollie import MollieClient

from .mollie_objects import (
    API_KEY,
    KEY,
    PART,
    REF,
    REGISTRATION,
    client_at,
    payment,
    refusal,
)
from .servers import ReplayingPsp, Reply


@pytest.fixture
def client(psp: ReplayingPsp) -> MollieClient:
    return client_at(psp.url)


def register(client: MollieClient) -> RegisteredSession:
    return client.register(client.prepare_register(REGISTRATION, key=KEY))


def take(client: MollieClient, money: Money = PART) -> Report:
    return client.capture(client.prepare_capture(REF, money, key=KEY))


def cancel(client: MollieClient) -> Report:
    return client.cancel(client.prepare_cancel(REF, key=KEY))


def give_back(client: MollieClient) -> RefundReport:
    return client.refund(client.prepare_refund(REF, PART, refund_id="rf-1", reason="late", key=KEY))


class TestRefusals:
    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            (refusal(400), InvalidRequest),  # a key used for something else, too
            (refusal(401), AuthFailed),
            (refusal(403), AuthFailed),
            (Reply(403, b"<html>"), AuthFailed),
            (refusal(404), InDoubt),
            (refusal(405), InDoubt),
            (refusal(409), InDoubt),
            (refusal(410), InDoubt),
            (refusal(415), InDoubt),
            (refusal(422), InvalidRequest),
            (refusal(422, "amount"), InvalidRequest),
            (refusal(429), RetryableRejected),
            (refusal(500), InDoubt),
            (refusal(502), InDoubt),
            (refusal(503), RetryableRejected),
            (refusal(504), InDoubt),
            (Reply(400, b"<html>"), InDoubt),
            (Reply(422, {"status": 400}), InDoubt),
            (Reply(422, []), InDoubt),
            (Reply(503, b"<html>"), InDoubt),
            (Reply(202, payment()), InDoubt),
            (Reply(204, b""), InDoubt),
            (Reply(418, {}), InDoubt),
        ],
    )
    def test_of_a_registration_are_translated(
        self, client: MollieClient, psp: ReplayingPsp, reply: Reply, expected: type[PspError]
    ):
        psp.will_answer(reply)
        with pytest.raises(PspError) as caught:
            register(client)
        assert type(caught.value) is expected

    @pytest.mark.parametrize("verb", [take, cancel, give_back])
    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            (refusal(422), StateConflict),
            (refusal(422, "amount"), InvalidRequest),
            (Reply(422, b"<html>"), InDoubt),
            (refusal(400), InvalidRequest),
            (refusal(404), InDoubt),
            (refusal(409), InDoubt),
            (refusal(410), InDoubt),
            (refusal(503), InDoubt),
        ],
    )
    def test_of_what_moves_or_frees_money_are_translated(
        self,
        client: MollieClient,
        psp: ReplayingPsp,
        verb: Callable[[MollieClient], object],
        reply: Reply,
        expected: type[PspError],
    ):
        psp.will_answer(reply)
        with pytest.raises(PspError) as caught:
            verb(client)
        assert type(caught.value) is expected

    @pytest.mark.parametrize(
        ("value", "wait"),
        [
            ("7", timedelta(seconds=7)),
            ("999999999", timedelta(hours=1)),
            ("-1", None),
            ("Sun, 22 Nov 2026 12:00:00 GMT", None),
        ],
    )
    def test_tell_how_long_to_wait(
        self, client: MollieClient, psp: ReplayingPsp, value: str, wait: timedelta | None
    ):
        psp.will_answer(refusal(429, Retry_After=value))
        with pytest.raises(RetryableRejected) as caught:
            client.fetch(REF)
        assert caught.value.retry_after == wait

    def test_name_the_field_and_nothing_that_mollie_wrote_beside_it(
        self, client: MollieClient, psp: ReplayingPsp
    ):
        psp.will_answer(refusal(422, "amount.currency"))
        with pytest.raises(InvalidRequest) as caught:
            register(client)
        assert (str(caught.value), caught.value.field) == (
            "register: answered 422 amount.currency",
            "amount.currency",
        )
        psp.will_answer(refusal(422, f"Bearer {API_KEY}"))
        with pytest.raises(InvalidRequest) as caught:
            register(client)
        assert (str(caught.value), caught.value.field) == ("register: answered 422", "")
