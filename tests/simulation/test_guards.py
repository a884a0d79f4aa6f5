"""Guards: each is there by the name it is removed by, and a removed one is missed."""

from __future__ import annotations

from importlib import import_module

import pytest

from bench import simulate
from bench.simulation.campaign import play_block
from bench.simulation.guards import GUARDS, Guard, without

SEEDS_ENOUGH = ["silence-is-no-failure", "the-graph-judges", "sweeper", "another-end-is-no-success"]


@pytest.mark.parametrize("guard", GUARDS.values(), ids=lambda guard: guard.name)
def test_a_guard_stands_where_it_is_said_to_and_comes_back(guard: Guard) -> None:
    module, _, name = guard.replaced.rpartition(".")
    assert module.startswith(("payments.domain.", "bench.simulation."))
    shipped = getattr(import_module(module), name)

    with without(guard):
        assert getattr(import_module(module), name) is guard.by

    assert getattr(import_module(module), name) is shipped
    assert bool(guard.off) is bool(guard.because)


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
