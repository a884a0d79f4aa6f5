"""Registering: every other member is as documented, or named in the refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.answers import each_refused, reason, reasons, refused
from tests.api.caller import Caller

pytestmark = pytest.mark.django_db

CARD = "4111111111111111"
HOLDING_A_CARD_NUMBER = [
    CARD,
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    f"card {CARD}, thanks",
    f"no.{CARD}x",
    "378282246310005",
    "5555 5555 5555 4444",
    "6304000000000000",
    "4000000000000000006",
    f"17 {CARD}",
    f"12 26 {CARD} 123",
    f"{CARD} 17",
]


class TestAnId:
    def test_that_could_not_stand_in_an_address_is_refused(self, api: Caller) -> None:
        ids = ["", " ", " c-1", "c-1 ", "c-1\n", "c 1", "c/1", "-c", ".c", "c?", "é", "c%00"]

        each_refused(
            lambda checkout_id: api.register(checkout_id=checkout_id),
            [*ids, "a" * 65],
            400,
            "invalid-request",
            "checkout_id",
        )

    def test_that_is_no_string_is_refused(self, api: Caller) -> None:
        answers = each_refused(
            lambda checkout_id: api.register(checkout_id=checkout_id),
            [7, 7.5, True, ["c-1"], {}],
            400,
            "invalid-request",
            "checkout_id",
        )

        assert reasons(answers, "checkout_id") == {"must be a string"}

    def test_of_an_order_is_judged_alike(self, api: Caller) -> None:
        each_refused(
            lambda reference: api.register(order_reference=reference),
            ["", " o-1", "o 1", "a" * 65, 7, ["o-1"]],
            400,
            "invalid-request",
            "order_reference",
        )


class TestACardNumber:
    def test_in_metadata_is_refused(self, api: Caller) -> None:
        answers = each_refused(
            lambda text: api.register(metadata={"note": text}),
            HOLDING_A_CARD_NUMBER,
            400,
            "invalid-request",
            "metadata.note",
        )

        assert reasons(answers, "metadata.note") == {
            "looks like a card number, which BPS must never be given"
        }

    def test_as_a_name_in_metadata_is_refused(self, api: Caller) -> None:
        refused(lambda: api.register(metadata={CARD: "x"}), 400, "invalid-request", "metadata")

    @pytest.mark.parametrize("field", ["checkout_id", "order_reference", "psp", "return_url"])
    def test_is_refused_wherever_there_is_text(self, api: Caller, field: str) -> None:
        text = f"https://shop.example/{CARD}" if field == "return_url" else CARD

        refused(lambda: api.register(**{field: text}), 400, "invalid-request", field)

    def test_is_told_from_other_numbers(self, api: Caller) -> None:
        each_refused(
            lambda text: api.register(metadata={"note": text}, amount="1e3"),
            ["4111111111111112", "411111111111", "2030-01-01 12:00:00", "+49 30 1234567"],
            400,
            "invalid-request",
            "amount",
        )


class TestMetadata:
    def test_is_a_small_object_or_refused(self, api: Caller) -> None:
        too_many = {str(number): "x" for number in range(21)}

        each_refused(
            lambda metadata: api.register(metadata=metadata),
            [too_many, {"n" * 41: "x"}, [], "text", 7, [["a", "b"]]],
            400,
            "invalid-request",
            "metadata",
        )

    def test_holds_short_texts_alone(self, api: Caller) -> None:
        each_refused(
            lambda value: api.register(metadata={"note": value}),
            [7, True, None, {}, ["x"], "x" * 501],
            400,
            "invalid-request",
            "metadata.note",
        )


class TestAMember:
    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("locale", ["xx", "EN", "", 7, ["en"]]),
            ("capture", ["later", True, {}]),
            ("psp", ["", 7, "x" * 21]),
            ("expires_in_seconds", [899, 86_401, "soon", True, 3600.5, [], "3600", "٣٦٠٠"]),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_out_of_its_range_is_refused(self, api: Caller, field: str, values: list[Any]) -> None:
        each_refused(
            lambda value: api.register(**{field: value}), values, 400, "invalid-request", field
        )

    def test_that_names_a_psp_which_the_shop_does_not_use_is_refused(self, api: Caller) -> None:
        psps = ["other", "Sandbox", "sandbox2"]

        each_refused(lambda psp: api.register(psp=psp), psps, 422, "no-psp-fits", "psp")

    def test_that_nobody_asked_for_is_refused(self, api: Caller) -> None:
        answer = refused(
            lambda: api.register(amout="1.00", status="completed"),
            400,
            "invalid-request",
            "amout",
            "status",
        )

        assert reason(answer, "status") == "is not a known field"

    def test_that_is_wrong_is_named_together_with_the_others(self, api: Caller) -> None:
        refused(
            lambda: api.register(checkout_id="c 1", locale="xx", metadata={"a": 7}),
            400,
            "invalid-request",
            "checkout_id",
            "locale",
            "metadata.a",
        )
