"""One delivery waits per binding, whatever comes; a change during a running write makes exactly one follow-up.

The follow-up is asked for twice: by a mark on the row that is being worked on, and by the receipt, which looks at
golden again. Histories hold with one of them left out, and break without both.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.history_world import World
from flows.memory_system import MAP, MemorySystem
from flows.shop_floor import ShopFloor
from flows.test_killed import play
from sqlalchemy import Connection, text

from hub.flows import delivery, work
from hub.store.queries import outgoing
from hub.store.session import Database

System = Callable[..., MemorySystem]
ENOUGH = 60
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Bonn"}


def swallowed(connection: Connection, rows: Any, *, now: float) -> None:
    """Mutant: the row stands for the change, not for the record, so that one at work is taken for this one."""
    claimed = {
        row[0] for row in connection.execute(text("SELECT record_id FROM delivery WHERE state = 'claimed'"))
    }
    OWE(connection, [row for row in rows if row.record_id not in claimed], now=now)


OWE, SETTLE = outgoing.owe, delivery.settle


def unasked(*of: Any, **how: Any) -> Any:
    """Mutant: a receipt does not ask whether golden has moved meanwhile."""
    return SETTLE(*of, **how)._replace(follow_up=False)


def pull(hub: Hub, name: str) -> None:
    work.run_pull(hub.db, hub.settings, work.request_pull(hub.db, hub.stream(name), options={}), keep=False)


def push(hub: Hub, name: str) -> None:
    work.run_push(hub.db, hub.settings, hub.wiring(), of=[hub.stream(name)])


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", **ANN)
    beta.put(id="b1", **ANN)
    for one in (alpha, beta):
        hub.connect(one.name, "update = true", map=MAP)
    hub.settle()
    return alpha, beta


def test_a_burst_of_edits_is_one_write(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    for number in range(5):
        alpha.edit("a1", city=f"Ulm{number}")
        pull(hub, "alpha")
    push(hub, "beta")
    assert beta.writes == [("b1", {"city": "Ulm4"})]


def test_changes_during_a_write_are_one_follow_up(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair

    def edits() -> None:
        beta.before_write = None
        for number in range(3):
            alpha.edit("a1", city=f"Trier{number}")
            pull(hub, "alpha")

    beta.before_write = edits
    alpha.edit("a1", city="Ulm")
    pull(hub, "alpha")
    push(hub, "beta")
    assert beta.writes == [("b1", {"city": "Ulm"}), ("b1", {"city": "Trier2"})]


def test_histories_break_without_the_follow_up(
    sqlite_template: Path, tmp_path: Path, clock: Any, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "owe", swallowed)
    monkeypatch.setattr(delivery, "settle", unasked)
    for seed in range(ENOUGH):
        file = tmp_path / f"{seed}.sqlite"
        file.write_bytes(sqlite_template.read_bytes())
        hub = Hub(Database(f"sqlite:///{file}"), tmp_path / str(seed), clock)
        luck = random.Random(seed)
        world = World(hub, system, luck)
        floor = ShopFloor(hub, luck)
        for one in world.systems:
            one.before_write = floor.meanwhile(world.edit)
        play(world, floor, luck)
        world.calm()
        found = world.broken()
        hub.db.close()
        if found:
            print(f"without the coalescing key: after {seed + 1}, {found[0]}")
            return
    pytest.fail(f"{ENOUGH} histories hold without the follow-up")
