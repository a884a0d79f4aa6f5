"""Eight shops' servers press Buy Now, or ask for refunds, on one checkout at the same instant.

The short form of bench/contention.py, in which 32 do so a thousand times.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import ModuleType

import pytest

from bench import buy_now_rounds, refund_rounds
from bench.api import Api, books
from bench.rounds import play
from tests.scenarios.world import World

CLIENTS = 8


@pytest.fixture
def api(served_world: World) -> Iterator[Api]:
    """Return the API as the benchmark's clients use it."""
    key = served_world.headers["Authorization"].partition(" ")[2]
    with closing(Api(served_world.bps_url, key)) as api:
        yield api


class TestManyWhoPressAtOnce:
    @pytest.mark.parametrize("kind", [buy_now_rounds, refund_rounds], ids=["buy now", "refunds"])
    def test_get_one_charge_and_no_more_than_it_back_and_see_no_error(
        self, served_world: World, api: Api, kind: ModuleType
    ) -> None:
        world = served_world
        each = range(len(kind.MANNERS))
        rounds = [kind.prepare(api, "https://shop.test/thanks", CLIENTS, one) for one in each]

        with ThreadPoolExecutor(CLIENTS) as clients:
            played = play(rounds, clients, CLIENTS)

        assert [fault for one in played for fault in one.faults] == []
        for one in rounds:
            world.work_until(one.has_ended)
        booked = books(world.sandbox.base_url)
        assert [fault for one in rounds for fault in one.faults_at_the_end(booked)] == []
        assert {one.kind for one in rounds} == {manner.name for manner in kind.MANNERS}
