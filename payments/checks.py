"""Start-up checks of what settings alone cannot see."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from payments.crash_points import CrashPoint
from psp_clients.registry import PSPS


@register(Tags.compatibility)
def psps_are_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse names in BPS_PSPS that no client translates."""
    return [
        Error(
            f"BPS_PSPS names {name!r}, which has no PSP client",
            hint=f"Known are: {', '.join(sorted(PSPS))}.",
            id="payments.E001",
        )
        for name in settings.BPS_PSPS
        if name not in PSPS
    ]


@register(Tags.compatibility)
def crash_point_is_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a crash point that no code passes, which would prove nothing."""
    name = settings.BPS_CRASH_AT.partition(":")[0]
    if not name or name in set(CrashPoint):
        return []
    known = ", ".join(CrashPoint)
    return [
        Error(
            f"BPS_CRASH_AT names {name!r}, which is no crash point",
            hint=f"Known are: {known}.",
            id="payments.E002",
        )
    ]
