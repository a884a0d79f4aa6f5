"""Writes docs/lifecycle.md from the graphs, so that the picture cannot drift from the rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any

from django.core.management.base import BaseCommand

from payments.domain.lifecycle import (
    FAILED_PHASES,
    PHASE_GRAPH,
    PHASE_REPORTED,
    SESSION_GRAPH,
    STARTED_PHASES,
    STATUS_OF,
    Phase,
    judge,
)
from payments.domain.refunds import (
    REFUND_GRAPH,
    REFUND_STATE_OF,
    UNFINISHED_REFUND_PHASES,
    RefundPhase,
)

# What the picture shows: each step once. That steps may be skipped is said in words.
_DRAWN = [
    *zip(STARTED_PHASES, (*STARTED_PHASES[1:], Phase.CAPTURED), strict=True),
    *((STARTED_PHASES[-1], failed) for failed in FAILED_PHASES),
    *((failed, Phase.CAPTURED) for failed in FAILED_PHASES),
]


class Command(BaseCommand):
    """manage.py lifecycle_doc."""

    help = "Print docs/lifecycle.md, made from payments/domain/lifecycle.py."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        self.stdout.write("\n".join(page()))


_DRAWN_OF_REFUNDS = [
    *pairwise((*UNFINISHED_REFUND_PHASES, RefundPhase.SUCCESSFUL, RefundPhase.FAILED)),
    (RefundPhase.PENDING, RefundPhase.FAILED),
]


def page() -> Iterator[str]:
    """Yield the page's lines."""
    yield "# The lifecycle of a payment"
    yield ""
    yield "Made by `manage.py lifecycle_doc` from `payments/domain/lifecycle.py`; a test compares."
    yield "The database enforces the same graphs by triggers, whoever writes."
    yield ""
    yield "## Payment session"
    yield ""
    yield from _diagram(
        (before, after)
        for before, following in SESSION_GRAPH.items()
        for after in sorted(following)
    )
    yield from _meanings(SESSION_GRAPH)
    yield "## Purchase"
    yield ""
    yield from _diagram(_DRAWN)
    yield "Every started phase may also go straight to any later one, to `captured`, and to any"
    yield "failed one. Nothing leaves `captured`: only refunds undo a success. A purchase that was"
    yield "declined for now is `pending` until the shopper has tried again, or can no longer."
    yield ""
    yield from _statuses(PHASE_GRAPH, STATUS_OF)
    yield "## Refund"
    yield ""
    yield from _diagram(_DRAWN_OF_REFUNDS)
    yield "Steps may be skipped, and each unfinished phase may go straight to `failed`. A bank may"
    yield "send a successful refund back; nothing leaves `failed`: another try is another refund."
    yield ""
    yield from _statuses(REFUND_GRAPH, REFUND_STATE_OF)
    yield "## How a report on a purchase is judged"
    yield ""
    yield "Rows: the phase we hold. Columns: the phase that the PSP reports."
    yield ""
    yield from _verdicts()


def _diagram(moves: Any) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    for before, after in moves:
        yield f"    {before} --> {after}"
    yield "```"
    yield ""


def _meanings(graph: Mapping[Any, frozenset[StrEnum]]) -> Iterator[str]:
    yield "| status | may become |"
    yield "|---|---|"
    for status, following in graph.items():
        yield f"| `{status}` | {', '.join(f'`{word}`' for word in sorted(following)) or 'final'} |"
    yield ""


def _statuses(
    graph: Mapping[Any, frozenset[StrEnum]], shown: Mapping[Any, StrEnum]
) -> Iterator[str]:
    yield "| phase | status shown | may become |"
    yield "|---|---|---|"
    for phase, following in graph.items():
        words = ", ".join(f"`{word}`" for word in sorted(following)) or "final"
        yield f"| `{phase}` | {shown[phase]} | {words} |"
    yield ""


def _verdicts() -> Iterator[str]:
    reported = [phase for phase in PHASE_REPORTED.values() if phase is not None]
    yield "| | " + " | ".join(f"`{phase}`" for phase in reported) + " |"
    yield "|---" * (len(reported) + 1) + "|"
    for held in Phase:
        yield f"| `{held}` | " + " | ".join(judge(held, phase) for phase in reported) + " |"
