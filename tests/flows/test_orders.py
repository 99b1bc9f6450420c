"""Orders wait for their customer and follow it, sums that do not add up are flagged; records of two parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import GOLDEN_TABLES, Hub
from flows.memory_system import MemorySystem

from hub.flows import steward
from hub.flows.exports import orders
from hub.store.documents import load

System = Callable[..., MemorySystem]
ORDERS = """\
object = "order"
[pull]
number = "no"
customer_record = "who"
currency = "cur"
"totals.shipping" = { from = "ship", currency = "cur" }
"totals.grand_total" = { from = "sum", currency = "cur" }
[pull."lines[]"]
sku = "sku"
quantity = "qty"
unit_price = { from = "price", currency = "cur" }
subtotal = { from = "line", currency = "cur" }
"""
PEOPLE = """\
object = "customer"
[pull]
given_name = "first"
family_name = "last"
email = "mail"
"""
FILES = """\
[connection.shop]
connector = "files"
path = "in/"
[[connection.shop.file]]
object = "order"
match = "orders*.csv"
id = "no"
map = "orders.toml"
[[connection.shop.file]]
object = "customer"
match = "people*.csv"
id = "id"
map = "people.toml"
"""
HEADER = "no,who,cur,ship,sum,sku,qty,price,line"
TWO_LINES = ["o1,1,EUR,4.00,14.00,A,1,4.00,4.00", "o1,1,EUR,4.00,14.00,B,2,3.00,6.00"]


class Shop:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        (hub.home / "orders.toml").write_text(ORDERS, encoding="utf-8")
        (hub.home / "people.toml").write_text(PEOPLE, encoding="utf-8")
        (hub.home / "in").mkdir()

    def people(self, *rows: str) -> None:
        text = "\n".join(["id,first,last,mail", *rows, ""])
        (self.hub.home / "in" / "people.csv").write_text(text, encoding="utf-8")

    def orders(self, *rows: str) -> None:
        (self.hub.home / "in" / "orders.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")


@pytest.fixture
def shop(hub: Hub) -> Shop:
    made = Shop(hub)
    made.people("2,Bo,Ek,bo@x.org")
    made.orders(*TWO_LINES)
    hub.apply(FILES)
    return made


def test_the_rows_of_one_order_are_its_lines(hub: Hub, shop: Shop) -> None:
    hub.settle()
    (found,) = orders(hub.db)
    assert [
        (line["sku"], line["quantity"]) for line in load(hub.one("SELECT doc FROM order_document"))["lines"]
    ] == [
        ("A", "1"),
        ("B", "2"),
    ]
    assert (found["connection"], found["external_id"]) == ("shop", "o1")


def test_an_order_with_an_unknown_customer_waits_and_is_adopted_when_it_comes(hub: Hub, shop: Shop) -> None:
    report = hub.settle()
    assert next(one for one in report.outcomes if one.object == "order").counts["waiting"] == 1
    assert hub.one("SELECT customer_record_id FROM order_document") is None
    shop.people("1,Ann,Lee,ann@x.org", "2,Bo,Ek,bo@x.org")
    report = hub.settle()
    assert next(one for one in report.outcomes if one.object == "customer").counts["adopted_orders"] == 1
    assert hub.one("SELECT customer_record_id FROM order_document") == hub.record("shop", "1")


def test_totals_that_do_not_add_up_are_kept_and_flagged_with_the_difference(hub: Hub, shop: Shop) -> None:
    shop.orders(*TWO_LINES, "o2,2,EUR,1.00,9.99,A,1,4.00,4.00")
    report = hub.settle()
    assert next(one for one in report.outcomes if one.object == "order").counts["mismatched"] == 1
    found = {r.external_id: r.totals_difference for r in hub.rows("SELECT * FROM order_document")}
    assert found["o1"] is None
    assert float(found["o2"]) in (4.99, -4.99)
    shop.orders(*TWO_LINES, "o2,2,EUR,1.00,5.00,A,1,4.00,4.00")
    hub.settle()
    found = {
        r.external_id: (r.totals_difference, r.version) for r in hub.rows("SELECT * FROM order_document")
    }
    assert found == {"o1": (None, 1), "o2": (None, 2)}


def test_an_order_follows_its_customers_record_through_merge_and_unmerge(hub: Hub, shop: Shop) -> None:
    shop.people("1,Ann,Lee,ann@x.org", "2,Bo,Ek,bo@x.org")
    hub.settle()
    one, two = hub.customer("shop", "1"), hub.customer("shop", "2")
    before = hub.content("order_document")
    steward.merge(hub.db, hub.wiring(), a=one, b=two, by="ann")
    owner = next(iter(orders(hub.db)))["customer_id"]
    steward.unmerge(hub.db, hub.wiring(), one, records_out=[hub.record("shop", "2")], by="ann")
    assert next(iter(orders(hub.db)))["customer_id"] == owner
    assert hub.content("order_document") == before  # a merge moves nothing


def test_unchanged_orders_are_not_written(hub: Hub, shop: Shop) -> None:
    hub.settle()
    before = hub.content(*GOLDEN_TABLES)
    shop.orders(*TWO_LINES)
    hub.settle()
    assert hub.content(*GOLDEN_TABLES) == before


def test_a_wrong_order_is_in_quarantine_and_the_others_are_in(hub: Hub, shop: Shop) -> None:
    shop.orders(*TWO_LINES, "o2,2,EUR,1.00,lots,A,1,4.00,4.00", "o3,2,XXQ,1.00,5.00,A,1,4.00,4.00")
    hub.settle()
    assert set(hub.quarantine()) == {"o2", "o3"}
    assert "totals.grand_total" in hub.quarantine()["o2"]
    assert hub.count("order_document") == 1
    shop.orders(*TWO_LINES, "o2,2,EUR,1.00,5.00,A,1,4.00,4.00")
    hub.settle()
    assert set(hub.quarantine()) == {"o3"}


# --- a person at an organisation ------------------------------------------------------------------------

PARTS = """\
object = "customer"
ignore = ["id", "updated"]
[pull]
given_name = "first"
family_name = "last"
email = "mail"
job_title = "note"
[pull.organisation]
display_name = "firm"
phone = "phone"
"address.locality" = "city"
"""


def test_a_record_of_two_parts_is_two_customers_and_both_are_written(hub: Hub, system: System) -> None:
    alpha, beta = system("alpha"), system("beta")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org", firm="Lee GmbH", phone="+49 30 901820")
    alpha.put(id="a2", first="Bo", last="Ek", mail="bo@x.org", firm="Lee GmbH", phone="+49 30 901820")
    beta.put(id="b1", first="Ann", last="Lee", mail="ann@x.org", firm="Lee GmbH", phone="+49 30 901820")
    hub.connect("alpha", "update = true", map=PARTS)
    hub.connect("beta", "update = true", map=PARTS)
    hub.settle()
    firm = hub.customer("alpha", "a1", part="organisation")
    assert (
        firm
        == hub.customer("alpha", "a2", part="organisation")
        == hub.customer("beta", "b1", part="organisation")
    )
    assert hub.customer("alpha", "a1") == hub.customer("beta", "b1") != firm
    assert hub.customer("alpha", "a2") not in (hub.customer("alpha", "a1"), firm)
    assert hub.golden("alpha", "a1", part="organisation")["kind"] == "organisation"
    assert hub.golden("alpha", "a1")["kind"] == "person"
    beta.edit("b1", note="Boss", city="Bonn")
    hub.settle()
    assert (alpha.rows["a1"]["note"], alpha.rows["a1"]["city"]) == ("Boss", "Bonn")
    assert (alpha.rows["a2"]["note"], alpha.rows["a2"]["city"]) == ("", "Bonn")


def test_an_organisation_that_comes_into_a_known_record_later_is_a_new_customer(
    hub: Hub, system: System
) -> None:
    alpha = system("alpha")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org")
    hub.connect("alpha", "update = true", map=PARTS)
    hub.settle()
    count = hub.count("customer")
    alpha.edit("a1", firm="Lee GmbH")
    hub.settle()
    assert hub.golden("alpha", "a1", part="organisation")["display_name"] == "Lee GmbH"
    assert hub.count("customer") >= count
    assert hub.count("customer") == 2


def test_one_that_leaves_a_record_of_two_parts_keeps_its_own(hub: Hub, system: System) -> None:
    alpha = system("alpha")
    alpha.put(id="a1", first="Ann", last="Lee", mail="ann@x.org", firm="Lee GmbH")
    hub.connect("alpha", "update = true", map=PARTS)
    hub.settle()
    alpha.erase("a1")
    hub.settle()
    assert hub.binding("alpha", "a1").gone
    assert hub.binding("alpha", "a1", part="organisation").gone
