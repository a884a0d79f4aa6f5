"""A support bundle..."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from payments import selectors
from payments.domain.lifecycle import Phase
from payments.models import CaseKind, CauseKind, PaymentSession, Purchase, ShopNotification
from payments.support_bundle import document
from payments.support_bundle.document import as_text, support_bundle
from tests.builders import (
    make_case,
    make_event,
    make_instruction,
    make_notification_try,
    make_psp_call,
    make_purchase,
    make_receipt,
    make_refund,
    make_session,
    make_shop,
)

pytestmark = pytest.mark.django_db

CARD_NUMBER = "4111 1111 1111 1111"
HOSTILE = "</pre><script>alert(1)</script>\u202e\u2066\x1b"
REMOVED = "[removed]"


def bundle(session: PaymentSession) -> dict[str, Any]:
    """Return the bundle as whoever receives it reads it."""
    read: dict[str, Any] = json.loads(text(session))
    return read


def text(session: PaymentSession) -> str:
    """Return the bundle as it is handed out."""
    found = selectors.session_by_id(session.pk)
    assert found is not None
    return as_text(support_bundle(found, now=timezone.now()))


def doubtful() -> Purchase:
    """Return a purchase in doubt since ten minutes, with something of every kind."""
    since = timezone.now() - timedelta(minutes=10)
    purchase = make_purchase(phase=Phase.IN_DOUBT, phase_since=since, presses=3)
    session = purchase.session
    call = make_psp_call(session, purchase=purchase, outcome="in_doubt", error="no answer")
    make_event(
        session,
        "purchase.in_doubt",
        cause_kind=CauseKind.PSP_CALL,
        cause_id=str(call.pk),
        phase_before="submitting",
        phase_after="in_doubt",
        data={"why": "no answer"},
    )
    make_receipt(session)
    make_notification_try(session, http_status=500, error="HTTP 500")
    make_case(session, detail="A week has passed.")
    return purchase


class TestItsSummary:
    def test_says_what_happened_what_is_in_doubt_since_when_and_what_comes(self) -> None:
        purchase = doubtful()
        session = purchase.session

        told = bundle(session)["summary"]

        assert told == {
            "what_happened": [
                (
                    f"Checkout {session.checkout_id} for 19.99 EUR was made at "
                    f"{session.created_at.isoformat()}, to be paid at sandbox. It is registered."
                ),
                (
                    f"Buy Now was first pressed at {purchase.created_at.isoformat()}; presses: 3. "
                    f"The purchase is started: in doubt since {purchase.phase_since.isoformat()}. "
                    "Captured: 0.00 EUR, refunded: 0.00 EUR."
                ),
                "Calls to the PSP: 1, of which 1 went without an answer. Webhooks from it: 1.",
                (
                    "The call was sent and not answered: the PSP may have charged. Until this is "
                    "known, nothing starts that could charge again."
                ),
            ],
            "what_is_in_doubt": [
                "Whether the PSP charged.",
                "no answer for a week: A week has passed.",
            ],
            "since": purchase.phase_since.isoformat(),
            "what_comes_next": "BPS asks the PSP what became of it.",
            "next_check_at": purchase.due_at and purchase.due_at.isoformat(),
        }

    def test_has_no_doubt_where_there_is_none(self) -> None:
        told = bundle(make_purchase(phase=Phase.CAPTURED).session)["summary"]

        assert (told["what_is_in_doubt"], told["since"], told["next_check_at"]) == ([], None, None)

    def test_names_what_else_is_not_settled(self) -> None:
        purchase = make_purchase(phase=Phase.CAPTURED)
        session = purchase.session
        refund = make_refund(purchase)
        untold = ShopNotification.objects.create(
            session=session, type="purchase.successful", body="{}"
        )
        make_case(session, kind=CaseKind.SURPLUS, resolved_at=timezone.now())

        assert bundle(session)["summary"]["what_is_in_doubt"] == [
            f"Whether 5.00 EUR were refunded: {refund.public_id}.",
            f"Whether the shop was told purchase.successful: {untold.public_id}.",
        ]

    @pytest.mark.parametrize(
        ("phase", "words"),
        [
            (Phase.SUBMITTING, "Whether the PSP charged."),
            (Phase.PENDING, "Whether the PSP will charge."),
            (Phase.AUTHORIZED, "Whether the PSP will take what is reserved."),
        ],
    )
    def test_doubts_what_has_not_ended(self, phase: Phase, words: str) -> None:
        assert bundle(make_purchase(phase=phase).session)["summary"]["what_is_in_doubt"] == [words]

    def test_doubts_a_registration_that_nobody_confirmed(self) -> None:
        told = bundle(make_session(status="created"))["summary"]

        assert told["what_is_in_doubt"] == ["Whether the PSP registered the checkout."]


class TestItsContent:
    def test_names_every_reference_that_a_psp_finds_a_payment_by(self) -> None:
        purchase = make_purchase(phase=Phase.CAPTURED, payment_reference="ch_77")
        session = purchase.session
        call = make_psp_call(session, purchase=purchase)

        assert bundle(session)["references"] == {
            "checkout_id": session.checkout_id,
            "order_reference": session.order_reference,
            "session_id": str(session.pk),
            "our_reference_at_the_psp": session.pk.hex,
            "psp": "sandbox",
            "psp_token": session.psp_token,
            "psp_payment_reference": "ch_77",
            "purchase_id": purchase.public_id,
            "idempotency_keys": {"confirm": call.idempotency_key},
        }

    def test_tells_the_timeline_with_causes(self) -> None:
        purchase = doubtful()
        call = purchase.psp_calls.get()

        lines = bundle(purchase.session)["timeline"]

        assert sorted(line["kind"] for line in lines) == [
            "event",
            "notification_try",
            "psp_call",
            "receipt",
        ]
        [event] = [line for line in lines if line["kind"] == "event"]
        assert (event["what"], event["because_of"], event["cause_id"]) == (
            "purchase.in_doubt",
            "the PSP's answer",
            str(call.pk),
        )
        assert (event["phase_before"], event["phase_after"]) == ("submitting", "in_doubt")
        assert event["evidence"] == {"why": "no answer"}

    def test_has_calls_webhooks_notifications_refunds_and_cases(self) -> None:
        purchase = doubtful()
        body = b'{"type":"session.paid"}'

        told = bundle(purchase.session)

        [call], [webhook], [notification] = (
            told[name] for name in ("psp_calls", "webhooks", "notifications")
        )
        assert (call["operation"], call["outcome"], call["sends"]) == ("confirm", "in_doubt", 1)
        assert call["request"]["body"]["content"] == {"amount": "19.99", "currency": "EUR"}
        assert call["answer"] == {"status": "paid"}
        assert webhook["body"] == {
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "content": {"type": "session.paid"},
        }
        assert notification["tries"][0]["error"] == "HTTP 500"
        assert told["cases"][0]["kind"] == "no answer for a week"
        assert told["purchase"]["phase"] == "in_doubt"
        assert told["session"]["status"] == "registered"
        assert told["about"]["versions"]["bps"] == "0.1.0"
        assert told["about"]["versions"]["migration"].startswith("00")

    def test_tells_of_refunds(self) -> None:
        purchase = make_purchase(phase=Phase.CAPTURED)
        refund = make_refund(purchase, refund_reference="re_1", reason="Erika asked for it")

        [told] = bundle(purchase.session)["refunds"]

        assert (told["id"], told["amount"], told["state"]) == (refund.public_id, "5.00", "pending")
        assert told["psp_refund_reference"] == "re_1"
        assert "Erika" not in text(purchase.session)

    def test_tells_of_captures_and_voids(self) -> None:
        purchase = make_purchase(make_session(capture="manual"), phase=Phase.AUTHORIZED)
        made = make_instruction(purchase, reason="Erika asked for it")

        told = bundle(purchase.session)

        [capture] = told["captures_and_voids"]
        assert (capture["id"], capture["kind"], capture["state"]) == (
            made.public_id,
            "capture",
            "pending",
        )
        words = f"Whether the PSP has done what was asked: {made.public_id}."
        assert words in told["summary"]["what_is_in_doubt"]
        assert "Erika" not in text(purchase.session)

    def test_keeps_what_people_wrote_in_the_house(self) -> None:
        session = make_session()
        for name in ("reason", "note", "to", "arguments"):
            make_event(session, "case.noted", data={name: "Erika", "case": "7"})

        told = bundle(session)["timeline"]

        assert [line["evidence"] for line in told] == [{"case": "7"}] * 4

    def test_keeps_the_latest_of_very_many_rows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(document, "ROWS_AT_MOST", 2)
        session = make_session()
        _, *kept = (make_receipt(session) for _ in range(3))

        assert [row["id"] for row in bundle(session)["webhooks"]] == [str(row.pk) for row in kept]

    def test_costs_the_same_whatever_its_length(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        session = doubtful().session
        with django_assert_num_queries(15):
            text(session)
        for _ in range(10):
            make_psp_call(session, operation="cancel")
            make_receipt(session)
            make_notification_try(session)
        with django_assert_num_queries(15):
            text(session)


class TestItsMasks:
    def test_leave_out_links_that_work_for_whoever_has_them(self) -> None:
        session = make_purchase(phase=Phase.CAPTURED).session
        make_notification_try(session)

        shown = text(session)

        assert session.public_token not in shown
        assert session.purchase_url not in shown

    def test_leave_no_secret_of_the_settings_or_the_shop_wherever_it_is_repeated(self) -> None:
        own = "whsec_c2hvcCBzaGFyZWQgc2VjcmV0IGZvciB0ZXN0cw=="
        session = make_session(shop=make_shop(notification_secrets=[own]))
        secrets = [
            settings.SECRET_KEY,
            settings.SANDBOX_PSP_API_KEY,
            settings.SANDBOX_PSP_WEBHOOK_SECRETS,
            own,
        ]
        secrets += [secret.removeprefix("whsec_") for secret in secrets]
        for secret in secrets:
            fill(session, f"you sent {secret}, didn't you")

        shown = text(session)

        assert [secret for secret in secrets if secret in shown] == []
        assert f"you sent {REMOVED}" in shown

    def test_leave_no_card_number(self) -> None:
        session = make_session()
        fill(session, CARD_NUMBER)
        make_psp_call(session, operation="cancel", answer={"n": [4111111111111111]})

        shown = text(session)

        assert CARD_NUMBER not in shown
        assert "4111111111111111" not in shown

    @pytest.mark.parametrize(
        "body",
        [
            b'{"customer":{"name":"Erika Mustermann"},"items":[{"name":"Erika Mustermann"}]}',
            b'{"billing_address":"Erika Mustermann","first_name":"Erika Mustermann"}',
            b'{"purchase_info":"Erika Mustermann","metadata":{"a":"Erika Mustermann"}}',
            b'[[{"cardHolder":"Erika Mustermann"}]]',
            b"shopperName=Erika+Mustermann&status=paid",
        ],
    )
    def test_leave_nothing_about_people(self, body: bytes) -> None:
        session = make_session()
        make_psp_call(session, body=body)
        make_receipt(session, body=body)

        assert "Erika" not in text(session)

    def test_leave_no_address_of_e_mail(self) -> None:
        session = make_session(checkout_id="erika@example.org")
        fill(session, "paid by erika@example.org today")

        shown = text(session)

        assert "erika@" not in shown
        assert f"paid by {REMOVED} today" in shown

    def test_name_nobody_of_the_staff(self) -> None:
        session = make_session()
        make_event(session, "case.resolved", cause_kind=CauseKind.STAFF, actor="olga")

        shown = text(session)

        assert "olga" not in shown
        assert "a member of staff" in shown

    def test_leave_what_is_neither(self) -> None:
        session = make_session()
        told = {"psp_word": "paid", "decline_code": "do_not_honour", "charge": "ch_77", "ok": True}
        make_psp_call(session, answer=told)

        assert bundle(session)["psp_calls"][0]["answer"] == told


class TestHostileWords:
    def test_do_no_harm(self) -> None:
        session = make_session(checkout_id=HOSTILE, order_reference=HOSTILE)
        fill(session, HOSTILE)

        shown = text(session)

        assert shown.isascii()
        assert not set(shown) & set("<>&\x1b\x00")
        assert bundle(session)["references"]["checkout_id"] == HOSTILE

    @pytest.mark.parametrize(
        ("body", "content"),
        [
            (b"\x00\xff<script>", "\x00\\xff<script>"),
            (b'{"a":"\\u0000"}', {"a": "\x00"}),
            (b'{"a":"\\ud800"}', {"a": "\ud800"}),
            (b"", ""),
            (b"[" * 60_000, "[" * 8_000 + "… 52000 more characters"),
            (b"x" * (64 * 1024 + 1), "[left out: too long]"),
            (b'{"a":' * 60 + b"1" + b"}" * 60, None),
        ],
    )
    def test_are_read_as_far_as_they_can_be(self, body: bytes, content: Any) -> None:
        session = make_session()
        make_receipt(session, body=body)

        [webhook] = bundle(session)["webhooks"]

        assert webhook["body"]["bytes"] == len(body)
        if content is None:
            assert "[nested too deep]" in json.dumps(webhook)
        else:
            assert webhook["body"]["content"] == content


def fill(session: PaymentSession, words: str) -> None:
    """Let a PSP, a shop and ourselves say these words wherever they can."""
    make_psp_call(
        session,
        operation="cancel",
        path=f"/{words}",
        headers={words: words},
        error=words,
        answer={words: words, "nested": [{"deeper": words}]},
        body=words.encode(),
    )
    make_receipt(
        session,
        event_id=f"{words} {uuid4()}",
        event_type=words,
        note=words,
        body=json.dumps({"said": words}).encode(),
        headers={words: words},
    )
    make_event(session, words[:40], data={words: words}, cause_id=words[:64])
    make_notification_try(session, error=words)
    make_case(session, detail=words, resolution=words, resolved_at=timezone.now())


class TestTheCommand:
    def run(self, words: str) -> str:
        said = StringIO()
        call_command("support_bundle", words, stdout=said)
        return said.getvalue()

    def test_prints_the_bundle_of_any_id(self) -> None:
        purchase = make_purchase(phase=Phase.CAPTURED, payment_reference="ch_77")
        session = purchase.session

        for words in (
            session.checkout_id,
            session.order_reference,
            str(session.psp_token),
            "ch_77",
            purchase.public_id,
            str(session.pk),
        ):
            told = json.loads(self.run(words))
            assert told["references"]["session_id"] == str(session.pk)

    @pytest.mark.parametrize("words", ["nothing", "", " "])
    def test_says_that_nothing_has_the_id(self, words: str) -> None:
        make_session(order_reference="")

        with pytest.raises(CommandError, match="No session has this id"):
            self.run(words)

    def test_names_the_sessions_where_several_have_the_id(self) -> None:
        sessions = [make_session(order_reference="o-same") for _ in range(2)]

        with pytest.raises(CommandError) as refused:
            self.run("o-same")

        assert all(str(session.pk) in str(refused.value) for session in sessions)
