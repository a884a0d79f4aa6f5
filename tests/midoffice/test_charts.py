"""A chart..."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dashboard.charts import Bar, bars, change, columns


def test_has_a_column_for_each_word_on_a_round_scale():
    chart = columns("Sold", ["a", "b"], [170, 0], [85, 20])

    assert [line.text for line in chart.scale] == ["0", "100", "200"]
    tall, flat = chart.columns
    assert (tall.text, tall.text_before) == ("170", "85")
    assert tall.y + tall.height == flat.y
    assert flat.height == 0
    assert tall.y < tall.mark_y < flat.mark_y < flat.y
    assert tall.x + tall.width < flat.x < chart.width


def test_of_nothing_is_flat():
    chart = columns("Sold", ["a"], [0], [0])

    assert chart.columns[0].height == 0
    assert [line.text for line in chart.scale] == ["0", "1"]


def test_of_no_words_is_empty():
    assert columns("Sold", [], [], []).columns == []


@pytest.mark.parametrize(
    ("most", "top"),
    [(1, "1"), (3, "5"), (1000, "1k"), (1001, "2k"), (Decimal("2500000.50"), "5M"), (7e9, "10G")],
)
def test_ends_at_a_number_that_is_easily_read(most: int, top: str):
    assert columns("Sold", ["a"], [most], [0]).scale[-1].text == top


def test_names_ten_columns_at_most():
    chart = columns("Sold", [str(n) for n in range(30)], [1] * 30, [1] * 30)

    assert sum(column.is_named for column in chart.columns) == 10


def test_of_bars_shares_one_measure():
    assert bars([(50, 100), (25, None)]) == [Bar(50, 100), Bar(25, None)]
    assert bars([(50, 80)], longest=100) == [Bar(50, 80)]
    assert bars([(0, 0)]) == [Bar(0, 0)]
    assert bars([]) == []


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [(112, 100, "+12 %"), (0, 3, "\N{MINUS SIGN}100 %"), (5, 5, "+0 %"), (5, 0, "")],
)
def test_says_how_a_value_changed(now: int, before: int, words: str):
    assert change(now, before) == words
