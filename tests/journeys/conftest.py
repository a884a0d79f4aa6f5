"""What journeys run on: BPS, served until a journey ends."""

from __future__ import annotations

from tests.bps_server import bps_url

__all__ = ["bps_url"]
