"""Records merged by people in a system (sync.md, "Several records of one golden"): one customer, nothing twice, and a
steward may still say otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import steward

ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "phone": "+49 30 901820"}
LEE = {"first": "Annabel", "last": "Leigh-Marr", "mail": "marr@y.org", "city": "Ulm"}

ORDER_MAP = """\
object = "order"
ignore = ["id", "updated"]
[pull]
number = "no"
customer_record = "who"
currency = "cur"
"totals.grand_total" = { from = "sum", currency = "cur" }
"""


@pytest.fixture
def two(hub: Hub, system: Callable[..., MemorySystem]) -> tuple[Hub, MemorySystem, MemorySystem]:
    """Two strangers in the ERP, which tells of merges; the CRM gets all its customers from the hub."""
    erp, crm = system("erp"), system("crm")
    erp.capabilities = replace(erp.capabilities, merges=True)
    erp.put(id="e1", **ANN)
    erp.put(id="e2", **LEE)
    hub.connect("erp", "update = true", map=MAP)
    hub.connect("crm", 'update = true\ncreate = "all"', map=MAP)
    hub.settle()
    assert hub.customer("erp", "e1") != hub.customer("erp", "e2")
    assert len(crm.rows) == 2
    return hub, erp, crm


def test_one_customer_with_one_live_record_there(two: tuple[Hub, MemorySystem, MemorySystem]) -> None:
    hub, erp, crm = two
    ids = hub.customer("erp", "e1"), hub.customer("erp", "e2")
    told = hub.binding("erp", "e2").contribution
    erp.merge("e2", into="e1")
    before = len(erp.writes)
    hub.settle()
    hub.settle()
    assert hub.customer("erp", "e1") == hub.customer("erp", "e2") == min(ids)
    assert hub.binding("erp", "e2").gone and not hub.binding("erp", "e1").gone
    assert set(hub.binding("erp", "e2").contribution) == set(told), "retired where it was, not moved"
    assert hub.golden("erp", "e1")["email"] == "ann@x.org"
    assert hub.count("decision") == 0, "nobody has decided anything"
    assert set(erp.rows) == {"e1"} and len(crm.rows) == 2, "nothing was made anew"
    assert all(id == "e1" for id, _ in erp.writes[before:])
    writes = len(erp.writes), len(crm.writes)
    hub.settle()
    assert (len(erp.writes), len(crm.writes)) == writes


def test_it_stays_so_when_what_it_says_changes(two: tuple[Hub, MemorySystem, MemorySystem]) -> None:
    hub, erp, _ = two
    erp.merge("e2", into="e1")
    hub.settle()
    erp.edit("e1", first="Anna", phone="+49 40 428540")
    hub.settle()
    assert hub.customer("erp", "e1") == hub.customer("erp", "e2")


def test_a_steward_may_part_them_again(two: tuple[Hub, MemorySystem, MemorySystem]) -> None:
    hub, erp, _ = two
    ids = hub.customer("erp", "e1"), hub.customer("erp", "e2")
    erp.merge("e2", into="e1")
    hub.settle()
    gone, other = hub.record("erp", "e2"), hub.customer("erp", "e1")
    with hub.db.read():
        wiring = hub.wiring()
    made = [row[0] for row in hub.rows("SELECT record_id FROM identity WHERE tied_to = :id", id=gone)]
    steward.unmerge(hub.db, wiring, other, records_out=[gone, *made], by="ann")
    assert (hub.customer("erp", "e1"), hub.customer("erp", "e2")) == ids
    hub.settle()
    assert (hub.customer("erp", "e1"), hub.customer("erp", "e2")) == ids, "the list of merges is no stronger"
    assert hub.sync("erp", full=True).exit_code == 0
    assert (hub.customer("erp", "e1"), hub.customer("erp", "e2")) == ids


def test_the_survivor_alone_may_be_named(two: tuple[Hub, MemorySystem, MemorySystem]) -> None:
    hub, erp, _ = two
    erp.merge("e2", into="e1")
    hub.settle()
    steward.unmerge(
        hub.db, hub.wiring(), hub.customer("erp", "e1"), records_out=[hub.record("erp", "e1")], by="ann"
    )
    assert hub.customer("erp", "e1") != hub.customer("erp", "e2")


def test_a_target_that_comes_later(two: tuple[Hub, MemorySystem, MemorySystem]) -> None:
    hub, erp, _ = two
    erp.merge("e2", into="e3")
    hub.settle()
    assert hub.binding("erp", "e2").gone
    erp.put(id="e3", first="A.", last="Marr", mail="a@z.org")
    hub.settle()
    assert hub.customer("erp", "e3") == hub.customer("erp", "e2")


def test_a_chain_of_merges(two: tuple[Hub, MemorySystem, MemorySystem]) -> None:
    hub, erp, crm = two
    erp.put(id="e3", first="Zoe", last="Quist", mail="zoe@z.org")
    hub.settle()
    erp.merge("e3", into="e2")
    erp.merge("e2", into="e1")
    hub.settle()
    assert len({hub.customer("erp", id) for id in ("e1", "e2", "e3")}) == 1
    assert len(crm.rows) == 3 and set(erp.rows) == {"e1"}


def test_orders_of_the_one_that_went_keep_their_customer(
    hub: Hub, system: Callable[..., MemorySystem]
) -> None:
    shop = system("shop")
    shop.orders = MemorySystem("shop-orders", fields=("no", "who", "cur", "sum"))
    shop.capabilities = replace(shop.capabilities, merges=True)
    shop.put(id="s1", **ANN)
    shop.put(id="s2", **LEE)
    shop.orders.put(id="o1", no="R1", who="s2", cur="EUR", sum="10.00")
    (hub.home / "order.toml").write_text(ORDER_MAP, encoding="utf-8")
    hub.connect("shop", map=MAP, more='[connection.shop.order]\nmap = "order.toml"')
    hub.settle()
    shop.merge("s2", into="s1")
    hub.settle()
    shop.orders.put(id="o2", no="R2", who="s2", cur="EUR", sum="5.00")  # told late of the merge
    hub.settle()
    sql = (
        "SELECT i.customer_id FROM order_document o "
        "JOIN identity i ON i.record_id = o.customer_record_id WHERE o.id = o.origin_id"
    )
    owners = {row[0] for row in hub.rows(sql)}
    assert hub.count("order_document", "id = origin_id") == 2
    assert owners == {hub.customer("shop", "s1")}
