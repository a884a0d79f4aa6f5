"""Latencies as they are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return the latency, in seconds, that this share of all does not exceed."""
    return sorted(seconds)[max(0, math.ceil(len(seconds) * share) - 1)]


def latencies(seconds: Sequence[float]) -> str:
    """Return median, 95th, 99th percentile and maximum, in milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1}
    return "  ".join(f"{n} {percentile(seconds, share) * 1000:5.0f}" for n, share in shares.items())
