"""Orders travel from the store they were placed in to the ERP, once, and come back with what became of them there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.store.documents import load
from hub.sync.scope import CreatePolicy

System = Callable[..., MemorySystem]

_ORDER = """\
object = "order"
ignore = ["id"]
[pull]
source_updated_at = "updated"
number = "no"
customer_record = "who"
email = "mail"
"billing_address.recipient" = "name"
currency = "cur"
status = "state"
test = "test"
"totals.grand_total" = { from = "sum", currency = "cur" }
"totals.shipping" = { from = "ship", currency = "cur" }
MORE
[pull."lines[]"]
external_id = "id"
sku = "sku"
quantity = "qty"
unit_price = "price"
[pull."fulfilments[]"]
external_id = "id"
reference = "ref"
status = "state"
lines = "items"
[pull."refunds[]"]
external_id = "id"
reference = "ref"
amount = "amount"
[push]
PUSH
[push."fulfilments[]"]
ref = "reference"
state = "status"
items = "lines"
[push."refunds[]"]
ref = "reference"
amount = "amount"
"""
SHOP_MAP = _ORDER.replace("MORE\n", "").replace("PUSH\n", "")
ERP_MAP = (
    _ORDER.replace("MORE\n", '"external_ref[hub]" = "mark"\n').replace("PUSH\n", "")
    + """\
[push."lines[]"]
sku = "sku"
qty = "quantity"
price = "unit_price"
"""
)
FIELDS = (
    "no", "who", "mail", "name", "cur", "state", "test", "sum", "ship", "mark", "lines", "fulfilments", "refunds",
)  # fmt: skip
LINES = [
    {"id": "1", "sku": "A", "qty": "2", "price": "3.00"},
    {"id": "2", "sku": "B", "qty": "1", "price": "4.00"},
]
ORDER = {"no": "R1", "cur": "EUR", "state": "open", "sum": "10.00", "lines": LINES}
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org"}


def numbered(row: dict[str, Any]) -> None:
    """Gives parcels and refunds an id of its own, as a real system does."""
    for name in ("fulfilments", "refunds"):
        for place, one in enumerate(row[name] or (), 1):
            one.setdefault("id", f"{name[0]}{place}")
            one.setdefault("ref", "")


class Market:
    """A store whose orders go to an ERP."""

    def __init__(self, hub: Hub, system: System) -> None:
        self.hub = hub
        self.shop, self.erp = system("shop"), system("erp")
        for one in (self.shop, self.erp):
            one.orders = MemorySystem(f"{one.name}-orders", fields=FIELDS, computes=numbered)
        self.sold, self.sales = self.shop.orders, self.erp.orders
        assert self.sold is not None and self.sales is not None
        self.sold.capabilities = replace(self.sold.capabilities, create=False)
        (hub.home / "shop-order.toml").write_text(SHOP_MAP, encoding="utf-8")
        (hub.home / "erp-order.toml").write_text(ERP_MAP, encoding="utf-8")

    def open(self, customers: CreatePolicy = "referenced", orders: CreatePolicy = "all") -> None:
        self.hub.connect(
            "shop",
            "update = true",
            map=MAP,
            more='[connection.shop.order]\nmap = "shop-order.toml"\nupdate = true',
        )
        self.hub.connect(
            "erp",
            f'update = true\ncreate = "{customers}"',
            map=MAP,
            more=f'[connection.erp.order]\nmap = "erp-order.toml"\nupdate = true\ncreate = "{orders}"',
        )

    def sale(self) -> dict[str, Any]:
        """The only sale of the ERP."""
        (row,) = self.sales.rows.values()
        return row

    def order(self) -> dict[str, Any]:
        return load(self.hub.one("SELECT doc FROM order_document WHERE id = origin_id"))


@pytest.fixture
def market(hub: Hub, system: System) -> Market:
    made = Market(hub, system)
    made.shop.put(id="s1", **ANN)
    made.sold.put(id="o1", who="s1", **ORDER)
    return made


def test_an_order_becomes_one_sale_of_the_right_party_which_is_made_when_it_is_needed(
    hub: Hub, market: Market
) -> None:
    market.shop.put(id="s2", first="Bo", last="Ek", mail="bo@x.org")
    market.open()
    hub.settle()
    (party,) = market.erp.rows.values()
    assert party["mail"] == "ann@x.org"  # Bo has ordered nothing
    sale = market.sale()
    assert (sale["who"], sale["no"], sale["sum"]) == (party["id"], "R1", "10.00")
    assert [(line["sku"], line["qty"]) for line in sale["lines"]] == [("A", "2"), ("B", "1")]
    assert str(sale["mark"]).startswith("ord_")
    hub.settle()
    assert market.sales.calls["created"] == 1
    assert hub.count("order_document", "id = origin_id") == 1


def test_a_known_party_is_used(hub: Hub, market: Market) -> None:
    market.erp.put(id="e9", **ANN)
    market.open("never")
    hub.settle()
    assert market.sale()["who"] == "e9"


def test_without_a_party_there_an_order_waits_and_says_why_and_goes_when_one_comes(
    hub: Hub, market: Market
) -> None:
    market.open("never")
    hub.sync(confirm=True)
    assert market.sales.rows == {}
    assert 'create = "referenced"' in hub.one("SELECT cause FROM creation WHERE object = 'order'")
    market.erp.put(id="e9", **ANN)
    hub.settle()
    assert market.sale()["who"] == "e9"


def test_a_guest_gets_a_customer_record_of_his_own_which_may_join_an_account(
    hub: Hub, market: Market
) -> None:
    market.sold.put(id="o2", mail="ann@x.org", name="Ann Lee", **ORDER)
    market.open()
    hub.settle()
    assert hub.customer("shop", "order:o2") == hub.customer("shop", "s1")
    assert {sale["who"] for sale in market.sales.rows.values()} == set(market.erp.rows)
    assert len(market.erp.rows) == 1
    assert market.shop.writes == []  # nothing is written to a guest


def test_a_parcel_made_in_the_erp_arrives_in_the_store_once(hub: Hub, market: Market) -> None:
    market.open()
    hub.settle()
    (id,) = market.sales.rows
    market.sales.edit(
        id,
        fulfilments=[{"id": "p1", "ref": "", "state": "shipped", "items": [{"sku": "A", "quantity": "1"}]}],
    )
    hub.settle()
    (parcel,) = market.sold.rows["o1"]["fulfilments"]
    assert (parcel["ref"], parcel["state"]) == ("erp:p1", "shipped")
    assert market.order()["fulfilment_status"] == "partial"
    writes = len(market.sold.writes)
    hub.settle()
    assert (len(market.sold.writes), market.sales.calls["created"]) == (writes, 1)
    first, rest = (
        [{"sku": "A", "quantity": "1"}],
        [{"sku": "A", "quantity": "1"}, {"sku": "B", "quantity": "1"}],
    )
    parcels = [("p1", first), ("p2", rest)]
    market.sales.edit(
        id,
        fulfilments=[{"id": name, "ref": "", "state": "shipped", "items": items} for name, items in parcels],
    )
    hub.settle()
    assert [one["ref"] for one in market.sold.rows["o1"]["fulfilments"]] == ["erp:p1", "erp:p2"]
    assert market.order()["fulfilment_status"] == "shipped"


def test_a_refund_in_the_store_arrives_in_the_erp_once(hub: Hub, market: Market) -> None:
    market.open()
    hub.settle()
    market.sold.edit("o1", refunds=[{"id": "r1", "ref": "", "amount": "4.00"}])
    hub.settle()
    hub.settle()
    (refund,) = market.sale()["refunds"]
    assert (refund["ref"], refund["amount"]) == ("shop:r1", "4.00")
    assert market.order()["payment_status"] == "partially_refunded"


def test_cancelling_travels_both_ways(hub: Hub, market: Market) -> None:
    market.sold.put(id="o2", who="s1", **{**ORDER, "no": "R2"})
    market.open()
    hub.settle()
    by_number = {row["no"]: id for id, row in market.sales.rows.items()}
    market.sold.edit("o1", state="cancelled")
    market.sales.edit(by_number["R2"], state="cancelled")
    hub.settle()
    assert market.sales.rows[by_number["R1"]]["state"] == "cancelled"
    assert market.sold.rows["o2"]["state"] == "cancelled"


def test_an_edit_of_the_order_reaches_the_same_sale(hub: Hub, market: Market) -> None:
    market.open()
    hub.settle()
    market.sold.edit("o1", sum="6.00", lines=LINES[:1])
    hub.settle()
    assert [line["sku"] for line in market.sale()["lines"]] == ["A"]
    assert market.sale()["sum"] == "6.00"


@pytest.mark.parametrize(
    "odd", [{"sum": "11.00"}, {"state": "draft"}, {"test": True}], ids=["totals", "draft", "test"]
)
def test_what_is_no_whole_real_order_is_kept_and_not_pushed_on(
    hub: Hub, market: Market, odd: dict[str, Any]
) -> None:
    market.sold.edit("o1", **odd)
    market.open()
    hub.settle()
    assert market.sales.rows == {}
    assert hub.count("order_document") == 1
    market.sold.edit("o1", **{**ORDER, "test": ""})
    hub.settle()
    assert len(market.sales.rows) == 1


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request", "late", "killed"])
def test_a_sale_is_made_once_whatever_happens_to_the_call(hub: Hub, market: Market, fault: str) -> None:
    market.erp.put(id="e9", **ANN)
    market.open()
    market.sales.arm(fault)
    with suppress(KeyboardInterrupt):
        hub.sync(confirm=True)
    market.sales.land()
    for _ in range(6):
        hub.clock.wait(600)
        hub.sync(confirm=True)
    assert market.sale()["who"] == "e9"
    assert hub.count("creation", "state <> 'done'") == 0
    assert hub.count("order_document", "id = origin_id") == 1


def test_a_merge_moves_no_sale_and_new_orders_go_to_the_one_party(hub: Hub, market: Market) -> None:
    market.erp.put(id="e9", **ANN)
    market.open()
    hub.settle()
    market.shop.put(id="s2", first="Ann", last="Lee", mail="ann@x.org")
    market.sold.put(id="o2", who="s2", **{**ORDER, "no": "R2"})
    hub.settle()
    assert {row["who"] for row in market.sales.rows.values()} == {"e9"}


def test_a_system_connected_later_gets_the_orders_that_were_there(hub: Hub, market: Market) -> None:
    market.hub.connect(
        "shop",
        "update = true",
        map=MAP,
        more='[connection.shop.order]\nmap = "shop-order.toml"\nupdate = true',
    )
    hub.settle()
    market.open()
    plan = hub.sync()
    assert market.sales.rows == {}
    assert {one.connection for one in plan.plans} == {"erp"}
    hub.settle()
    assert len(market.sales.rows) == 1
