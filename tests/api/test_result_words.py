"""The words that shoppers read..."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest

from payments.api.serializers import LOCALES
from payments.domain.lifecycle import FAILED_PHASES
from payments.result_state import ShownState
from payments.result_words import WORDS

DECLINE_CODES = {"insufficient_funds", "card_declined", "expired_card", "issuer_unavailable"}


def test_exist_in_every_language_that_a_checkout_can_have():
    assert list(WORDS) == list(LOCALES)


@pytest.mark.parametrize("language", WORDS)
def test_cover_every_state_and_every_way_to_fail(language: str):
    words = WORDS[language]

    assert set(words.titles) == set(words.texts) == set(ShownState)
    assert set(words.reasons) == {*FAILED_PHASES, *DECLINE_CODES}


@pytest.mark.parametrize("language", WORDS)
def test_are_all_there_and_leave_the_same_gaps_to_fill(language: str):
    ours, english = flattened(language), flattened("en")

    assert ours.keys() == english.keys()
    assert [name for name, sentence in ours.items() if not sentence.strip()] == []
    assert {name: gaps(sentence) for name, sentence in ours.items()} == {
        name: gaps(sentence) for name, sentence in english.items()
    }


@pytest.mark.parametrize("language", WORDS)
def test_are_safe_as_html(language: str):
    assert [s for s in flattened(language).values() if re.search(r"[<>&\"]", s)] == []


def test_run_from_right_to_left_only_in_arabic():
    assert {code: words.direction for code, words in WORDS.items() if code != "ar"} == (
        dict.fromkeys(["en", "de", "fr", "es", "nl"], "ltr")
    )
    assert WORDS["ar"].direction == "rtl"


def flattened(language: str) -> dict[str, str]:
    """Return every sentence by where it stands."""
    sentences: dict[str, str] = {}
    for name, value in asdict(WORDS[language]).items():
        inner: dict[str, Any] = value if isinstance(value, dict) else {"": value}
        sentences |= {f"{name}.{key}": sentence for key, sentence in inner.items()}
    return sentences


def gaps(sentence: str) -> set[str]:
    """Return the names of what the page fills in."""
    return set(re.findall(r"{(\w*)}", sentence))
