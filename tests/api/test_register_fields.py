"""Registering: every other member is as documented, or named in the refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.answers import reason, refused
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
    @pytest.mark.parametrize(
        "checkout_id",
        ["", " ", " c-1", "c-1 ", "c-1\n", "c 1", "c/1", "-c", ".c", "c?", "é", "c%00", "a" * 65],
    )
    def test_that_could_not_stand_in_an_address_is_refused(
        self, api: Caller, checkout_id: str
    ) -> None:
        refused(
            lambda: api.register(checkout_id=checkout_id), 400, "invalid-request", "checkout_id"
        )

    @pytest.mark.parametrize("checkout_id", [7, 7.5, True, ["c-1"], {}])
    def test_that_is_no_string_is_refused(self, api: Caller, checkout_id: Any) -> None:
        answer = refused(
            lambda: api.register(checkout_id=checkout_id), 400, "invalid-request", "checkout_id"
        )

        assert reason(answer, "checkout_id") == "must be a string"

    @pytest.mark.parametrize("reference", ["", " o-1", "o 1", "a" * 65, 7, ["o-1"]])
    def test_of_an_order_is_judged_alike(self, api: Caller, reference: Any) -> None:
        refused(
            lambda: api.register(order_reference=reference),
            400,
            "invalid-request",
            "order_reference",
        )


class TestACardNumber:
    @pytest.mark.parametrize("text", HOLDING_A_CARD_NUMBER)
    def test_in_metadata_is_refused(self, api: Caller, text: str) -> None:
        answer = refused(
            lambda: api.register(metadata={"note": text}), 400, "invalid-request", "metadata.note"
        )

        assert reason(answer, "metadata.note") == (
            "looks like a card number, which BPS must never be given"
        )

    def test_as_a_name_in_metadata_is_refused(self, api: Caller) -> None:
        refused(lambda: api.register(metadata={CARD: "x"}), 400, "invalid-request", "metadata")

    @pytest.mark.parametrize("field", ["checkout_id", "order_reference", "psp", "return_url"])
    def test_is_refused_wherever_there_is_text(self, api: Caller, field: str) -> None:
        text = f"https://shop.example/{CARD}" if field == "return_url" else CARD

        refused(lambda: api.register(**{field: text}), 400, "invalid-request", field)

    @pytest.mark.parametrize(
        "text", ["4111111111111112", "411111111111", "2030-01-01 12:00:00", "+49 30 1234567"]
    )
    def test_is_told_from_other_numbers(self, api: Caller, text: str) -> None:
        refused(
            lambda: api.register(metadata={"note": text}, amount="1e3"),
            400,
            "invalid-request",
            "amount",
        )


class TestMetadata:
    @pytest.mark.parametrize(
        "metadata",
        [
            {str(number): "x" for number in range(21)},
            {"n" * 41: "x"},
            [],
            "text",
            7,
            [["a", "b"]],
        ],
    )
    def test_is_a_small_object_or_refused(self, api: Caller, metadata: Any) -> None:
        refused(lambda: api.register(metadata=metadata), 400, "invalid-request", "metadata")

    @pytest.mark.parametrize("value", [7, True, None, {}, ["x"], "x" * 501])
    def test_holds_short_texts_alone(self, api: Caller, value: Any) -> None:
        refused(
            lambda: api.register(metadata={"note": value}), 400, "invalid-request", "metadata.note"
        )


class TestAMember:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("locale", "xx"),
            ("locale", "EN"),
            ("locale", ""),
            ("locale", 7),
            ("locale", ["en"]),
            ("capture", "later"),
            ("capture", True),
            ("capture", {}),
            ("psp", ""),
            ("psp", 7),
            ("psp", "x" * 21),
            ("expires_in_seconds", 899),
            ("expires_in_seconds", 86_401),
            ("expires_in_seconds", "soon"),
            ("expires_in_seconds", True),
            ("expires_in_seconds", 3600.5),
            ("expires_in_seconds", []),
            ("expires_in_seconds", "3600"),
            ("expires_in_seconds", "\u0663\u0666\u0660\u0660"),
        ],
    )
    def test_out_of_its_range_is_refused(self, api: Caller, field: str, value: Any) -> None:
        refused(lambda: api.register(**{field: value}), 400, "invalid-request", field)

    @pytest.mark.parametrize("psp", ["other", "Sandbox", "sandbox2"])
    def test_that_names_a_psp_which_the_shop_does_not_use_is_refused(
        self, api: Caller, psp: str
    ) -> None:
        refused(lambda: api.register(psp=psp), 422, "no-psp-fits", "psp")

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
