"""The charts of the home, asked for any days..."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from payments.domain.lifecycle import Phase
from payments.models import Measure, Tally
from tests.builders import make_event, make_purchase

pytestmark = pytest.mark.django_db

HOME = reverse("mid-office:home")
DAY = timedelta(days=1)


def asked(browser: Client, first: object = "", last: object = "", **more: str) -> Any:
    """Return the answer to whoever asks for some days."""
    response = browser.get(HOME, {"day_from": str(first), "day_to": str(last), **more})
    assert response.status_code == 200
    return response


def today() -> date:
    """Return what day it is in UTC, where the days of the mid-office begin."""
    return timezone.now().astimezone(UTC).date()


def told(day: date, count: int, measure: Measure = Measure.SUCCESSFUL, **fields: str) -> None:
    """Have had something counted on a day."""
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for hours in (1, 24):
        Tally.objects.create(hour=begins, hours=hours, measure=measure, count=count, **fields)
    last_hour = begins + timedelta(hours=23)
    Tally.objects.create(hour=last_hour, hours=1, measure=Measure.HOUR, count=1)


def test_tell_of_those_days_and_of_as_many_before(viewer: Client):
    told(date(2026, 1, 30), 1)
    told(date(2026, 1, 31), 2)
    told(date(2026, 2, 1), 4)
    told(date(2026, 2, 2), 8)
    told(date(2026, 2, 3), 16)
    told(date(2026, 2, 4), 32)

    response = asked(viewer, "2026-02-01", "2026-02-02")

    context, text = response.context, response.content.decode()
    columns = context["volume"].columns
    assert [(one.word, one.text, one.text_before) for one in columns] == [
        ("02-01", "4", "1"),
        ("02-02", "8", "2"),
    ]
    assert "These days" in text
    assert "The days before</span>" in text
    assert "2026-02-01 00:00</time> to" in text
    assert 'value="2026-02-02"' in text
    assert '?period=day#figures" aria-current' not in text


def test_may_be_those_of_now(viewer: Client):
    purchase = make_purchase(phase=Phase.CAPTURED)
    make_event(purchase.session)

    response = asked(viewer, today(), today())

    assert [line.now for line in response.context["funnel"]] == ["1", "1", "1"]
    assert "The days before, up to the same hour" in response.content.decode()


def test_name_the_years_where_there_are_two(viewer: Client):
    told(date(2026, 3, 31), 1)

    columns = asked(viewer, "2025-12-01", "2026-03-31").context["volume"].columns

    assert [column.word for column in columns[:2]] == ["2025-12-01", "2025-12-08"]


def test_are_refused_in_words_and_24_hours_are_shown(viewer: Client):
    for first, last, words in (
        ("2026-02-01", "", "Say this day too."),
        ("", "2026-02-01", "Say this day too."),
        ("2026-02-30", "2026-03-01", "Not a day."),
        ("2026-02-02", "2026-02-01", "2026-02-02, comes after the last, 2026-02-01"),
        ("2025-01-01", "2026-01-02", "is longer than 366 days"),
        ("0001-01-01", "0001-01-02", "The earliest is 2000-01-01."),
        ("2026-02-01", "9999-12-31", "That day is yet to come."),
    ):
        text = asked(viewer, first, last).content.decode()

        assert words in text, (first, last)
        assert '?period=day#figures" aria-current' in text, (first, last)


def test_wait_for_tallies_where_more_than_a_month_is_to_be_counted(viewer: Client):
    refused = asked(viewer, "2026-01-01", "2026-01-31").content.decode()
    counted = asked(viewer, "2026-01-01", "2026-01-30").content.decode()
    told(date(2026, 1, 1), 1)
    tallied = asked(viewer, "2026-01-01", "2026-01-31").content.decode()

    assert "yet to be tallied" in refused
    assert "yet to be tallied" not in counted
    assert "yet to be tallied" not in tallied


def test_end_with_today_in_utc(viewer: Client):
    assert "yet to come" not in asked(viewer, today() - DAY, today()).content.decode()
    assert "yet to come" in asked(viewer, today(), today() + 2 * DAY).content.decode()


def test_go_before_a_period_and_may_be_left_empty(viewer: Client):
    days = asked(viewer, "2026-02-01", "2026-02-01", period="week")
    none = asked(viewer, period="week")

    assert [len(each.context["volume"].columns) for each in (days, none)] == [24, 7]


@pytest.mark.parametrize("is_over", [True, False])
def test_ring_no_alarm_about_webhooks_that_were_silent_once(is_over: bool, viewer: Client):
    for _ in range(5):
        purchase = make_purchase(phase=Phase.CAPTURED)
        make_event(purchase.session, purchase=purchase, cause_kind="poll")
    day = today()
    if is_over:
        day = date(2026, 2, 1)
        told(day, 5, Measure.KNOWN, psp="sandbox", word="poll")

    response = asked(viewer, day, day)

    assert response.context["roads"][0].is_silent
    assert ("are silent" in response.content.decode()) is not is_over
