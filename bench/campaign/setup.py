"""What one run is made of: how long, how fast, which shoppers, which faults, which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.campaign.plan import Fault, full_numbers, make_plan

# Which shoppers come, by weight. bench.campaign.shoppers plays them.
STORIES: Final[Mapping[str, float]] = {
    "plain": 40,
    "respond_async": 14,
    "presses_again": 10,
    "presses_with_other_keys": 8,
    "two_tabs": 8,
    "older_tab": 3,
    "registers_twice": 2,
    "walks_away": 6,
    "cancels": 4,
    "cancels_while_buying": 3,
    "late_success": 2,
    "surplus": 1,
    "forger": 1,
    "chooses_again": 4,
    "captures": 9,
    "captures_and_voids": 3,
    "voids": 3,
    "refunds": 12,
}

# Everything in BPS that waits, waits shorter. A lease outlasts a PSP call; a PSP call ends before
# the sandbox's slowest scenario answers.
HASTE: Final[Mapping[str, str]] = {
    "BPS_SCHEDULE_SPEED": "60",
    "BPS_BUY_NOW_BUDGET_SECONDS": "1.5",
    "BPS_PSP_CONNECT_TIMEOUT_SECONDS": "1",
    "BPS_PSP_MONEY_TIMEOUT_SECONDS": "2.5",
    "BPS_PSP_LOOKUP_TIMEOUT_SECONDS": "2",
    "BPS_LEASE_SECONDS": "5",
    "BPS_SWEEP_SECONDS": "0.5",
}


@dataclass(frozen=True)
class Setup:
    """One run. The same setup plans the same faults and the same shoppers.

    `digits` weighs which last two digits the amounts have ("" leaves what happens to the PSP's
    rates); `sql` is run in BPS's database before anything starts.
    """

    seed: int
    seconds: float
    rate: float
    faults: Mapping[str, int] | None = None
    stories: Mapping[str, float] = field(default_factory=lambda: STORIES)
    digits: Mapping[str, float] = field(default_factory=lambda: {"": 1.0})
    single_success: bool = False
    key_window_seconds: int = 40
    session_seconds: int = 86_400
    environment: Mapping[str, str] = field(default_factory=dict)
    sql: tuple[str, ...] = ()
    calm_seconds: float = 120.0

    @property
    def plan(self) -> list[Fault]:
        """The faults, earliest first."""
        numbers = full_numbers(self.seconds) if self.faults is None else self.faults
        return make_plan(self.seed, seconds=self.seconds, numbers=numbers)
