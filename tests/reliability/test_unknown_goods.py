"""Orders of a real store (django-oscar) for goods that a real ERP (Tryton) does not know: held with the reason, made
there, or sold under a stand-in; the total is the store's in each case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from reliability.reliability_world import World
from reliability.striking_proxy import StrikingProxy
from reliability.test_one_story import beside

from hub.demo import erp_sales
from hub.demo.erp import Erp
from hub.errors import ConnectionBroken

pytestmark = pytest.mark.slow

CONNECTIONS = """
[connection.shop]
connector = "oscar"
url = "{shop}"
user = "{keeper}"
password = "env:SHOP_PASSWORD"
[connection.shop.customer]
[connection.shop.order]
[connection.erp]
connector = "tryton"
url = "{erp}"
key = "env:ERP_KEY"
{unknown}
[connection.erp.customer]
update = true
create = "referenced"
[connection.erp.order]
update = true
create = "all"
"""


class Trade(NamedTuple):
    world: World
    shop: Any
    buyer: Any

    def unknown(self, line: str) -> None:
        """What becomes of goods the ERP does not know, from now on."""
        file = self.world.home / "connections.toml"
        keeper = beside("oscar", "server").USER
        file.write_text(
            CONNECTIONS.format(shop=self.shop.url, keeper=keeper, erp=self.world.erp.url, unknown=line)
        )
        self.world.hub("apply", str(file))

    def sold(self, order: str) -> erp_sales.Sold | None:
        number = self.shop.admin.call("GET", f"admin/orders/{order}/")["number"]
        return erp_sales.sales(self.world.erp).get(number)

    def total(self, order: str) -> Decimal:
        return Decimal(self.shop.admin.call("GET", f"admin/orders/{order}/")["total_incl_tax"])


@pytest.fixture(scope="module")
def trade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trade]:
    server = beside("oscar", "server")
    folder = tmp_path_factory.mktemp("unknown-goods")
    with ExitStack() as stack:
        try:
            shop = stack.enter_context(server.Shop(tmp_path_factory.mktemp("shop")))
        except ConnectionBroken as reason:
            pytest.skip(f"no django-oscar shop: {reason}")
        erp = stack.enter_context(Erp.start(folder / "erp", progress=print))
        world = World(folder, erp, stack.enter_context(StrikingProxy(erp.url)))
        stack.callback(world.end)
        world.env |= {"SHOP_PASSWORD": server.PASSWORD}
        world.hub("init", str(world.home))
        yield Trade(world, shop, beside("oscar", "conftest").Buyer(shop, "guest@x.example.org", guest=True))


def test_held_then_sold_under_a_stand_in_then_made(trade: Trade) -> None:
    world = trade.world
    trade.unknown("")  # hold is the default
    held = trade.buyer.buy({"SALE-1": 2, "BOOK-1": 1}, shipping="fixed-price-shipping")
    world.hub("sync", "--confirm", code=None)
    assert trade.sold(held) is None
    said = world.hub("delivery", "list", "--state", "dead", "--json")
    (letter,) = [json.loads(line) for line in said.splitlines()]
    assert "W-SALE-1" in letter["cause"] or "W-BOOK-1" in letter["cause"]
    assert "unknown_product" in letter["cause"]

    trade.unknown('unknown_product = "placeholder"\nplaceholder_product = "REFUND"')
    world.hub("delivery", "replay", "--all")
    world.hub("sync", "--confirm")
    sale = trade.sold(held)
    assert sale is not None
    assert (sale.total, sale.state) == (trade.total(held), "processing")
    assert set(sale.lines) <= {"REFUND", "SHIPPING", "DISCOUNT"}
    assert sale.lines["REFUND"] == 3

    trade.unknown('unknown_product = "create"')
    made = trade.buyer.buy({"SALE-1": 2, "BOOK-1": 1}, voucher="WELCOME")
    world.hub("sync", "--confirm")
    sale = trade.sold(made)
    assert sale is not None
    assert (sale.total, sale.lines["W-SALE-1"], sale.lines["W-BOOK-1"]) == (trade.total(made), 2, 1)
    assert world.open_work() == {}
    world.hub("rebuild", "--check")
