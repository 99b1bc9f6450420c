"""Orders where something is odd: a copied sale, a deleted one, a customer joined while his order waits, a dry run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MemorySystem
from flows.test_orders_out import ANN, ORDER, Market

from hub.canonical.ids import show
from hub.flows import steward, undo
from hub.flows.why_not import why_not

System = Callable[..., MemorySystem]


@pytest.fixture
def market(hub: Hub, system: System) -> Market:
    made = Market(hub, system)
    made.shop.put(id="s1", **ANN)
    made.sold.put(id="o1", who="s1", **ORDER)
    return made


def _shown(hub: Hub) -> str:
    return show("ord", hub.one("SELECT id FROM order_document WHERE external_id = 'o1'"))


def test_a_copy_of_a_sale_made_by_hand_is_an_order_of_its_own(hub: Hub, market: Market) -> None:
    """An ERP copies all fields of a sale, our mark too: it is not the order a second time."""
    market.open()
    hub.settle()
    (id,) = market.sales.rows
    copy = {name: value for name, value in market.sales.rows[id].items() if name not in ("id", "updated")}
    other = market.sales.put(**copy)
    hub.settle()
    assert hub.count("order_document", "id = origin_id") == 2
    market.sold.edit("o1", refunds=[{"id": "r1", "ref": "", "amount": "4.00"}])
    hub.settle()
    hub.settle()
    assert [one["ref"] for one in market.sales.rows[id]["refunds"]] == ["shop:r1"]
    assert not market.sales.rows[other]["refunds"]
    market.sales.edit(other, fulfilments=[{"id": "p1", "ref": "", "state": "shipped", "items": []}])
    hub.settle()
    assert not market.sold.rows["o1"]["fulfilments"]
    hub.assert_healthy()


def test_a_deleted_sale_is_not_made_again_and_says_so(hub: Hub, market: Market) -> None:
    market.open()
    hub.settle()
    (id,) = market.sales.rows
    market.sales.erase(id)
    hub.settle("erp")
    market.sold.edit("o1", state="completed")
    hub.settle()
    assert market.sales.rows == {}
    (reason,) = why_not(hub.db, hub.wiring(), _shown(hub), connection="erp")
    assert "deleted in erp" in reason.reason
    hub.assert_healthy()


def test_a_sale_whose_order_no_longer_adds_up_says_why_it_stays_as_it_was(hub: Hub, market: Market) -> None:
    market.open()
    hub.settle()
    assert why_not(hub.db, hub.wiring(), _shown(hub), connection="erp") == []
    market.sold.edit("o1", sum="11.00")
    hub.settle()
    assert market.sale()["sum"] == "10.00"
    (reason,) = why_not(hub.db, hub.wiring(), _shown(hub), connection="erp")
    assert "do not add up" in reason.reason


def test_a_waiting_order_goes_when_a_steward_joins_its_customer_to_a_party(hub: Hub, market: Market) -> None:
    market.erp.put(id="e9", first="Anna", last="Leeds", mail="other@x.org")
    market.open("never")
    hub.sync(confirm=True)
    assert market.sales.rows == {}
    steward.merge(
        hub.db, hub.wiring(), a=hub.customer("shop", "s1"), b=hub.customer("erp", "e9"),
        by="test", reason=None, preview=False,
    )  # fmt: skip
    hub.settle()
    assert market.sale()["who"] == "e9"


def test_a_dry_run_of_orders_writes_nothing_anywhere(hub: Hub, market: Market) -> None:
    market.open()
    hub.sync(dry_run=True)
    assert (market.sales.rows, market.erp.rows, market.sold.writes) == ({}, {}, [])
    hub.settle()
    assert market.sale()["no"] == "R1"
    market.sold.edit("o1", sum="6.00", lines=ORDER["lines"][:1])
    before = market.sale()
    hub.sync(dry_run=True)
    assert market.sale() == before


def test_a_run_that_changed_a_sale_is_undone_and_redone(hub: Hub, market: Market) -> None:
    market.open()
    hub.settle()
    market.sold.edit("o1", sum="6.00", lines=ORDER["lines"][:1])
    hub.settle()
    assert market.sale()["sum"] == "6.00"
    run = hub.one(
        "SELECT max(r.id) FROM run r JOIN connection c ON c.id = r.connection_id "
        "WHERE r.kind = 'push' AND c.name = 'erp'"
    )
    taken = undo.undo(hub.db, run, by="test")
    (id,) = market.sales.rows
    assert taken.values[f"order/{id}"]["totals.grand_total"][1]["amount"] == "10.00"
    hub.settle()
    assert (market.sale()["sum"], len(market.sale()["lines"])) == ("10.00", 2)
    hub.settle()
    assert market.sale()["sum"] == "10.00"
    undo.redo(hub.db, run)
    hub.settle()
    assert (market.sale()["sum"], len(market.sale()["lines"])) == ("6.00", 1)
    hub.assert_healthy()


def test_an_order_whose_number_looks_like_a_guest_is_read_again_and_missed_like_any(
    hub: Hub, market: Market
) -> None:
    market.sold.put(id="order:7", who="s1", **{**ORDER, "no": "R7"})
    market.open()
    hub.settle()
    market.sold.erase("order:7")
    hub.settle()
    assert hub.one("SELECT gone_at FROM source_record WHERE external_id = 'order:7' AND object = 'order'")
