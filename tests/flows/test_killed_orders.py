"""Orders whose customer must be made first, with workers killed anywhere: each waits, is woken, and arrives once."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MemorySystem
from flows.shop_floor import ShopFloor
from flows.test_orders_out import ORDER, Market

from hub.store.session import Database

SCALE = float(os.environ.get("HUB_TEST_HISTORIES", "1"))
FIRST_SEED = int(os.environ.get("HUB_TEST_FIRST_SEED", "0"))
HISTORIES = range(FIRST_SEED, FIRST_SEED + max(1, round(6 * SCALE)))
STEPS = 40
FAULTS = ("lose_request", "lose_answer", "late", "retry", "fine")
System = Callable[..., MemorySystem]


class Trade:
    """A store in which people register and order, and an ERP that is given what it needs."""

    def __init__(self, hub: Hub, system: System, luck: random.Random) -> None:
        self.hub, self.luck, self.market = hub, luck, Market(hub, system)
        erp, sales = self.market.erp, self.market.sales
        assert sales is not None
        erp.capabilities = replace(erp.capabilities, lands_late_seconds=300.0)
        sales.capabilities = replace(sales.capabilities, lands_late_seconds=300.0)
        self.takers = [erp, sales]
        self.register()
        self.market.open()
        hub.sync(confirm=True)

    def register(self) -> None:
        number = len(self.market.shop.rows) + 1
        self.market.shop.put(first="Ann", last=f"Number{number}", mail=f"n{number}@x.org")

    def order(self) -> None:
        who = self.luck.choice(list(self.market.shop.rows))
        number = len(self.market.sold.rows) + 1
        self.market.sold.put(id=f"o{number}", who=who, **{**ORDER, "no": f"R{number}"})

    def arm(self) -> None:
        self.luck.choice(self.takers).arm(*self.luck.choices(FAULTS, k=2))

    def land(self) -> None:
        for one in self.takers:
            one.land()

    def wait(self) -> None:
        self.hub.clock.wait(self.luck.choice((1.0, 60.0, 600.0, 7200.0)))

    def calm(self) -> None:
        for one in self.takers:
            one.faults.clear()
            one.before_write = None
        self.land()
        for _ in range(6):
            self.hub.clock.wait(25 * 3600.0)
            self.hub.sync(confirm=True)


@pytest.mark.parametrize("seed", HISTORIES)
def test_each_order_arrives_once_with_its_customer(
    sqlite_template: Path, tmp_path: Path, clock: Any, system: System, seed: int
) -> None:
    file = tmp_path / "hub.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    luck = random.Random(seed)
    hub = Hub(Database(f"sqlite:///{file}"), tmp_path / "home", clock)
    trade, floor = Trade(hub, system, luck), ShopFloor(hub, luck)
    for one in trade.takers:
        one.before_write = floor.meanwhile(trade.order)
    acts: dict[Callable[[], None], int] = {
        trade.register: 2,
        trade.order: 4,
        trade.arm: 3,
        trade.land: 1,
        trade.wait: 3,
        lambda: floor.ring(time.time()): 8,
        floor.work: 14,
        lambda: floor.work(steps=luck.randrange(45)): 10,
        floor.lose_queue: 1,
    }
    for _ in range(STEPS):
        luck.choices(list(acts), list(acts.values()))[0]()
    trade.calm()
    print(f"seed {seed}: killed {floor.killed} times, {len(trade.market.sold.rows)} orders")
    try:
        assert unlike(trade) == []
    finally:
        hub.db.close()


def unlike(trade: Trade) -> list[str]:
    """What differs from one sale for each order, with the one party of whoever ordered."""
    shop, sold, erp, sales = (trade.market.shop, trade.market.sold, trade.market.erp, trade.market.sales)
    assert sold is not None and sales is not None
    found = []
    for row in sold.rows.values():
        there = [sale for sale in sales.rows.values() if sale["no"] == row["no"]]
        parties = [id for id, party in erp.rows.items() if party["mail"] == shop.rows[row["who"]]["mail"]]
        if len(there) != 1 or len(parties) != 1 or there[0]["who"] != parties[0]:
            found.append(f"{row['no']}: sales {there}, parties {parties}")
    waits = trade.hub.rows("SELECT object, state, cause FROM creation WHERE state <> 'done'")
    return found + [str(tuple(row)) for row in waits]
