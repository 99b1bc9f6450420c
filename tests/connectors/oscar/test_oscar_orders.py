"""Orders placed in a real shop through its own checkout, as the connector and the shipped map show them."""

from __future__ import annotations

import random
import urllib.error
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.oscar.connector import OscarConnector
from hub.canonical.order import totals_difference
from hub.mapping.engine import CompiledMap
from hub.sdk import Change, RemoteRecord, Unsupported

Buy = Callable[..., Any]
Map = Callable[..., CompiledMap]


def orders(oscar: OscarConnector, cursor: Any = None) -> dict[str, RemoteRecord]:
    return {one.external_id: one for page in oscar.pull("order", cursor) for one in page.records}


def euros(value: Any) -> Decimal:
    assert value["currency"] == "EUR"
    return Decimal(value["amount"])


def test_an_order_arrives_whole(oscar: OscarConnector, buyer: Buy, shipped: Map) -> None:
    ann = buyer("whole@example.org")
    goods = {"WID-1": 3, "SALE-1": 2, "BOOK-1": 1}
    id = ann.buy(goods, voucher="WELCOME", shipping="fixed-price-shipping", notes="Ring twice.")
    record = orders(oscar)[id]
    map = shipped("order")
    assert map.unmapped(record.raw) == set()
    (pulled,) = map.pull(record.raw)
    values = dict(pulled.values)
    assert totals_difference(values) == 0
    assert {path: euros(values[path]) for path in values if path.startswith("totals.")} == {
        "totals.items_subtotal": Decimal("163.55"),
        "totals.item_discounts": Decimal("19.30"),
        "totals.shipping": Decimal("5.83"),
        "totals.fees": Decimal(0),
        "totals.tax": Decimal("22.84"),
        "totals.grand_total": Decimal("150.08"),
    }
    assert values["placed_at"].startswith("20") and values["number"] == record.raw["number"]
    assert (values["status"], values["fulfilment_status"]) == ("open", "pending")
    assert (values["email"], values["phone"], values["note"]) == (ann.email, "+4930901820", "Ring twice.")
    assert (values["currency"], values["taxes_included"]) == ("EUR", True)
    address = {
        path.partition(".")[2]: value for path, value in values.items() if path.startswith("shipping_")
    }
    assert address == {
        "recipient": "Ann Müller",
        "line1": "Weg 1",
        "line2": "Hof 2",
        "locality": "Berlin",
        "region": "BE",
        "postal_code": "10115",
        "country": "DE",
    }
    assert values["billing_address.recipient"] == "Bob Müller"
    lines = {line["sku"]: line for line in values["lines"]}
    assert set(lines) == {"W-WID-1", "W-SALE-1", "W-BOOK-1"}
    widget = lines["W-WID-1"]
    assert (widget["name"], widget["quantity"], widget["kind"]) == ("Widget", "3", "product")
    assert [euros(widget[name]) for name in ("unit_price", "subtotal", "discount_total", "total")] == [
        *(Decimal("23.68"), Decimal("71.04"), Decimal("8.45"), Decimal("62.59"))
    ]
    assert sum(euros(one["amount"]) for one in values["tax_lines"]) == euros(values["totals.tax"])
    owners = {*(line["external_id"] for line in values["lines"]), "shipping"}
    assert {one["owner"] for one in values["tax_lines"]} == owners
    # What the voucher says is not what the lines fell by: 10 % of the prices with tax, taken off those without.
    (voucher,) = values["discounts"]
    assert (voucher["kind"], voucher["code"]) == ("voucher", "WELCOME")
    assert euros(voucher["value"]) == Decimal("16.35")


def test_totals_of_all_sorts_of_orders_agree(
    oscar: OscarConnector, buyer: Buy, shipped: Map, shop: Any
) -> None:
    """Two rates of tax, an offer, a voucher, odd cents, parcels: no order is out by a cent."""
    chance = random.Random(4)
    many = buyer("many@example.org")
    placed = set()
    for _ in range(25):
        some = chance.sample(["WID-1", "BOOK-1", "PIN-1", "SALE-1"], chance.randint(1, 4))
        # The shop takes no voucher that would give nothing, as for SALE-1 alone.
        voucher = "WELCOME" if "WID-1" in some and chance.random() < 0.5 else None
        placed.add(
            many.buy(
                {upc: chance.randint(1, 13) for upc in some},
                voucher=voucher,
                shipping=chance.choice(["free-shipping", "fixed-price-shipping"]),
            )
        )
    map = shipped("order")
    found = orders(oscar)
    assert placed <= set(found)
    for id in placed:
        values = map.pull(found[id].raw)[0].values
        plain = shop.admin.call("GET", f"admin/orders/{id}/")
        assert totals_difference(values) == 0, found[id].raw
        assert euros(values["totals.grand_total"]) == Decimal(plain["total_incl_tax"])
        assert sum(euros(line["subtotal"]) for line in values["lines"]) == euros(
            values["totals.items_subtotal"]
        )
        # Oscar rounds an order's net total on its own: by the lines it may be a cent or two out (not with tax).
        taxes = sum(euros(one["amount"]) for one in values.get("tax_lines", ()))
        assert abs(taxes - euros(values["totals.tax"])) <= Decimal("0.02")


def test_a_surcharge_is_a_fee(oscar: OscarConnector, buyer: Buy, shipped: Map, shop: Any) -> None:
    """What the shop's own code may add to an order (its API's checkout never does)."""
    id = buyer("fee@example.org").buy({"BOOK-1": 3}, shipping="fixed-price-shipping")
    charge = "INSERT INTO order_surcharge (name, code, incl_tax, excl_tax, order_id) VALUES (?, ?, ?, ?, ?)"
    shop.sql(charge, "Cash on delivery", "cod", "2.38", "2.00", int(id))
    totals = "total_incl_tax = total_incl_tax + 2.38, total_excl_tax = total_excl_tax + 2"
    shop.sql(f"UPDATE order_order SET {totals} WHERE id = ?", int(id))
    (record,) = oscar.fetch("order", [id])
    values = shipped("order").pull(record.raw)[0].values
    assert (totals_difference(values), euros(values["totals.fees"])) == (0, Decimal("2.38"))
    assert [euros(one["amount"]) for one in values["tax_lines"] if one["owner"] == "order"] == [
        Decimal("0.38")
    ]


def test_whose_it_is(oscar: OscarConnector, buyer: Buy, shipped: Map, shop: Any) -> None:
    owned = buyer("owner@example.org").buy({"PIN-1": 1})
    guest = buyer("guest@example.org", guest=True).buy({"PIN-1": 2})
    map, found = shipped("order"), orders(oscar)
    (account,) = [id for (id,) in shop.sql("SELECT id FROM auth_user WHERE email = 'owner@example.org'")]
    assert map.pull(found[owned].raw)[0].customer_record == str(account)
    pulled = map.pull(found[guest].raw)[0]
    assert (pulled.customer_record, pulled.values["email"]) == (None, "guest@example.org")
    # Somebody deletes the account: its order stays, without owner and without e-mail.
    shop.admin.call("DELETE", f"admin/users/{account}/")
    pulled = map.pull(oscar.fetch("order", [owned])[0].raw)[0]
    assert (pulled.customer_record, pulled.values.get("email")) == (None, None)
    assert pulled.values["shipping_address.recipient"] == "Ann Müller"


def test_only_what_changed_differs(connect: Any, buyer: Buy, shop: Any) -> None:
    """The hub finds changes by comparing: an untouched order is equal to the letter, whatever the shop's address."""
    bob = buyer("differs@example.org")
    still, moved = bob.buy({"WID-1": 1}), bob.buy({"WID-1": 2})
    before = orders(connect(shop))
    shop.sql("UPDATE order_order SET status = 'Cancelled' WHERE id = ?", int(moved))
    after = orders(connect(shop, url=shop.url.replace("127.0.0.1", "localhost")))
    assert {id for id in before if before[id] != after[id]} == {moved}
    assert (before[still], after[moved].raw["status"]) == (after[still], "Cancelled")


def test_orders_placed_and_removed_while_reading(connect: Any, buyer: Buy, shop: Any) -> None:
    """The newest stand first, so that each new order moves all others down, and a removed one moves them up."""
    ann = buyer("moving@example.org")
    ids = [ann.buy({"PIN-1": number}) for number in range(1, 8)]
    seen: set[str] = set()
    made: list[str] = []
    for number, page in enumerate(connect(shop, page=3).pull("order", None)):
        seen |= {one.external_id for one in page.records}
        if number == 0:
            made.append(ann.buy({"PIN-1": 9}))
        if number == 1:
            for gone in ids[-2:]:
                shop.admin.call("DELETE", f"admin/orders/{gone}/")
    assert seen >= set(ids[:-2])
    oscar = connect(shop)
    assert set(made) <= set(orders(oscar))
    assert sorted(oscar.deletes("order", None, [*ids, *made]).external_ids) == sorted(ids[-2:])
    assert [one.deleted for one in oscar.fetch("order", [ids[-1], ids[0], "no number"])] == [
        True,
        False,
        True,
    ]


def test_an_order_removed_before_its_lines_are_read_is_left_out(
    oscar: OscarConnector, buyer: Buy, shop: Any
) -> None:
    """The API then shows an empty list of lines, not a 404."""
    id = buyer("between@example.org").buy({"PIN-1": 1})
    row = shop.admin.call("GET", f"admin/orders/{id}/")
    shop.admin.call("DELETE", f"admin/orders/{id}/")
    assert shop.admin.call("GET", f"admin/orders/{id}/lines/")["results"] == []
    assert oscar._order(row) is None


def test_a_word_of_the_shop_s_own_becomes_unknown(
    oscar: OscarConnector, buyer: Buy, shipped: Map, shop: Any
) -> None:
    id = buyer("word@example.org").buy({"PIN-1": 1})
    shop.sql("UPDATE order_order SET status = 'At the tailor' WHERE id = ?", int(id))
    (record,) = oscar.fetch("order", [id])
    (pulled,) = shipped("order").pull(record.raw)
    assert (pulled.values["status"], pulled.values["fulfilment_status"]) == ("unknown", "unknown")
    assert any("At the tailor" in note for note in pulled.notes)
    (pulled,) = shipped("order", '[values.status]\n"At the tailor" = "open"').pull(record.raw)
    assert pulled.values["status"] == "open"


def test_nothing_of_an_order_can_be_written(oscar: OscarConnector, buyer: Buy, shop: Any) -> None:
    id = buyer("fixed@example.org").buy({"PIN-1": 1})
    for method in ("PATCH", "PUT"):
        with pytest.raises(urllib.error.HTTPError, match="405"):
            shop.admin.call(method, f"admin/orders/{id}/", {"status": "Cancelled"})
    change = Change("u", id, {"status": "Cancelled"})
    with pytest.raises(Unsupported, match="dashboard"):
        oscar.push("order", [change])
    with pytest.raises(Unsupported):
        oscar.find("order", change)


def test_goods_that_are_gone_or_have_no_name_of_their_own(start: Any, connect: Any, buyer: Buy) -> None:
    shop = start()
    ann = buyer("goods@example.org", shop=shop)
    id = ann.buy({"WID-1": 1, "PIN-1": 1, "BOOK-1": 1})
    shop.sql(
        "UPDATE catalogue_product SET parent_id = 1, structure = 'child', title = '' WHERE upc = 'PIN-1'"
    )
    shop.admin.call("DELETE", "admin/products/2/")
    (record,) = connect(shop).fetch("order", [id])
    lines = {line["upc"]: line for line in record.raw["lines"]}
    assert lines["PIN-1"]["name"] == "Widget"
    assert (lines[None]["name"], lines[None]["product"], lines[None]["price_incl_tax"]) == (
        None,
        None,
        "13.19",
    )


def test_a_shop_that_shows_more_and_pages_nothing(start: Any, connect: Any, buyer: Buy, shipped: Map) -> None:
    """No pagination at all, and the names that were valid when it was bought."""
    fields = "url quantity product price_currency price_excl_tax price_incl_tax price_incl_tax_excl_discounts"
    fields += " title partner_sku upc"
    shop = start(REST_FRAMEWORK={}, OSCARAPI_ORDERLINE_FIELDS=fields.split())
    ann = shop.client("admin", "admin-is-no-secret-here")
    assert isinstance(ann.call("GET", "admin/orders/"), list)
    shop.sql("UPDATE catalogue_product SET title = 'Widget 2' WHERE upc = 'WID-1'")
    id = _buy_without_pages(shop)
    shop.sql("UPDATE catalogue_product SET title = 'Widget 3', upc = 'WID-3' WHERE upc = 'WID-1'")
    (record,) = orders(connect(shop, page=3)).values()
    line = record.raw["lines"][0]
    assert (record.external_id, line["name"], line["upc"], line["sku"]) == (
        id,
        "Widget 2",
        "WID-1",
        "W-WID-1",
    )
    assert totals_difference(shipped("order").pull(record.raw)[0].values) == 0


def _buy_without_pages(shop: Any) -> str:
    guest = shop.client()
    guest.call("POST", "basket/add-product/", {"url": f"{shop.url}/products/1/", "quantity": 2})
    asked = {"basket": guest.call("GET", "basket/")["url"], "guest_email": "guest@example.org"}
    placed = guest.call("POST", "checkout/", asked)
    return str(placed["url"]).rstrip("/").rpartition("/")[2]
