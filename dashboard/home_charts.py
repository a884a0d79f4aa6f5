"""What the home draws of a period: each chart with the texts of its table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from dashboard.charts import Bar, Columns, bars, change, columns
from dashboard.visible import visible
from payments.domain.money import MoneyRefused, currency_digits
from payments.figures import Figures, Period, about_ms

REASONS_AT_MOST: Final = 8
CURRENCIES_DRAWN: Final = 3
REASON_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table with a bar: what it says now and said before."""

    word: str
    now: str
    before: str
    change: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in one currency; `chart` for those in which most purchases were made."""

    currency: str
    now: str
    before: str
    change: str
    chart: Columns | None


def volume(period: Period, now: Figures, before: Figures) -> Columns:
    """Return the successful purchases over time."""
    spans = period.spans
    length = period.until - period.since
    return columns(
        "Successful purchases",
        _words(period),
        [now.by_span.get(span, 0) for span in spans],
        [before.by_span.get(span - length, 0) for span in spans],
    )


def taken(period: Period, now: Figures, before: Figures) -> list[Taken]:
    """Return what was taken in each currency, never added up; the busiest currencies first."""
    busiest = sorted(
        {*now.taken, *before.taken},
        key=lambda code: (-len(now.taken_by_span.get(code, {})), code),
    )
    return [
        Taken(
            code,
            money(now.taken.get(code, Decimal(0)), code),
            money(before.taken.get(code, Decimal(0)), code),
            change(now.taken.get(code, Decimal(0)), before.taken.get(code, Decimal(0))),
            _taken_over_time(code, period, now, before) if place < CURRENCIES_DRAWN else None,
        )
        for place, code in enumerate(busiest)
    ]


def _taken_over_time(code: str, period: Period, now: Figures, before: Figures) -> Columns:
    length, digits = period.until - period.since, _digits(code)
    these, those = now.taken_by_span.get(code, {}), before.taken_by_span.get(code, {})
    return columns(
        f"Taken, {code}",
        _words(period),
        [round(these.get(span, Decimal(0)), digits) for span in period.spans],
        [round(those.get(span - length, Decimal(0)), digits) for span in period.spans],
    )


def funnel(now: Figures, before: Figures) -> list[Line]:
    """Return how many sessions were registered, bought on, and successful."""
    values = [
        ("Registered", now.registered, before.registered),
        ("Bought", now.bought, before.bought),
        ("Successful", now.successful, before.successful),
    ]
    return _counted(values)


def success_rates(now: Figures, before: Figures) -> list[Line]:
    """Return, by PSP, which share of the ends in this period were successes."""
    rates = [
        (psp, ends, _rate(now.ended_at.get(psp, (0, 0))), _rate(before.ended_at.get(psp, (0, 0))))
        for psp, ends in sorted({**before.ended_at, **now.ended_at}.items())
    ]
    drawn = bars([(rate or 0, was) for _, _, rate, was in rates], longest=100)
    return [
        Line(psp, _percent(rate), _percent(was), _points(rate, was), bar)
        for (psp, _, rate, was), bar in zip(rates, drawn, strict=True)
    ]


def failures(now: Figures, before: Figures) -> list[Line]:
    """Return the most frequent reasons why purchases failed."""
    most = [
        (visible(word[:REASON_CHARACTERS]).replace("_", " "), count, before.reasons[word])
        for word, count in now.reasons.most_common(REASONS_AT_MOST)
    ]
    return _counted(most)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long calls to one PSP took, about: half of them, and 95 % of them."""

    psp: str
    calls: str
    half: Line
    most: Line


def latencies(now: Figures, before: Figures) -> list[Latency]:
    """Return how long calls to each PSP took."""
    rows = []
    for psp, buckets in sorted(now.latencies.items()):
        was = before.latencies.get(psp, Counter())
        times = [
            (share, about_ms(buckets, share) or 0, about_ms(was, share)) for share in (0.5, 0.95)
        ]
        drawn = bars([(ms, earlier) for _, ms, earlier in times])
        half, most = (
            Line("", _ms(ms), _ms(earlier), change(ms, earlier or 0), bar)
            for (_, ms, earlier), bar in zip(times, drawn, strict=True)
        )
        rows.append(Latency(psp, f"{buckets.total():,}", half, most))
    return rows


def money(amount: Decimal, code: str) -> str:
    """Return a sum with the digits of its currency, for reading: "1,234.50"."""
    return f"{amount:,.{_digits(code)}f}"


def _ms(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:,} ms"


def _digits(code: str) -> int:
    try:
        return currency_digits(code)
    except MoneyRefused:
        return 4  # withdrawn since: show all that is stored


def _counted(values: list[tuple[str, int, int]]) -> list[Line]:
    drawn = bars([(now, before) for _, now, before in values])
    return [
        Line(word, f"{now:,}", f"{before:,}", change(now, before), bar)
        for (word, now, before), bar in zip(values, drawn, strict=True)
    ]


def _words(period: Period) -> list[str]:
    spans = period.spans
    if period.step < timedelta(days=1):
        form = "%H:%M"
    else:
        form = "%m-%d" if spans[0].year == spans[-1].year else "%Y-%m-%d"
    return [span.strftime(form) for span in spans]


def _rate(ends: tuple[int, int]) -> float | None:
    successes, total = ends
    return 100 * successes / total if total else None


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1f} %"


def _points(rate: float | None, was: float | None) -> str:
    if rate is None or was is None:
        return ""
    return f"{round(rate - was, 1) + 0:+.1f} points".replace("-", "\N{MINUS SIGN}")
