"""Histories through the real flows, with all of the queue lost now and then and workers killed at any statement.

HUB_TEST_HISTORIES scales how many are run (1: as in CI), HUB_TEST_FIRST_SEED says where they start.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.history_world import World
from flows.memory_system import MemorySystem
from flows.shop_floor import ShopFloor

from hub.store.session import Database

SCALE = float(os.environ.get("HUB_TEST_HISTORIES", "1"))
FIRST_SEED = int(os.environ.get("HUB_TEST_FIRST_SEED", "0"))
HISTORIES = range(FIRST_SEED, FIRST_SEED + max(1, round(24 * SCALE)))
STEPS = 60
System = Callable[..., MemorySystem]


@pytest.fixture
def embedded(sqlite_template: Path, tmp_path: Path, clock: Any) -> Hub:
    file = tmp_path / "hub.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    return Hub(Database(f"sqlite:///{file}"), tmp_path / "home", clock)


@pytest.mark.parametrize("seed", HISTORIES)
def test_a_history_with_workers_killed_anywhere_comes_to_rest(
    embedded: Hub, system: System, seed: int
) -> None:
    luck = random.Random(seed)
    world = World(embedded, system, luck)
    floor = ShopFloor(embedded, luck)
    for one in world.systems:
        one.before_write = floor.meanwhile(world.edit)
    play(world, floor, luck)
    world.calm()
    print(f"seed {seed}: killed {floor.killed} times")
    try:
        assert world.broken() == []
        embedded.assert_healthy()
    finally:
        embedded.db.close()


def play(world: World, floor: ShopFloor, luck: random.Random) -> None:
    acts: dict[Callable[[], None], int] = {
        world.person: 1,
        world.edit: 8,
        world.blank: 1,
        world.arm: 3,
        world.wait: 3,
        world.land: 1,
        world.decide: 1,
        lambda: floor.ring(time.time()): 8,
        floor.work: 14,
        lambda: floor.work(steps=luck.randrange(45)): 10,
        floor.lose_queue: 1,
    }
    for _ in range(STEPS):
        luck.choices(list(acts), list(acts.values()))[0]()
