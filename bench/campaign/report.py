"""The report: one HTML page that needs nothing else, with plots drawn here as SVG."""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.campaign.plan import BY_NAME
from bench.campaign.run import Outcome

WIDTH: Final = 1100
HEIGHT: Final = 320
MARKS: Final = 14  # the height of one family's lane of faults
# From the bottom of the plot to its top: what is done first, what is under way above it.
PHASES: Final = {
    "captured": "#2f8f5b",
    "declined": "#b9b3a5",
    "cancelled": "#cfc9bb",
    "expired": "#ddd8cc",
    "errored": "#a39b8b",
    "pending": "#e3b23c",
    "authorized": "#d98e32",
    "submitting": "#4a7fb5",
    "in_doubt": "#c8443c",
}
UNDER_WAY: Final = ("pending", "authorized", "submitting", "in_doubt")
FAMILIES: Final = {
    "process": "#5b3f8c",
    "store": "#1f6f78",
    "network": "#b0562a",
    "PSP": "#c8443c",
    "purchases": "#7a8b2f",
}
PACKAGES: Final = ("django", "djangorestframework", "celery", "redis", "psycopg", "gunicorn")
STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1140px;margin:2rem auto;padding:0 1rem;
color:#222;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;
border-bottom:1px solid #e5e2da;vertical-align:top}td.n{text-align:right}
.passed{color:#2f8f5b}.failed{color:#c8443c}svg{max-width:100%;height:auto}
.key span{display:inline-block;margin-right:1rem}.key i{display:inline-block;width:.8em;
height:.8em;margin-right:.3em;border-radius:2px}
"""


def write_report(outcome: Outcome, path: Path) -> None:
    """Write the page."""
    path.write_text(page(outcome), encoding="utf-8")


def page(outcome: Outcome) -> str:
    """Return the page."""
    verdict = "passed" if outcome.passed else "failed"
    parts = [
        f"<h1>Fault campaign: <span class='{verdict}'>{verdict}</span></h1>",
        f"<p>{_summary(outcome)}</p>",
        "<h2>Purchases that had not ended, by phase; below, the faults</h2>",
        _plot(outcome, UNDER_WAY),
        _key({phase: PHASES[phase] for phase in UNDER_WAY}),
        _key(FAMILIES),
        "<h2>All purchases, by phase</h2>",
        _plot(outcome, tuple(PHASES)),
        _key(PHASES),
        "<h2>The oracle</h2>",
        _violations(outcome),
        "<h2>What happened</h2>",
        _table(("", "number"), [(name, str(n)) for name, n in outcome.figures.items()]),
        "<h2>How soon purchases ended</h2>",
        _convergence(outcome),
        "<h2>Faults by kind</h2>",
        _faults(outcome),
        "<h2>Processes started again</h2>",
        _table(("process", "times"), [(name, str(n)) for name, n in outcome.deaths.items()]),
        "<h2>Every fault</h2>",
        _every_fault(outcome),
        "<h2>Versions</h2>",
        _table(("what", "version"), list(_versions())),
    ]
    head = f"<meta charset=utf-8><title>Fault campaign: {verdict}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _summary(outcome: Outcome) -> str:
    setup, kinds = outcome.setup, {done.fault.kind for done in outcome.done}
    return (
        f"Seed {setup.seed}, {setup.seconds / 60:g} minutes of load at {setup.rate:g} shoppers a "
        f"second, {len(outcome.done)} faults of {len(kinds)} kinds, "
        f"{len(outcome.violations)} violations."
    )


def _plot(outcome: Outcome, phases: tuple[str, ...]) -> str:
    """Draw stacked areas over time, and a lane of marks for each family of faults."""
    samples = outcome.samples
    if not samples:
        return "<p>No sample was taken.</p>"
    longest = max(at for at, _ in samples) or 1.0
    highest = max(sum(counts.get(phase, 0) for phase in phases) for _, counts in samples) or 1
    base = [0.0] * len(samples)
    shapes = []
    for phase in phases:
        top = [low + counts.get(phase, 0) for low, (_, counts) in zip(base, samples, strict=True)]
        along = [
            f"{at / longest * WIDTH:.1f},{HEIGHT - level / highest * HEIGHT:.1f}"
            for (at, _), level in zip(samples, top, strict=True)
        ]
        back = [
            f"{at / longest * WIDTH:.1f},{HEIGHT - level / highest * HEIGHT:.1f}"
            for (at, _), level in zip(samples, base, strict=True)
        ]
        points = " ".join([*along, *reversed(back)])
        shapes.append(f"<polygon points='{points}' fill='{PHASES[phase]}'/>")
        base = top
    lanes = "".join(_marks(outcome, longest))
    height = HEIGHT + MARKS * len(FAMILIES) + 24
    words = (
        f"<text x=4 y=14 font-size=12>{highest}</text>"
        f"<text x={WIDTH} y={height - 6} font-size=12 text-anchor=end>{longest:.0f} s</text>"
    )
    return (
        f"<svg viewBox='0 0 {WIDTH} {height}' role=img font-family=system-ui>"
        f"<title>Purchases by phase over time</title>{''.join(shapes)}{lanes}{words}</svg>"
    )


def _marks(outcome: Outcome, longest: float) -> Iterable[str]:
    lanes = {family: place for place, family in enumerate(FAMILIES)}
    for done in outcome.done:
        family = BY_NAME[done.fault.kind].family
        x, until = (min(at, longest) / longest * WIDTH for at in (done.began, done.ended))
        y = HEIGHT + 6 + MARKS * lanes[family]
        says = escape(f"{done.fault.kind} at {done.began:.1f} s: {done.struck}")
        yield (
            f"<rect x='{x:.1f}' y='{y}' width='{max(2.0, until - x):.1f}' height='{MARKS - 4}' "
            f"fill='{FAMILIES[family]}' fill-opacity='.7'><title>{says}</title></rect>"
        )


def _key(colours: Mapping[str, str]) -> str:
    entries = (
        f"<span><i style='background:{colour}'></i>{escape(name)}</span>"
        for name, colour in colours.items()
    )
    return f"<p class=key>{''.join(entries)}</p>"


def _violations(outcome: Outcome) -> str:
    if not outcome.violations:
        return "<p class=passed>No violation.</p>"
    rows = [
        (one.rule, one.says, ", ".join(f"{name} {value}" for name, value in one.ids.items()))
        for one in outcome.violations
    ]
    return _table(("rule", "what", "ids"), rows)


def _convergence(outcome: Outcome) -> str:
    seen = outcome.convergence
    slowest = "not all did" if seen.slowest is None else f"{seen.slowest:.1f} s"
    rows = [
        ("age at the end, p50", f"{seen.age(0.5):.2f} s"),
        ("age at the end, p99", f"{seen.age(0.99):.2f} s"),
        ("age at the end, longest", f"{seen.age(1):.2f} s"),
        ("open when the faults had stopped", str(seen.open_at_the_end_of_faults)),
        ("ended within 30 s after the faults", f"{seen.share_within_30_seconds:.2%}"),
        ("the last one ended after the faults by", slowest),
        ("99 % within 30 s and all within 120 s", "yes" if seen.held else "no"),
    ]
    return _table(("", ""), rows)


def _faults(outcome: Outcome) -> str:
    number = Counter(done.fault.kind for done in outcome.done)
    missed = Counter(d.fault.kind for d in outcome.done if d.struck.startswith("failed"))
    rows = [
        (kind.family, kind.name, kind.words, str(number[kind.name]), str(missed[kind.name] or ""))
        for kind in BY_NAME.values()
        if number[kind.name]
    ]
    return _table(("family", "kind", "what", "number", "of which missed"), rows)


def _every_fault(outcome: Outcome) -> str:
    rows = [
        (f"{done.began:.1f}", f"{done.ended:.1f}", done.fault.kind, done.struck)
        for done in outcome.done
    ]
    return _table(("from (s)", "to (s)", "kind", "whom"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _versions() -> Iterable[tuple[str, str]]:
    yield "BPS", _commit()
    yield "Python", platform.python_version()
    for package in PACKAGES:
        yield package, version(package)


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "not from a repository"
