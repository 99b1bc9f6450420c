"""Random histories of people, faults and a steward on three systems, each synced as a person would: in the end all
agree.

The rules alone are proven over far more histories in tests/properties/sync; here it is what the flows make of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.history_world import FAULTS, LEASE, World
from flows.memory_system import MemorySystem

from hub.store.session import Database

System = Callable[..., MemorySystem]
HISTORIES = range(12)
STEPS = 22


class Synced(World):
    """The whole sync in one process, which may be killed while its write is out."""

    def arm(self) -> None:
        self.luck.choice(self.systems).arm(*self.luck.choices((*FAULTS, "killed"), k=2))

    def sync(self) -> None:
        names = [one.name for one in self.systems]
        try:
            self.hub.sync(*self.luck.sample(names, self.luck.randrange(1, 4)), confirm=True)
        except KeyboardInterrupt:
            self.hub.clock.wait(self.luck.choice((1.0, LEASE)))


@pytest.fixture
def embedded(sqlite_template: Path, tmp_path: Path, clock: Any) -> Hub:
    """A hub on SQLite only: what differs between the databases is tested elsewhere."""
    file = tmp_path / "hub.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    return Hub(Database(f"sqlite:///{file}"), tmp_path / "home", clock)


@pytest.mark.parametrize("seed", HISTORIES)
def test_a_random_history_converges_and_creates_nothing_twice(
    embedded: Hub, system: System, seed: int
) -> None:
    luck = random.Random(seed)
    world = Synced(embedded, system, luck)
    acts: list[Callable[[], None]] = [
        world.person, world.edit, world.blank, world.arm, world.sync, world.wait, world.land,
    ]  # fmt: skip
    steward_too = seed % 3 == 0
    for _ in range(STEPS):
        weights = [1, 6, 1, 3, 6, 2, 1]
        if steward_too:
            luck.choices([*acts, world.decide], [*weights, 2])[0]()
        else:
            luck.choices(acts, weights)[0]()
    world.calm()
    try:
        assert world.broken() == []
        embedded.assert_healthy()
    finally:
        embedded.db.close()
