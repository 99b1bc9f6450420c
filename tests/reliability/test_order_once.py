"""One order of a real store, told by webhook and by page, again and again, with workers killed over it: one sale in a
real ERP.

The store is the demo's (Vendure, by npm); without Node.js the tests are skipped.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import itertools
import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

import pytest
from reliability.processes import kill
from reliability.reliability_world import LEASE, World
from reliability.striking_proxy import Strike, StrikingProxy

from hub.canonical.country import COUNTRIES
from hub.demo import erp_sales, store_desk
from hub.demo.erp import Erp
from hub.demo.population import Party
from hub.demo.store import Store
from hub.demo.story import SEED
from hub.demo.views import world as people
from hub.testkit.loopback import Request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("node") is None or shutil.which("npm") is None, reason="the store needs Node.js and npm"
    ),
]

HOOK = "a-secret-of-the-store"
CONNECTIONS = """
[connection.store]
connector = "vendure"
url = "{store}"
user = "{user}"
password = "env:STORE_PASSWORD"
webhook_secret = "env:STORE_HOOK"
[connection.store.customer]
update = true
[connection.store.order]
update = true
[connection.erp]
connector = "tryton"
url = "{erp}"
key = "env:ERP_KEY"
unknown_product = "create"
[connection.erp.customer]
update = true
create = "referenced"
[connection.erp.order]
update = true
create = "all"
"""


def is_sale(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("sale.sale/create")


def is_confirm(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/confirm")


class Trade(NamedTuple):
    """A store, an ERP behind a proxy, and a hub at work between them."""

    world: World
    store: Store
    till: store_desk.Till
    shopper: Party
    port: int

    def order(self) -> str:
        return self.till.order(self.shopper, guest=False)

    def webhook(self, order: str) -> None:
        """The store says that the order has changed; the hub answers 200."""
        said = {
            "id": secrets.token_hex(8),
            "topic": "order.state",
            "occurredAt": datetime.now(UTC).isoformat(),
            "data": {"id": order, "to": "PaymentSettled"},
        }
        body = json.dumps(said).encode()
        signature = hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        web.request("POST", "/hooks/store", body, {"x-signature-sha256": signature})
        assert web.getresponse().status == 200
        web.close()

    def page(self) -> None:
        """The store is read."""
        self.world.hub("sync", "store", code=None)

    def sales(self, order: str) -> list[dict[str, Any]]:
        """The sales of an order in the ERP, by its own API."""
        code = store_desk.orders(self.store)[order].code
        body = {"domain": [["reference", "=", code]], "fields_names": ["state", "total_amount"]}
        return list(self.world.erp.call("POST", "sale.sale/search_read", body, timeout=60))

    def agreed(self, order: str) -> bool:
        found = self.sales(order)
        return bool(found) and found[0]["state"] == "processing" and self.world.open_work() == {}


@pytest.fixture(scope="module")
def trade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trade]:
    folder = tmp_path_factory.mktemp("order-once")
    with ExitStack() as stack:
        store = Store(folder, progress=print)
        stack.callback(store.stop)
        shopper = next(one for one in people(SEED).parties.values() if one.family and one.email)
        store_desk.furnish(store, [(shopper.place.country, COUNTRIES[shopper.place.country].english)])
        store_desk.open_accounts(store, [shopper])
        erp = stack.enter_context(Erp.start(folder / "erp", progress=print))
        proxy = stack.enter_context(StrikingProxy(erp.url))
        world = World(folder, erp, proxy)
        stack.callback(world.end)
        world.env |= {"STORE_PASSWORD": store.password, "STORE_HOOK": HOOK}
        world.hub("init", str(world.home))
        file = world.home / "connections.toml"
        file.write_text(CONNECTIONS.format(store=store.url, user=store.user, erp=proxy.address))
        world.hub("apply", str(file))
        till = store_desk.Till(store, Random(7))
        till.order(shopper, guest=False)
        address = world.start()
        world.hub("sync", "--confirm")
        yield Trade(world, store, till, shopper, int(address.rpartition(":")[2].strip("/")))


ORDERS = list(itertools.permutations(("webhook", "page", "webhook"), 3))
STRIKES: dict[str, tuple[Callable[[Request], bool], bool]] = {
    "nothing": (is_sale, True),
    "killed when the sale was made": (is_sale, True),
    "killed before it was confirmed": (is_confirm, False),
}


@pytest.mark.parametrize("strike", STRIKES)
def test_told_in_any_order_and_again_it_is_one_sale(trade: Trade, strike: str) -> None:
    world = trade.world
    when, landed = STRIKES[strike]
    if strike != "nothing":
        act = lambda: _kill_workers(world)  # noqa: E731
        world.proxy.arm_strike(Strike(when, act, landed=landed))
    order = trade.order()
    for way in Random(strike).choice(ORDERS):
        trade.webhook(order) if way == "webhook" else trade.page()
        time.sleep(0.2)
    took = world.until(lambda: trade.agreed(order), what=f"the sale of {order}", within=LEASE + 120)
    trade.webhook(order)
    trade.page()
    world.until(lambda: trade.agreed(order), what="nothing waits")
    print(f"{strike}: one sale {took:.1f} s after it was told")
    if strike != "nothing":
        assert world.proxy.struck_at is not None, "nothing happened to it"
    assert [one["state"] for one in trade.sales(order)] == ["processing"]
    placed = store_desk.orders(trade.store)[order]
    total = erp_sales.sales(world.erp)[placed.code].total
    assert total * 100 == placed.cents
    world.hub("rebuild", "--check")


def _kill_workers(world: World) -> None:
    """kill -9 of whoever is at a job that writes."""
    kill([*world.processes("worker", "realtime"), *world.processes("worker", "bulk")])
