"""Eight shops' servers press Buy Now on the same checkouts at the same instant.

The short form of bench/contention.py, in which 32 do so a thousand times.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from bench.api import Api, books
from bench.buy_now_rounds import MANNERS, prepare
from bench.rounds import play
from tests.scenarios.world import World

CLIENTS = 8
ROUNDS = 10


@pytest.fixture
def api(served_world: World) -> Iterator[Api]:
    """Return the API as the benchmark's clients use it."""
    key = served_world.headers["Authorization"].partition(" ")[2]
    with closing(Api(served_world.bps_url, key)) as api:
        yield api


class TestManyWhoPressAtOnce:
    def test_make_one_charge_each_and_see_no_error(self, served_world: World, api: Api) -> None:
        world = served_world
        rounds = [prepare(api, "https://shop.test/thanks", CLIENTS, n) for n in range(ROUNDS)]

        with ThreadPoolExecutor(CLIENTS) as clients:
            played = play(rounds, clients, CLIENTS)

        assert [fault for one in played for fault in one.faults] == []
        for one in rounds:
            world.work_until(one.has_ended)
        charged = books(world.sandbox.base_url)
        assert [fault for one in rounds for fault in one.faults_at_the_end(charged)] == []
        assert {one.kind for one in rounds} == {manner.name for manner in MANNERS}
