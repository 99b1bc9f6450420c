"""Two workers on one PostgreSQL, each killed now and then, and standing still past its lease beside the other.

HUB_TEST_HISTORIES scales how many histories are run (10: the thirty of the proof).
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.history_world import World
from flows.memory_system import MemorySystem
from flows.shop_floor import LEASE, Killed, ShopFloor

from hub.store.session import Database

SCALE = float(os.environ.get("HUB_TEST_HISTORIES", "1"))
FIRST_SEED = int(os.environ.get("HUB_TEST_FIRST_SEED", "0"))
HISTORIES = range(FIRST_SEED, FIRST_SEED + max(1, round(3 * SCALE)))
ROUNDS = 8
System = Callable[..., MemorySystem]


class Worker(threading.Thread):
    """Takes jobs from the shared queue until it is empty."""

    def __init__(self, floor: ShopFloor, luck: random.Random) -> None:
        super().__init__()
        self.floor, self.luck = floor, luck
        self.defect: BaseException | None = None
        self.killed = 0

    def run(self) -> None:
        try:
            while self.floor.queue:
                self._one()
        except BaseException as error:
            self.defect = error

    def _one(self) -> None:
        """Each job in a process of its own, as far as the store can tell."""
        db, reaper = Database(self.floor.hub.db.url), self.floor.reaper
        reaper.watch(db)
        try:
            kind, id = self.floor.queue.pop()
            with reaper.after(self.luck.randrange(60) if self.luck.random() < 0.3 else None):
                self.floor.job(db, kind, id)
        except Killed:
            self.killed += 1
        except IndexError:
            pass  # the other one was quicker
        finally:
            db.close()


@pytest.mark.parametrize("db_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("seed", HISTORIES)
def test_two_workers_come_to_rest(db: Database, tmp_path: Any, clock: Any, system: System, seed: int) -> None:
    luck = random.Random(seed)
    hub = Hub(db, tmp_path / "home", clock)
    world = World(hub, system, luck)
    floor = ShopFloor(hub, luck)

    def before_write() -> None:
        """Another moment to die in, to stand still in until the lease is over, or to be overtaken in."""
        floor.reaper.step()
        chance = luck.random()
        if chance < 0.1:
            clock.wait(2 * LEASE)
            floor.ring(time.time())
        if chance < 0.5:
            time_to_others.wait(0.01)

    time_to_others = threading.Event()  # never set
    for one in world.systems:
        one.before_write = before_write
    killed = 0
    for _ in range(ROUNDS):
        killed += one_round(world, floor, luck)
    world.calm()
    print(f"seed {seed}: killed {killed} times")
    assert world.broken() == []
    hub.assert_healthy()


def one_round(world: World, floor: ShopFloor, luck: random.Random) -> int:
    """People go on while both work. Returns how often a worker died."""
    acts = {
        world.person: 1,
        world.edit: 8,
        world.blank: 1,
        world.arm: 3,
        world.wait: 2,
        world.land: 1,
        world.decide: 1,
        floor.lose_queue: 1,
    }
    few = luck.choices(list(acts), list(acts.values()), k=6)
    for act in few[:3]:
        act()
    for _ in range(2):
        floor.ring(time.time())
    workers = [Worker(floor, random.Random(luck.random())) for _ in range(2)]
    for worker in workers:
        worker.start()
    for act in few[3:]:
        act()
    for worker in workers:
        worker.join()
        if worker.defect:
            raise worker.defect
    return sum(worker.killed for worker in workers)
