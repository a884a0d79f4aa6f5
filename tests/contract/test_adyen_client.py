"""Adyen's client: the common promises, then what is its own about calls and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from psp_clients.adyen import AdyenClient
from psp_clients.adyen.calls import Account
from psp_clients.adyen.mapping import RESULT_STATES, SESSION_STATES
from psp_clients.contract import (
    ConfirmMode,
    InDoubt,
    InvalidRequest,
    Money,
    Operation,
    PreparedCall,
    RefundReport,
    RefundState,
    RegisteredSession,
    Report,
    ReportedState,
    RetryableRejected,
    Unsupported,
    WebhookResponse,
)
from psp_clients.http import Transport
from tests.taken import taken

from .adyen_objects import (
    ACCOUNT,
    PAYMENT,
    QUERY,
    REFUND,
    RESULT,
    TOKEN,
    AdyenDialect,
    item,
    modified,
    refusal,
    registered,
    session,
    signed,
    webhook,
)
from .dialect import KEY, NOW, REGISTRATION
from .servers import ReplayingPsp, Reply
from .suite import ClientContract
from .webhook_suite import SignedWebhookContract

PART = Money("5.00", "EUR")
TOTAL = Money("19.99", "EUR")


class TestTheAdyenClientKeepsTheContract(AdyenDialect, ClientContract, SignedWebhookContract):
    """Every promise of the suites."""

    def forgeries(
        self, headers: Mapping[str, str], body: bytes
    ) -> Iterable[tuple[Mapping[str, str], bytes]]:
        """Change what is signed: eight fields of the body, and no header."""
        yield from ((headers, junk) for junk in (b"", b"{}", b"[]", body[:-1], b"\xff" + body))
        genuine = signed(item())
        changes: dict[str, Any] = {
            "pspReference": "QFQTPCQ8HXSKGK83",
            "originalReference": PAYMENT,
            "merchantAccountCode": "ShopUS",
            "merchantReference": "ref-2",
            "amount": {"currency": "EUR", "value": 1998},
            "eventCode": "CAPTURE",
            "success": "false",
        }
        for name, value in changes.items():
            yield headers, webhook({**genuine, name: value})
        yield headers, webhook({**genuine, "amount": {"currency": "USD", "value": 1999}})
        for junk in ("", " ", "é", "%%%", "=" * 44, None, 7, ["x"]):
            yield headers, webhook({**genuine, "additionalData": {"hmacSignature": junk}})
        nothing: tuple[Any, ...] = (None, {}, [], "x")
        for data in nothing:
            yield headers, webhook({**genuine, "additionalData": data})
        yield headers, webhook()
        yield headers, webhook(genuine, item())

    def proves(
        self,
        given: tuple[Mapping[str, str], bytes],
        genuine: tuple[Mapping[str, str], bytes],
    ) -> bool:
        return given[1] == genuine[1]


class AtAdyen(AdyenDialect):
    @pytest.fixture
    def client(self, psp: ReplayingPsp) -> AdyenClient:
        transport = Transport(psp.url, connect_timeout=1, money_timeout=2, lookup_timeout=2)
        return self.build(transport, lambda: NOW)


class TestACallToAdyen(AtAdyen):
    def test_registers_to_the_byte(self, client: AdyenClient):
        assert client.prepare_register(REGISTRATION, key=KEY) == PreparedCall(
            operation=Operation.REGISTER,
            method="POST",
            path="/sessions",
            headers={"Content-Type": "application/json", "Idempotency-Key": KEY},
            body=b'{"amount":{"currency":"EUR","value":1999},"captureDelayHours":0,'
            b'"expiresAt":"2026-11-22T13:00:00+00:00","merchantAccount":"ShopEU",'
            b'"metadata":{"bps_capture":"automatic","order":"o-1"},"mode":"hosted",'
            b'"reference":"ref-1","returnUrl":"https://bps.example/return/",'
            b'"shopperLocale":"en-US"}',
            key=KEY,
        )

    def test_registers_what_is_captured_by_hand(self, client: AdyenClient):
        call = client.prepare_register(replace(REGISTRATION, capture="manual"), key=KEY)
        body = json.loads(call.body)
        assert body["additionalData"] == {"manualCapture": "true"}
        assert body["metadata"] == {"bps_capture": "manual", "order": "o-1"}
        assert "captureDelayHours" not in body

    def test_registers_with_the_looks_that_the_account_is_set_to(self, psp: ReplayingPsp):
        client = AdyenClient(
            Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1),
            api_key="k",
            account=Account(ACCOUNT, "theme-7"),
            hmac_keys=(),
        )
        call = client.prepare_register(REGISTRATION, key=KEY)
        assert json.loads(call.body)["themeId"] == "theme-7"

    def test_modifies_to_the_byte(self, client: AdyenClient):
        unknown = replace(self.REF, payment_reference="")
        calls = [
            client.prepare_capture(self.REF, PART, key=KEY),
            client.prepare_cancel(self.REF, key=KEY),
            client.prepare_cancel(unknown, key=KEY),
            client.prepare_refund(self.REF, PART, refund_id="rf-1", reason="late", key=KEY),
        ]
        assert [(call.operation, call.method, call.path, call.body) for call in calls] == [
            (
                Operation.CAPTURE,
                "POST",
                f"/payments/{PAYMENT}/captures",
                (
                    b'{"amount":{"currency":"EUR","value":500},"merchantAccount":"ShopEU",'
                    b'"reference":"ref-1"}'
                ),
            ),
            (
                Operation.CANCEL,
                "POST",
                f"/payments/{PAYMENT}/cancels",
                b'{"merchantAccount":"ShopEU","reference":"ref-1"}',
            ),
            (
                Operation.CANCEL,
                "POST",
                "/cancels",
                b'{"merchantAccount":"ShopEU","paymentReference":"ref-1","reference":"ref-1"}',
            ),
            (
                Operation.REFUND,
                "POST",
                f"/payments/{PAYMENT}/refunds",
                (
                    b'{"amount":{"currency":"EUR","value":500},"merchantAccount":"ShopEU",'
                    b'"reference":"rf-1"}'
                ),
            ),
        ]

    @pytest.mark.parametrize(
        ("reason", "sent"),
        [("duplicate", "DUPLICATE"), ("Customer request", "CUSTOMER REQUEST"), ("", None)],
    )
    def test_gives_a_reason_where_adyen_has_a_word_for_it(
        self, client: AdyenClient, reason: str, sent: str | None
    ):
        call = client.prepare_refund(self.REF, PART, refund_id="rf-1", reason=reason, key=KEY)
        assert json.loads(call.body).get("merchantRefundReason") == sent

    @pytest.mark.parametrize(
        ("locale", "sent"),
        [
            ("nl-NL", "nl-NL"),
            ("nl_BE", "nl-BE"),
            ("de", "de-DE"),
            ("sv", "sv-SE"),
            ("tlh", None),
            ("xx", None),
            ("zh-Hant-TW", None),
            ("", None),
        ],
    )
    def test_names_a_country_with_each_language(
        self, client: AdyenClient, locale: str, sent: str | None
    ):
        call = client.prepare_register(replace(REGISTRATION, locale=locale), key=KEY)
        assert json.loads(call.body).get("shopperLocale") == sent

    def test_leaves_out_notes_that_exceed_adyens_limits(self, client: AdyenClient):
        notes = {
            "": "no name",
            "n" * 21: "a long name",
            "long": "v" * 81,
            "bps_capture": "not the shop's to say",
            "n" * 20: "v" * 80,
        }
        call = client.prepare_register(replace(REGISTRATION, metadata=notes), key=KEY)
        assert json.loads(call.body)["metadata"] == {
            "bps_capture": "automatic",
            "n" * 20: "v" * 80,
        }

    def test_keeps_the_first_nineteen_notes(self, client: AdyenClient):
        notes = {f"note-{number:02}": "x" for number in range(25)}
        call = client.prepare_register(replace(REGISTRATION, metadata=notes), key=KEY)
        assert list(json.loads(call.body)["metadata"]) == [
            "bps_capture",
            *(f"note-{number:02}" for number in range(19)),
        ]

    def test_writes_times_in_utc(self, client: AdyenClient):
        east = timezone(timedelta(hours=2))
        moved = replace(REGISTRATION, expires_at=REGISTRATION.expires_at.astimezone(east))
        assert client.prepare_register(moved, key=KEY) == client.prepare_register(
            REGISTRATION, key=KEY
        )

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"expires_at": datetime(2026, 11, 22, 13)}, "expires_at"),  # noqa: DTZ001
            ({"return_url": "https://bps.example/" + "r" * 1005}, "return_url"),
            ({"reference": ""}, "reference"),
            ({"reference": "r" * 81}, "reference"),
        ],
    )
    def test_refuses_what_adyen_would(self, client: AdyenClient, change: Any, field: str):
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_register(replace(REGISTRATION, **change), key=KEY)
        assert caught.value.field == field

    def test_takes_keys_of_64_characters_and_no_more(self, client: AdyenClient):
        assert client.prepare_cancel(self.REF, key="k" * 64).key == "k" * 64
        with pytest.raises(InvalidRequest):
            client.prepare_cancel(self.REF, key="k" * 65)

    def test_refuses_text_that_json_cannot_hold(self, client: AdyenClient):
        with pytest.raises(InvalidRequest, match="does not fit into JSON"):
            client.prepare_register(replace(REGISTRATION, metadata={"x": "\ud800"}), key=KEY)

    @pytest.mark.parametrize("payment", ["", ".", ".."])
    def test_wants_a_payment_to_modify(self, client: AdyenClient, payment: str):
        ref = replace(self.REF, payment_reference=payment)
        with pytest.raises(InvalidRequest) as caught:
            client.prepare_capture(ref, PART, key=KEY)
        assert caught.value.field == "payment_reference"
        with pytest.raises(InvalidRequest):
            client.prepare_refund(ref, PART, refund_id="rf-1", reason="", key=KEY)

    def test_keeps_an_opaque_reference_one_segment_of_the_path(self, client: AdyenClient):
        ref = replace(self.REF, payment_reference="a/../b?c#d é")
        call = client.prepare_cancel(ref, key=KEY)
        assert call.path == "/payments/a%2F..%2Fb%3Fc%23d%20%C3%A9/cancels"

    def test_shows_adyen_our_key(self, client: AdyenClient, psp: ReplayingPsp):
        psp.will_answer(Reply(200, session()))
        client.fetch(self.REF)
        assert psp.requests[0].headers["x-api-key"] == self.API_KEY


class TestAnAnswerOfAdyen(AtAdyen):
    def register(self, client: AdyenClient) -> RegisteredSession:
        return client.register(client.prepare_register(REGISTRATION, key=KEY))

    def test_to_a_registration_names_the_page(self, client: AdyenClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, registered()))
        kept = registered()
        del kept["sessionData"]
        assert self.register(client) == RegisteredSession(
            psp_token=TOKEN,
            purchase_url="https://test.adyen.link/hosted/CS451F2AB1ED897A94",
            expires_at=datetime(2026, 11, 22, 13, tzinfo=UTC),
            evidence=kept,
        )

    def test_to_a_registration_that_is_not_about_it_is_in_doubt(
        self, client: AdyenClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"reference": "ref-2"},
            {"merchantAccount": "ShopUS"},
            {"amount": {"currency": "EUR", "value": 199}},
            {"amount": {"currency": "EUR", "value": 1999.0}},
            {"amount": {"currency": "USD", "value": 1999}},
            {"amount": None},
            {"id": ""},
            {"id": None},
            {"id": "t" * 256},
            {"expiresAt": "2026-11-22T13:00:00"},
            {"expiresAt": "soon"},
            {"url": None},
            {"url": ""},
            {"url": "javascript:alert(1)"},
            {"url": "//adyen.example/"},
            {"url": "https://[/"},
            {"url": "https://adyen.example/\r\nX: y"},
            {"url": "https://adyen.example/" + "x" * 2000},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, registered(**change)))
            return self.register(client)

        assert taken(changes, answered, InDoubt) == []

    def test_to_a_capture_is_a_receipt(self, client: AdyenClient, psp: ReplayingPsp):
        answer = modified(amount={"currency": "EUR", "value": 500})
        psp.will_answer(Reply(201, answer))
        assert client.capture(client.prepare_capture(self.REF, PART, key=KEY)) == Report(
            state=ReportedState.PENDING,
            psp_word="received",
            money=None,
            captured=None,
            payment_reference=PAYMENT,
            evidence=answer,
        )

    def test_to_a_cancel_by_our_reference_repeats_it(self, client: AdyenClient, psp: ReplayingPsp):
        call = client.prepare_cancel(replace(self.REF, payment_reference=""), key=KEY)
        psp.will_answer(Reply(201, modified(paymentReference="ref-1")))
        assert client.cancel(call).state is ReportedState.PENDING
        psp.will_answer(Reply(201, modified(paymentReference="ref-2")))
        with pytest.raises(InDoubt):
            client.cancel(call)

    def test_to_a_refund_is_a_receipt(self, client: AdyenClient, psp: ReplayingPsp):
        psp.will_answer(Reply(201, self.refund("received")))
        call = client.prepare_refund(self.REF, PART, refund_id="rf-1", reason="late", key=KEY)
        assert client.refund(call) == RefundReport(
            state=RefundState.PENDING,
            psp_word="received",
            refund_reference=REFUND,
            money=PART,
            evidence=self.refund("received"),
        )

    def test_to_a_refund_that_is_not_about_it_is_in_doubt(
        self, client: AdyenClient, psp: ReplayingPsp
    ):
        changes: list[dict[str, Any]] = [
            {"paymentPspReference": REFUND},
            {"paymentPspReference": None},
            {"reference": "rf-2"},
            {"merchantAccount": "ShopUS"},
            {"amount": {"currency": "EUR", "value": 501}},
            {"amount": {"currency": "EUR", "value": True}},
            {"amount": {}},
            {"pspReference": ""},
            {"status": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(201, self.refund("received", **change)))
            call = client.prepare_refund(self.REF, PART, refund_id="rf-1", reason="late", key=KEY)
            return client.refund(call)

        assert taken(changes, answered, InDoubt) == []

    @pytest.mark.parametrize(
        "change",
        [{"paymentPspReference": REFUND}, {"reference": "ref-2"}, {"amount": {"currency": "EUR"}}],
    )
    def test_to_a_capture_that_is_not_about_it_is_in_doubt(
        self, client: AdyenClient, psp: ReplayingPsp, change: dict[str, Any]
    ):
        psp.will_answer(
            Reply(201, modified(**{"amount": {"currency": "EUR", "value": 500}, **change}))
        )
        with pytest.raises(InDoubt):
            client.capture(client.prepare_capture(self.REF, PART, key=KEY))

    def test_that_is_refused_names_adyens_code(self, client: AdyenClient, psp: ReplayingPsp):
        psp.will_answer(refusal(422, "14_030"))
        with pytest.raises(InvalidRequest) as caught:
            self.register(client)
        assert (str(caught.value), caught.value.field) == ("register: answered 422 14_030", "")

    @pytest.mark.parametrize(
        ("header", "wait"),
        [
            ("7", timedelta(seconds=7)),
            ("999999999", timedelta(hours=1)),
            ("-1", None),
            ("Sun, 22 Nov 2026 12:00:00 GMT", None),
        ],
    )
    def test_that_is_transient_tells_how_long_to_wait(
        self, client: AdyenClient, psp: ReplayingPsp, header: str, wait: timedelta | None
    ):
        psp.will_answer(refusal(503, "703", transient_error="true", Retry_After=header))
        with pytest.raises(RetryableRejected) as caught:
            self.register(client)
        assert caught.value.retry_after == wait


class TestASessionOfAdyen(AtAdyen):
    def test_is_asked_for_with_what_the_browser_brought(
        self, client: AdyenClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, session("completed")))
        assert client.fetch(self.REF) == Report(
            state=ReportedState.AUTHORIZED,
            psp_word="completed",
            money=TOTAL,
            captured=None,
            payment_reference=PAYMENT,
            evidence=session("completed"),
        )
        [seen] = psp.requests
        assert (seen.method, seen.body) == ("GET", b"")
        assert seen.path == f"/sessions/{TOKEN}?sessionResult=Ab02b4c0%21BQABAg%2B%2F%3D%3D"

    def test_is_believed_without_the_fields_that_adyen_may_leave_out(
        self, client: AdyenClient, psp: ReplayingPsp
    ):
        psp.will_answer(Reply(200, {"id": TOKEN, "status": "completed"}))
        report = client.fetch(self.REF)
        assert (report.state, report.money, report.payment_reference) == (
            ReportedState.AUTHORIZED,
            None,
            "",
        )

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "sessionResult=",
            "sessionresult=abc",
            f"session=ref-1&sessionId={TOKEN}",
            "sessionResult=abc&sessionResult=def",
            "sessionResult=abc&sessionResult=abc",
            "sessionResult=a%20b",
            "sessionResult=a%00b",
            "sessionResult=%C3%A9",
            "sessionResult=" + "a" * 4097,
            "sessionResult=abc&sessionId=CS451F2AB1ED897A95",
            f"sessionResult=abc&sessionId={TOKEN}&sessionId=CS451F2AB1ED897A95",
            "sessionResult=abc&sessionId=",
            "sessionResult=abc&x=" + "x" * 8192,
        ],
    )
    def test_is_not_asked_for_with_anything_else(
        self, client: AdyenClient, psp: ReplayingPsp, query: str
    ):
        with pytest.raises(Unsupported):
            client.fetch(replace(self.REF, return_query=query))
        assert psp.connections == 0

    @pytest.mark.parametrize(
        "query",
        [
            QUERY,
            f"?sessionResult={RESULT}",
            f"sessionId={TOKEN}&sessionResult=Ab02b4c0%21BQABAg%2B%2F%3D%3D&utm=a+b",
            f"&&=&x&sessionResult={RESULT}&",
        ],
    )
    def test_is_asked_for_however_the_query_is_written(
        self, client: AdyenClient, psp: ReplayingPsp, query: str
    ):
        psp.will_answer(Reply(200, session()))
        client.fetch(replace(self.REF, return_query=query))
        assert psp.requests[0].path.endswith("?sessionResult=Ab02b4c0%21BQABAg%2B%2F%3D%3D")

    @pytest.mark.parametrize("token", ["", ".", ".."])
    def test_needs_a_token(self, client: AdyenClient, psp: ReplayingPsp, token: str):
        with pytest.raises(InvalidRequest):
            client.fetch(replace(self.REF, psp_token=token))
        assert psp.connections == 0

    def payment(self, result: object = "Authorised", **changes: Any) -> dict[str, Any]:
        [paid] = session("completed")["payments"]
        return {**paid, "resultCode": result, **changes}

    @pytest.mark.parametrize("result", ["Received", "Pending"])
    def test_is_pending_while_its_payment_is(
        self, client: AdyenClient, psp: ReplayingPsp, result: str
    ):
        for word in ("completed", "paymentPending"):
            psp.will_answer(Reply(200, session(word, payments=[self.payment(result)])))
            report = client.fetch(self.REF)
            assert (report.state, report.known) == (ReportedState.PENDING, True)
            assert (report.money, report.payment_reference) == (TOTAL, PAYMENT)

    @pytest.mark.parametrize(
        ("word", "results"),
        [
            ("completed", ["Error"]),
            ("completed", ["authorised"]),
            ("completed", ["Authorised", "Authorised"]),
            ("active", ["Authorised"]),
            ("canceled", ["Authorised"]),
            ("expired", ["Authorised"]),
            ("expired", ["Pending"]),
            ("refused", ["Received"]),
            ("paymentPending", ["Authorised"]),
        ],
    )
    def test_whose_payments_do_not_fit_its_state_is_for_a_person(
        self, client: AdyenClient, psp: ReplayingPsp, word: str, results: list[str]
    ):
        payments = [self.payment(result) for result in results]
        psp.will_answer(Reply(200, session(word, payments=payments)))
        report = client.fetch(self.REF)
        assert (report.state, report.known) == (ReportedState.PENDING, False)
        assert (report.money, report.payment_reference) == (None, "")

    def test_answered_otherwise_is_in_doubt(self, client: AdyenClient, psp: ReplayingPsp):
        changes: list[dict[str, Any]] = [
            {"status": None},
            {"status": ""},
            {"status": "w" * 256},
            {"payments": {}},
            {"payments": [7]},
            {"reference": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, session("completed", **change)))
            return client.fetch(self.REF)

        assert taken(changes, answered, InDoubt) == []

    def test_whose_payment_cannot_be_read_is_in_doubt(self, client: AdyenClient, psp: ReplayingPsp):
        changes: list[dict[str, Any]] = [
            {"result": None},
            {"amount": None},
            {"amount": {"currency": "XXX", "value": 1}},
            {"amount": {"currency": "EUR", "value": "1999"}},
            {"amount": {"currency": "EUR", "value": -1}},
            {"amount": {"currency": "EUR", "value": 10**15}},
            {"pspReference": None},
        ]

        def answered(change: dict[str, Any]) -> object:
            psp.will_answer(Reply(200, session("completed", payments=[self.payment(**change)])))
            return client.fetch(self.REF)

        assert taken(changes, answered, InDoubt) == []


class TestTheAdyenClient(AtAdyen):
    def test_says_what_it_can(self, client: AdyenClient):
        can = client.capabilities
        assert client.name == "adyen"
        assert can.confirm_mode is ConfirmMode.READS
        assert not can.can_poll
        assert not can.can_cancel
        assert can.partial_refund
        assert can.manual_capture
        assert can.ends_at_expiry
        assert can.key_window == timedelta(days=7)

    def test_translates_exactly_the_documented_words(self):
        assert SESSION_STATES == self.PAYMENT_WORDS
        assert RESULT_STATES.keys() == {"Authorised", "Pending", "Received"}

    def test_answers_webhooks_as_old_set_ups_want_it_too(self, client: AdyenClient):
        assert client.webhook_response() == WebhookResponse(200, b"[accepted]", "text/plain")

    @pytest.mark.parametrize("key", ["", " key", "clé", "key\n", "ke\ty", "\x7f"])
    def test_refuses_an_api_key_that_no_header_can_carry(self, psp: ReplayingPsp, key: str):
        transport = Transport(psp.url, connect_timeout=1, money_timeout=1, lookup_timeout=1)
        with pytest.raises(
            ValueError, match=r"^the API key is not made of visible ASCII characters$"
        ):
            AdyenClient(transport, api_key=key, account=Account(ACCOUNT), hmac_keys=())
