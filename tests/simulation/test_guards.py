"""Guards: each is there by the name it is removed by, and a removed one is missed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from bench import simulate
from bench.simulation.campaign import play_block
from bench.simulation.guards import GUARDS, Guard, without

SEEDS_ENOUGH = ["silence-is-no-failure", "the-graph-judges", "sweeper", "another-end-is-no-success"]


def standing(guard: Guard) -> Any:
    """Return what stands where a guard is said to."""
    module, _, name = guard.replaced.rpartition(".")
    return getattr(import_module(module), name)


def test_a_guard_stands_where_it_is_said_to_and_comes_back() -> None:
    for guard in GUARDS.values():
        shipped = standing(guard)

        with without(guard):
            assert standing(guard) is guard.by, guard.name

        assert standing(guard) is shipped, guard.name
        assert guard.replaced.startswith(("payments.domain.", "bench.simulation.")), guard.name
        assert bool(guard.off) is bool(guard.because), guard.name


@pytest.mark.parametrize("name", SEEDS_ENOUGH)
def test_a_removed_guard_is_missed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--without", name]) == 0
    assert f"  {name}" in capsys.readouterr().out


def test_what_was_removed_leaves_no_trace() -> None:
    before = play_block(1, 0, 50).digest
    for guard in GUARDS.values():
        with without(guard):
            pass

    assert play_block(1, 0, 50).digest == before
