"""What is kept of an answer."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psp_clients.evidence import fit_to_keep, holds_card_number

CARD = "4111111111111111"


class TestEvidence:
    def test_keeps_what_is_no_secret_as_it_is(self):
        answer = {
            "token": "tok_1",
            "amount": "19.99",
            "paid": True,
            "count": 3,
            "none": None,
            "list": [1, "two", {"three": 3}],
            "company": "Panama Ltd",
            "order": "20261122000000017",
            "reason": "risk_blocked",
            "item": "Basic tee",
            "psp_reference": "8836183819713023",
            "card_of_a_test_that_is_none": "4111111111111112",
            "at": "2026-11-22T12:00:00Z",
        }
        assert fit_to_keep(answer) == answer

    @pytest.mark.parametrize(
        "name",
        [
            "client_secret",
            "Password",
            "Authorization",
            "apiKey",
            "api-key",
            "x_api_key",
            "credentials",
            "private_key",
            "signature",
            "cvc",
            "CVV2",
            "cardNumber",
            "pan",
            "masked_pan",
            "iban",
        ],
    )
    def test_removes_what_is_named_like_a_secret(self, name: str):
        assert fit_to_keep({"a": [{name: {"deep": "s"}}]}) == {"a": [{name: "[removed]"}]}

    def test_keeps_a_null_that_is_named_like_a_secret(self):
        assert fit_to_keep({"client_secret": None}) == {"client_secret": None}

    @pytest.mark.parametrize(
        "value",
        [
            "whsec_bm9ib2R5",
            "sk_live_1",
            "the key sk_test_1 is wrong",
            "Bearer abcdefghijklmnop",
            "basic dXNlcjpwYXNzd29yZA==",
            "4111111111111111",
            "card 4111 1111 1111 1111 was refused",
            "4111-1111-1111-1111",
            "378282246310005",
            "2223003122003222",
        ],
    )
    def test_removes_what_looks_like_a_secret(self, value: str):
        assert fit_to_keep({"note": ["fine", value]}) == {"note": ["fine", "[removed]"]}


class TestAnId:
    @pytest.mark.parametrize(
        "text",
        [
            "313874cddfbc423db246548991270564",
            "order_53033190766045b199e17b552e94525c",
            "order53033190766045b199e17b552e94525c",
            "313874CD-DFBC-423D-B246-548991270564",
            "53033190-7660-45b1-99e1-7b552e94525c",
            "60479798238567de746ecc67",
            "https://shop.example/thanks?cart=53033190-7660-45b1-99e1-7b552e94525c&step=2",
        ],
    )
    def test_that_has_digits_like_a_card_s_is_none(self, text: str):
        assert not holds_card_number(text)

    @given(st.uuids())
    def test_that_is_any_uuid_is_no_card_number(self, given_id: UUID):
        assert not holds_card_number(str(given_id))

    @given(st.uuids(version=4))
    def test_that_is_any_uuid_written_without_dashes_is_no_card_number(self, given_id: UUID):
        assert not holds_card_number(given_id.hex) or given_id.hex.isdecimal()


class TestACardNumber:
    @pytest.mark.parametrize(
        "text",
        [
            CARD,
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "3782 822463 10005",
            f"card{CARD}",
            f"{CARD}abc",
            f"{CARD} 53033190766045b199e17b552e94525c",
            f"313874cd-dfbc-423d-b246-548991270564 {CARD}",
            f"a{CARD}b",
        ],
    )
    def test_is_found(self, text: str):
        assert holds_card_number(text)
