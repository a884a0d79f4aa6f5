"""Adyen's standard webhooks: what proves them, and what each code says in our words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from Adyen.util import (  # type: ignore[import-untyped]
    generate_notification_sig,
    is_valid_hmac_notification,
)
from hypothesis import given
from hypothesis import strategies as st

from psp_clients.adyen import AdyenClient, events
from psp_clients.adyen.calls import Account
from psp_clients.contract import (
    Money,
    RefundReference,
    RefundReport,
    RefundState,
    Report,
    ReportedState,
    WebhookNotice,
    WebhookRejected,
)
from psp_clients.http import Transport
from psp_clients.settings import Mode

from .adyen_objects import (
    ACCOUNT,
    FOREIGN_KEY,
    KEYS,
    PAYMENT,
    REFUND,
    TOKEN,
    item,
    modification,
    signed,
    webhook,
)
from .dialect import NOW

TOTAL = Money("19.99", "EUR")
PART = Money("5.00", "EUR")
VECTORS = json.loads(
    (Path(__file__).parent / "vectors" / "adyen" / "signed_items.json").read_text()
)

TRANSPORT = Transport("http://127.0.0.1:9", connect_timeout=1, money_timeout=1, lookup_timeout=1)


def client_of(
    *keys: str, account: str = ACCOUNT, mode: Mode = Mode.TEST, api_key: str = "k"
) -> AdyenClient:
    return AdyenClient(
        TRANSPORT, api_key=api_key, account=Account(account), hmac_keys=keys or KEYS, mode=mode
    )


CLIENT = client_of()


def read(*items: dict[str, Any]) -> list[WebhookNotice]:
    return CLIENT.parse_webhook({}, webhook(*(signed(one) for one in items)))


def report_of(one: dict[str, Any]) -> Report:
    [notice] = read(one)
    assert notice.report is not None
    return notice.report


class TestASignature:
    def rejected(self, client: AdyenClient, body: bytes, why: str = ".") -> None:
        with pytest.raises(WebhookRejected, match=why):
            client.parse_webhook({}, body)

    @pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
    def test_by_adyen_is_taken_and_by_another_key_or_of_another_item_is_not(
        self, vector: dict[str, Any]
    ):
        genuine, key = vector["item"], vector["key"]
        account = genuine["merchantAccountCode"]
        client = client_of(key, account=account)
        [notice] = client.parse_webhook({}, webhook(genuine))
        assert notice.reference == genuine["merchantReference"]

        self.rejected(client_of(FOREIGN_KEY, account=account), webhook(genuine))
        for name in ("pspReference", "merchantReference", "eventCode", "success"):
            self.rejected(client, webhook({**genuine, name: genuine[name] + "x"}))
        for value in (genuine["amount"]["value"] + 1, str(genuine["amount"]["value"]), 1.0):
            changed = {**genuine["amount"], "value": value}
            self.rejected(client, webhook({**genuine, "amount": changed}))
        for other in VECTORS:
            if other["name"] != vector["name"]:
                swapped = {**genuine, "additionalData": other["item"]["additionalData"]}
                self.rejected(client, webhook(swapped))

    def test_with_escaped_fields_as_old_recipes_have_it_is_not_taken(self):
        [vector] = [one for one in VECTORS if "colon" in one["name"]]
        genuine = vector["item"]
        escaped = genuine["merchantReference"].replace("\\", "\\\\").replace(":", "\\:")
        recipe = generate_notification_sig({**genuine, "merchantReference": escaped}, vector["key"])
        client = client_of(vector["key"], account=genuine["merchantAccountCode"])
        forged = {**genuine, "additionalData": {"hmacSignature": recipe.decode()}}
        self.rejected(client, webhook(forged))

    @given(
        reference=st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=255
        ),
        value=st.integers(0, 10**12),
        success=st.sampled_from(["true", "false"]),
        original=st.sampled_from(["", REFUND]),
    )
    def test_by_adyens_own_library_is_taken_whatever_the_fields_hold(
        self, reference: str, value: int, success: str, original: str
    ):
        one = item(
            success=success,
            merchantReference=reference,
            originalReference=original,
            amount={"currency": "EUR", "value": value},
        )
        proved = signed(one)
        assert is_valid_hmac_notification(proved, KEYS[0])
        [notice] = CLIENT.parse_webhook({}, webhook(proved))
        assert notice.reference == reference
        assert notice.payment_reference == PAYMENT

    def test_of_a_field_that_is_missing_null_or_empty_is_the_same(self):
        for absent in ({}, {"originalReference": None}, {"originalReference": ""}):
            proved = signed(item())
            assert len(CLIENT.parse_webhook({}, webhook({**proved, **absent}))) == 1

    def test_without_an_amount_is_taken(self):
        one = item("REPORT_AVAILABLE", amount={"currency": "", "value": ""})
        proved = {**signed(one), "amount": None}
        assert CLIENT.parse_webhook({}, webhook(proved)) == []

    def test_fits_to_no_other_way_of_parting_the_fields(self):
        """Unescaped colons would let one signature stand for several items."""
        genuine = signed(item(merchantReference="ref:1"))
        moved: dict[str, Any]
        moved = {"merchantAccountCode": f"{ACCOUNT}:ref", "merchantReference": "1"}
        self.rejected(CLIENT, webhook({**genuine, **moved}), "the signed field merchantAccountCode")
        moved = {"pspReference": f"{PAYMENT}:", "originalReference": None}
        self.rejected(CLIENT, webhook({**genuine, **moved}), "the signed field pspReference")

    @pytest.mark.parametrize(
        "change",
        [
            {"success": True},
            {"success": None},
            {"eventCode": 7},
            {"pspReference": ["x"]},
            {"merchantReference": "r" * 256},
            {"merchantReference": {}},
            {"amount": {"currency": "EUR", "value": True}},
            {"amount": {"currency": 978, "value": 1999}},
        ],
    )
    def test_over_fields_that_adyen_does_not_write_is_none(self, change: dict[str, Any]):
        self.rejected(CLIENT, webhook({**signed(item()), **change}))

    def test_over_a_number_beyond_reason_is_none(self):
        body = webhook(signed(item()))
        for digits in (20, 5000):
            huge = body.replace(b'"value": 1999', b'"value": ' + b"9" * digits)
            assert huge != body
            self.rejected(CLIENT, huge)

    def test_is_needed_on_every_item(self):
        both = [signed(item()), signed(modification("REFUND"))]
        assert len(CLIENT.parse_webhook({}, webhook(*both))) == 2
        for bad in (item(), signed(item(), FOREIGN_KEY)):
            self.rejected(CLIENT, webhook(both[0], bad))
            self.rejected(CLIENT, webhook(bad, both[0]))

    def test_by_any_of_several_keys_is_taken_and_without_keys_none(self):
        for key in KEYS:
            assert len(CLIENT.parse_webhook({}, webhook(signed(item(), key)))) == 1
        none = AdyenClient(TRANSPORT, api_key="k", account=Account(ACCOUNT), hmac_keys=())
        self.rejected(none, webhook(signed(item())), "by no key that we know")

    def test_is_looked_at_before_anything_is_believed(self):
        foreign = signed(item(merchantAccountCode="Another"), FOREIGN_KEY)
        self.rejected(CLIENT, webhook(foreign, live="true"), "by no key that we know")

    def test_about_another_account_is_rejected(self):
        body = webhook(signed(item()), signed(item(merchantAccountCode="ShopUS")))
        self.rejected(CLIENT, body, "about another merchant account")

    @pytest.mark.parametrize("live", ["true", True, None, "", "FALSE"])
    def test_of_the_other_platform_is_rejected(self, live: Any):
        self.rejected(CLIENT, webhook(signed(item()), live=live), "not of Adyen's test platform")

    def test_of_the_live_platform_is_taken_with_live_keys(self):
        live = client_of(mode=Mode.LIVE)
        assert len(live.parse_webhook({}, webhook(signed(item()), live="true"))) == 1
        self.rejected(live, webhook(signed(item())), "not of Adyen's live platform")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"null",
            b'{"live": "false", "notificationItems": []}',
            b'{"live": "false", "notificationItems": {}}',
            b'{"live": "false", "notificationItems": [7]}',
            b'{"live": "false", "notificationItems": [{}]}',
            b'{"live": "false", "notificationItems": [{"NotificationRequestItem": []}]}',
            b'{"live": "false", "live": "false", "notificationItems": []}',
        ],
    )
    def test_is_missing_in_what_is_no_webhook(self, body: bytes):
        self.rejected(CLIENT, body)

    def test_over_a_name_that_is_too_long_is_no_use(self):
        self.rejected(CLIENT, webhook(signed(item(pspReference="p" * 81))), "pspReference is too")
        self.rejected(CLIENT, webhook(signed(item("E" * 81))), "eventCode is too long")


class TestAnAuthorisation:
    def test_is_captured_where_adyen_captures_by_itself(self):
        one = item()
        [notice] = read(one)
        kept = signed(one)
        kept["additionalData"]["hmacSignature"] = "[removed]"
        assert notice == WebhookNotice(
            event_id=f"{PAYMENT}:AUTHORISATION:true",
            event_type="AUTHORISATION",
            psp_token=TOKEN,
            reference="ref-1",
            occurred_at=NOW - timedelta(seconds=2),
            payment_reference=PAYMENT,
            report=Report(
                state=ReportedState.CAPTURED,
                psp_word="AUTHORISATION true",
                money=TOTAL,
                captured=TOTAL,
                payment_reference=PAYMENT,
                evidence=kept,
            ),
        )

    @pytest.mark.parametrize(
        "data",
        [
            {"metadata.bps_capture": "manual"},
            {"metadata.bps_capture": "AUTOMATIC"},
            {"metadata.bps_capture": None},
            {"bps_capture": "automatic"},
            {"metadata": {"bps_capture": "automatic"}},
            {},
        ],
    )
    def test_is_no_more_than_authorised_without_our_note(self, data: dict[str, Any]):
        report = report_of(item(additionalData=data))
        assert (report.state, report.money, report.captured, report.known) == (
            ReportedState.AUTHORIZED,
            TOTAL,
            None,
            True,
        )

    def test_tells_a_part_as_what_it_is(self):
        report = report_of(item(amount={"currency": "EUR", "value": 500}))
        assert (report.state, report.money, report.captured) == (
            ReportedState.CAPTURED,
            PART,
            PART,
        )

    @pytest.mark.parametrize(
        "amount", [{"currency": "XXX", "value": 1}, {"currency": "EUR", "value": -1}]
    )
    def test_of_a_sum_that_we_cannot_read_is_for_a_person(self, amount: dict[str, Any]):
        report = report_of(item(amount=amount))
        assert (report.state, report.known) == (ReportedState.PENDING, False)
        assert (report.money, report.captured) == (None, None)

    def test_that_was_refused_says_why_and_ends_nothing(self):
        report = report_of(item(success="false", reason="Not enough balance"))
        assert (report.state, report.known) == (ReportedState.OPEN, True)
        assert (report.money, report.captured, report.payment_reference) == (None, None, "")
        assert report.reason_text == "Not enough balance"

    def test_keeps_no_reason_that_is_none(self):
        for reason in (None, "", "null", 7, ["x"]):
            assert report_of(item(success="false", reason=reason)).reason_text == ""

    def test_names_no_token_where_adyen_does_not(self):
        for data in ({}, {"checkoutSessionId": ""}, {"checkoutSessionId": 7}):
            [notice] = read(item(additionalData=data))
            assert (notice.psp_token, notice.reference) == ("", "ref-1")

    def test_may_come_without_a_date(self):
        for date in (None, "", "yesterday", "2026-11-22T12:00:00"):
            [notice] = read(item(eventDate=date))
            assert notice.occurred_at is None


class TestAPaymentEvent:
    @pytest.mark.parametrize(
        ("code", "success", "state"),
        [
            ("AUTHORISATION", "true", ReportedState.CAPTURED),
            ("AUTHORISATION", "false", ReportedState.OPEN),
            ("PENDING", "true", ReportedState.PENDING),
            ("OFFER_CLOSED", "true", ReportedState.OPEN),
            ("CAPTURE", "true", ReportedState.CAPTURED),
            ("CANCELLATION", "true", ReportedState.CANCELLED),
            ("TECHNICAL_CANCEL", "true", ReportedState.CANCELLED),
            ("TECHNICAL_CANCEL", "false", ReportedState.OPEN),
            ("EXPIRE", "true", ReportedState.EXPIRED),
        ],
    )
    def test_says_what_became_of_the_payment(self, code: str, success: str, state: ReportedState):
        report = report_of(item(code, success))
        assert (report.state, report.psp_word, report.known) == (state, f"{code} {success}", True)

    def test_is_listed_above(self):
        assert len(events.PAYMENT_EVENTS) == 9

    def test_of_a_capture_names_the_payment_and_what_was_taken(self):
        [notice] = read(modification("CAPTURE"))
        assert notice.event_id == f"{REFUND}:CAPTURE:true"
        assert (notice.reference, notice.payment_reference) == ("ref-1", PAYMENT)
        assert notice.report is not None
        assert (notice.report.money, notice.report.captured) == (None, PART)
        assert notice.report.payment_reference == PAYMENT

    def test_of_a_reversal_at_adyen_says_which_it_was(self):
        data = {"modification.action": "cancel"}
        report = report_of(modification("CANCEL_OR_REFUND", additionalData=data))
        assert (report.state, report.payment_reference) == (ReportedState.CANCELLED, PAYMENT)

        data = {"modification.action": "refund"}
        [notice] = read(modification("CANCEL_OR_REFUND", additionalData=data))
        assert notice.refund == RefundReference("ref-1", REFUND)
        assert notice.refund_report is not None
        assert notice.refund_report.state is RefundState.SUCCESSFUL
        assert notice.attention == (
            "Adyen says CANCEL_OR_REFUND true (5.00 EUR): the payment was given back at Adyen,"
            " not by us."
        )

        for data in ({}, {"modification.action": "else"}):
            report = report_of(modification("CANCEL_OR_REFUND", additionalData=data))
            assert (report.state, report.known) == (ReportedState.PENDING, False)


class TestARefundEvent:
    @pytest.mark.parametrize(
        ("code", "success", "state", "reason"),
        [
            ("REFUND", "true", RefundState.SUCCESSFUL, ""),
            ("REFUND", "false", RefundState.FAILED, "Because"),
            ("REFUND_FAILED", "true", RefundState.FAILED, "Because"),
            ("REFUNDED_REVERSED", "true", RefundState.FAILED, "Because"),
            ("POSTPONED_REFUND", "true", RefundState.PENDING, ""),
        ],
    )
    def test_says_what_became_of_the_refund(
        self, code: str, success: str, state: RefundState, reason: str
    ):
        one = modification(code, success, merchantReference="rf-1", reason="Because")
        [notice] = read(one)
        kept = {**one, "additionalData": {"hmacSignature": "[removed]"}}
        assert notice == WebhookNotice(
            event_id=f"{REFUND}:{code}:{success}",
            event_type=code,
            psp_token="",
            reference="",
            occurred_at=NOW - timedelta(seconds=2),
            payment_reference=PAYMENT,
            refund=RefundReference("rf-1", REFUND),
            refund_report=RefundReport(
                state=state,
                psp_word=f"{code} {success}",
                refund_reference=REFUND,
                money=PART,
                reason_code=reason,
                evidence=kept,
            ),
        )

    def test_is_listed_above(self):
        assert len(events.REFUND_EVENTS) == 5


class TestOtherNews:
    @pytest.mark.parametrize("event", sorted(events.ATTENTION))
    def test_of_a_payment_calls_for_a_person(self, event: tuple[str, str]):
        [notice] = read(modification(*event, reason="Because"))
        assert (notice.report, notice.refund, notice.refund_report) == (None, None, None)
        assert notice.attention == (
            f"Adyen says {' '.join(event)} (5.00 EUR): {events.ATTENTION[event]}."
            " Its reason: Because"
        )
        assert (notice.reference, notice.payment_reference) == ("ref-1", PAYMENT)

    @pytest.mark.parametrize("code", sorted(events.DISPUTES))
    def test_of_a_dispute_calls_for_a_person_whatever_came_of_it(self, code: str):
        for success in ("true", "false"):
            [notice] = read(modification(code, success))
            assert notice.report is None
            assert notice.attention == (
                f"Adyen says {code} {success} (5.00 EUR): {events.DISPUTES[code]}."
            )

    @pytest.mark.parametrize("code", sorted(events.IGNORED))
    def test_about_no_payment_is_left_out(self, code: str):
        assert read(item(code), item()) == read(item())

    @pytest.mark.parametrize(
        ("code", "success"),
        [("BRAND_NEW", "true"), ("AUTHORISATION", "maybe"), ("REFUND_FAILED", "false")],
    )
    def test_that_we_do_not_understand_is_pending_and_marked(self, code: str, success: str):
        [notice] = read(item(code, success))
        assert notice.report is not None
        assert (notice.report.state, notice.report.known) == (ReportedState.PENDING, False)
        assert (notice.report.psp_word, notice.report.captured) == (f"{code} {success}", None)
        assert notice.refund_report is None

    def test_that_we_do_not_understand_and_that_names_no_payment_is_left_out(self):
        nameless = item("BRAND_NEW", merchantReference="", additionalData={})
        assert read(nameless) == []
        assert len(read({**nameless, "originalReference": PAYMENT})) == 1

    def test_comes_from_codes_of_one_table_each(self):
        of_events = {*events.PAYMENT_EVENTS, *events.REFUND_EVENTS, *events.ATTENTION}
        assert len(of_events) == (
            len(events.PAYMENT_EVENTS) + len(events.REFUND_EVENTS) + len(events.ATTENTION)
        )
        codes = {code for code, _ in of_events}
        assert not codes & (events.IGNORED | events.DISPUTES.keys())
        assert not events.IGNORED & events.DISPUTES.keys()

    def test_shows_no_card(self):
        data = {"cardSummary": "1111", "cardNumber": "4111111111111111", "iban": "NL13TEST"}
        evidence = report_of(item(additionalData=data)).evidence
        assert evidence["additionalData"] == {
            "cardSummary": "1111",
            "cardNumber": "[removed]",
            "iban": "[removed]",
            "hmacSignature": "[removed]",
        }

    def test_is_told_once_however_often_it_is_sent(self):
        [first], [again] = read(item()), read(item(eventDate="2026-11-22T14:00:00+01:00"))
        assert again.event_id == first.event_id
        assert replace(again, occurred_at=None, report=None) == replace(
            first, occurred_at=None, report=None
        )
