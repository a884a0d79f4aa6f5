"""A statement as CSV: read exactly, or refused with line and column."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.statement import Layout, StatementRefused, layout_faults, read_statement
from psp_clients.contract import Money, Transaction

HEADER = "kind,psp_reference,reference,psp_token,amount,currency,status,booked_at,fee,fee_currency"
GERMAN = Layout(
    columns={
        "kind": "Art",
        "psp_reference": "Beleg",
        "reference": "Unser Zeichen",
        "amount": "Betrag",
        "currency": "Währung",
        "status": "Stand",
        "booked_at": "Datum",
        "fee": "Gebühr",
    },
    kind_words={"Zahlung": "charge", "Erstattung": "refund"},
    status_words={"gebucht": "successful"},
    delimiter=";",
    decimal_mark=",",
    date_format="%d.%m.%Y %H:%M",
)
MINIMAL = Layout(
    columns={name: name for name in ("psp_reference", "amount", "currency", "booked_at")}
)


def read(text: str, layout: Layout | None = None) -> list[Transaction]:
    """Return the lines of a statement."""
    return list(read_statement(io.StringIO(text), layout or Layout()))


class TestAStatement:
    def test_in_our_own_words_needs_no_mapping(self):
        [line] = read(
            f"{HEADER}\ncharge,ch_1,abc,tok_1,19.9,EUR,successful,2030-01-01T12:00:00Z,0.30,EUR\n"
        )

        assert line == Transaction(
            kind="charge",
            psp_reference="ch_1",
            reference="abc",
            psp_token="tok_1",
            money=Money("19.90", "EUR"),
            status="successful",
            booked_at=datetime(2030, 1, 1, 12, tzinfo=UTC),
            fee=Money("0.30", "EUR"),
        )

    def test_in_a_psps_own_words_is_read_by_its_mapping(self):
        text = "Datum;Art;Beleg;Unser Zeichen;Betrag;Währung;Stand;Gebühr;Notiz\n"
        text += '31.12.2029 23:59;Erstattung;r 1;"a;b";-1234,50;EUR;gebucht;-0,10;egal\n'

        [line] = read(text, GERMAN)

        assert (line.kind, line.psp_reference, line.reference) == ("refund", "r 1", "a;b")
        assert (line.money, line.fee) == (Money("1234.50", "EUR"), Money("0.10", "EUR"))
        assert line.booked_at == datetime(2029, 12, 31, 23, 59, tzinfo=UTC)

    def test_without_kinds_has_refunds_where_it_is_negative(self):
        text = "psp_reference,amount,currency,booked_at\na,-5,JPY,2030-01-01\nb,5,JPY,2030-01-01\n"

        assert [(line.kind, line.money.amount) for line in read(text, MINIMAL)] == [
            ("refund", "5"),
            ("charge", "5"),
        ]

    def test_may_have_blank_lines_and_times_of_other_zones(self):
        text = "psp_reference,amount,currency,booked_at\n\na,5.00,EUR,2030-01-01T01:00:00+02:00\n\n"

        [line] = read(text, MINIMAL)

        assert line.booked_at == datetime(2029, 12, 31, 23, tzinfo=UTC)

    def test_may_have_its_fee_in_another_currency_or_in_that_of_the_charge(self):
        rows = "charge,1,,,5,JPY,,2030-01-01,-0.50,EUR\ncharge,2,,,5,JPY,,2030-01-01,1,\n"

        fees = [line.fee for line in read(f"{HEADER}\n{rows}")]

        assert fees == [Money("0.50", "EUR"), Money("1", "JPY")]

    def test_may_say_a_refund_with_and_without_a_sign(self):
        rows = "refund,1,,,-5,JPY,,2030-01-01,,\nrefund,2,,,5,JPY,failed,2030-01-01,,\n"

        lines = read(f"{HEADER}\n{rows}")

        assert [(one.kind, one.money.amount, one.status) for one in lines] == [
            ("refund", "5", "successful"),
            ("refund", "5", "failed"),
        ]

    def test_may_have_names_of_the_greatest_length(self):
        name = "x" * 255

        [line] = read(f"{HEADER}\ncharge,{name},{name},{name},5,JPY,,2030-01-01,,\n")

        assert {line.psp_reference, line.reference, line.psp_token} == {name}

    def test_is_read_though_cells_and_names_of_columns_stand_apart(self):
        text = "psp_reference , amount, currency,booked_at\n a , 5,JPY , 2030-01-01 \n"

        [line] = read(text, MINIMAL)

        assert (line.psp_reference, line.money) == ("a", Money("5", "JPY"))

    @pytest.mark.parametrize("fee", ["", "0", "0.00", "-0"])
    def test_may_say_that_there_is_no_fee(self, fee: str):
        [line] = read(f"{HEADER}\ncharge,ch_1,,,1.00,EUR,successful,2030-01-01,{fee},\n")

        assert line.fee is None

    def test_may_lack_what_is_not_needed(self):
        [line] = read("Datum;Beleg;Betrag;Währung\n31.12.2029 23:59;r 1;5,00;EUR\n", GERMAN)

        assert (line.kind, line.status, line.reference, line.fee) == (
            "charge",
            "successful",
            "",
            None,
        )

    def test_is_read_as_it_is_consumed(self):
        lines = iter([f"{HEADER}\n", "charge,ch_1,,,1.00,EUR,,2030-01-01,,\n", "nonsense\n"])

        assert next(read_statement(lines, Layout())).psp_reference == "ch_1"
        assert next(lines) == "nonsense\n"


BAD_CELLS = [
    ("amount", "", "line 2, column 'amount': must be a plain decimal"),
    ("amount", "1,000.00", "line 2: has 11 columns, and the first 10"),
    ("amount", "1e2", "line 2, column 'amount': must be a plain decimal"),
    ("amount", "٣.00", "line 2, column 'amount': must be a plain decimal"),
    ("amount", "1.234", "line 2, column 'amount': EUR has 2 digits"),
    ("amount", "0.00", "line 2, column 'amount': must be more than zero"),
    ("amount", "-1.00", "line 2, column 'amount': a charge is not negative"),
    ("currency", "EURO", "line 2, column 'currency': must be the three capital letters"),
    ("currency", "", "line 2, column 'currency': must be the three capital letters"),
    ("psp_reference", "", "line 2, column 'psp_reference': must not be empty"),
    ("psp_reference", "x" * 256, "line 2, column 'psp_reference': must be at most 255"),
    ("reference", "a\x00b", "line 2, column 'reference': must be at most 255 printable"),
    ("kind", "payout", "line 2, column 'kind': 'payout' means none of charge, refund"),
    ("status", "done", "line 2, column 'status': 'done' means none of pending"),
    ("booked_at", "01.01.2030", "line 2, column 'booked_at': is no time of the form ISO 8601"),
    ("booked_at", "", "line 2, column 'booked_at': is no time"),
    ("booked_at", "0001-01-01T00:00:00+23:00", "line 2, column 'booked_at': is no time"),
    ("amount", "1X.00", "line 2, column 'amount': must be a plain decimal"),
    ("fee", "x", "line 2, column 'fee': must be a plain decimal"),
    ("fee", "X0", "line 2, column 'fee': must be a plain decimal"),
    ("fee_currency", "XXX", "line 2, column 'fee_currency': must be the three capital"),
]


class TestWhatDoesNotReadExactly:
    def test_is_refused_with_line_and_column(self):
        cells = {
            "kind": "charge",
            "psp_reference": "ch_1",
            "reference": "",
            "psp_token": "",
            "amount": "1.00",
            "currency": "EUR",
            "status": "successful",
            "booked_at": "2030-01-01",
            "fee": "0.10",
            "fee_currency": "EUR",
        }

        for name, value, why in BAD_CELLS:
            with pytest.raises(StatementRefused, match="^" + re.escape(why)):
                read(f"{HEADER}\n{','.join((cells | {name: value}).values())}\n")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "line 1: the statement is empty"),
            ("a,b\n", "line 1, column 'psp_reference': is missing"),
            (f"{HEADER},amount\n", "line 1, column 'amount': there is more than one"),
            (f'{HEADER}\n"never closed', "line 2: not CSV (unexpected end of data)"),
            (f"{HEADER}\ncharge,ch_1\n", "line 2: has 2 columns, and the first 10"),
        ],
    )
    def test_is_refused_as_a_whole(self, text: str, why: str):
        with pytest.raises(StatementRefused) as refused:
            read(text)

        assert str(refused.value).startswith(why)

    def test_is_refused_where_it_is_no_text(self):
        binary = io.TextIOWrapper(io.BytesIO(f"{HEADER}\n".encode() + b"\xff\n"), encoding="utf-8")

        with pytest.raises(StatementRefused, match="not UTF-8 text"):
            list(read_statement(binary, Layout()))

    def test_is_refused_with_the_line_that_was_being_read(self):
        binary = io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8")
        with pytest.raises(StatementRefused, match=r"^line 1: not UTF-8 text$"):
            list(read_statement(binary, Layout()))

        rows = "\n".join(["1,1.00,EUR,2030-01-01"] * 3 + ["1,0,EUR,2030-01-01"])
        with pytest.raises(StatementRefused, match=r"^line 5, column 'amount': must be more"):
            read(f"psp_reference,amount,currency,booked_at\n{rows}", MINIMAL)

    def test_is_refused_by_the_psps_name_of_the_column_and_its_form_of_times(self):
        text = "Datum;Beleg;Betrag;Währung\n2030-01-01;r 1;5,00;EUR\n"

        with pytest.raises(StatementRefused) as refused:
            read(text, GERMAN)

        why = "line 2, column 'Datum': is no time of the form %d.%m.%Y %H:%M"
        assert str(refused.value) == why

    def test_is_refused_where_a_sum_is_of_no_currency_by_the_column_that_says_so(self):
        text = f"{HEADER}\ncharge,ch_1,,,1.00,EUR,successful,2030-01-01,0.123,\n"

        with pytest.raises(StatementRefused, match=r"^line 2, column 'fee': EUR has 2 digits"):
            read(text)

    @given(st.text())
    def test_is_refused_and_never_breaks_the_reader(self, text: str):
        for whole in (text, f"{HEADER}\n{text}"):
            assert outcome(whole) in ("read", "refused")


def outcome(text: str) -> str:
    """Return what came of reading; anything but a refusal with its line is raised."""
    try:
        read(text)
    except StatementRefused as refused:
        return "refused" if str(refused).startswith("line ") else str(refused)
    return "read"


WORDS = (
    "psp_reference, amount, currency, booked_at, reference, psp_token, kind, status, fee, "
    "fee_currency"
)
NO_COLUMNS = "must say for each of our words which column it is"
NO_STATUS = "must say for each of its words which of pending, successful, failed it means"


class TestALayout:
    def test_of_our_own_words_is_whole(self):
        assert list(layout_faults(Layout())) == []
        assert list(layout_faults(GERMAN)) == []

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"columns": []}, ("columns", NO_COLUMNS)),
            ({"columns": {**MINIMAL.columns, "amount": ""}}, ("columns", NO_COLUMNS)),
            ({"columns": {**MINIMAL.columns, "amount": 7}}, ("columns", NO_COLUMNS)),
            ({"columns": {7: "Amount"}}, ("columns", NO_COLUMNS)),
            (
                {"columns": {**MINIMAL.columns, "colour": "Colour"}},
                ("columns", f"'colour' is none of {WORDS}"),
            ),
            ({"columns": {"amount": "Amount"}}, ("columns", "'psp_reference' is needed")),
            (
                {"kind_words": {"Payment": "payment"}},
                ("kind_words", "must say for each of its words which of charge, refund it means"),
            ),
            ({"status_words": ["settled"]}, ("status_words", NO_STATUS)),
            ({"status_words": {"settled": "charge"}}, ("status_words", NO_STATUS)),
            *(
                (mark, ("delimiter", "must be one character that no amount holds, such as ; or ,"))
                for mark in (
                    {"delimiter": '"'},
                    {"delimiter": "."},
                    {"delimiter": " "},
                    {"delimiter": ""},
                    {"delimiter": "\r"},
                    {"delimiter": "\n"},
                    {"delimiter": ",", "decimal_mark": ","},
                )
            ),
        ],
    )
    def test_is_refused_where_nothing_could_be_read_by_it(
        self, changes: dict[str, Any], fault: tuple[str, str]
    ):
        assert list(layout_faults(replace(MINIMAL, **changes))) == [fault]
