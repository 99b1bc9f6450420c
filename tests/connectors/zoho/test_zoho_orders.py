"""Sales orders: read with their sums, written so that the grand total comes out to the cent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hub.canonical.flat import order_of, order_values
from hub.canonical.order import totals_difference
from hub.canonical.schema import to_json
from hub.sdk import Change

Make = Callable[..., Any]


@pytest.fixture
def shop(zoho: Any) -> Any:
    """The account with a customer at a firm and two products; their ids are its attributes."""
    put = zoho.org.put
    zoho.firm = put("Accounts", {"Account_Name": "King Ltd"})
    zoho.buyer = put("Contacts", {"Last_Name": "Buyer", "Account_Name": {"id": zoho.firm}})
    zoho.alone = put("Contacts", {"Last_Name": "Alone"})
    zoho.widget = put("Products", {"Product_Name": "Widget", "Product_Code": "W-1", "Unit_Price": 10})
    zoho.gadget = put("Products", {"Product_Name": "Gadget", "Product_Code": "G-2", "Unit_Price": 3})
    return zoho


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def line(sku: str | None, quantity: str, price: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "product",
        "sku": sku,
        "name": "Thing",
        "quantity": quantity,
        "unit_price": eur(price),
        **more,
    }


def placed(shop: Any, mapped: Make, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    """What the shipped map makes of an order of a store, to be created."""
    given = {
        "number": "#1001",
        "customer_record": f"Contacts/{shop.buyer}",
        "currency": "EUR",
        "status": "open",
        "lines": list(lines),
        **values,
    }
    made: dict[str, Any] = mapped("order").push(given, create=True)
    return made


def push(
    connector: Any, payload: dict[str, Any], external_id: str | None = None, marker: str = "ord_1"
) -> Any:
    (receipt,) = connector.push("order", [Change("k", external_id, payload, marker=marker)])
    return receipt


def there(shop: Any) -> dict[str, Any]:
    (row,) = shop.org.rows["Sales_Orders"].values()
    return dict(row)


def test_an_order_is_read_with_its_sums(shop: Any, connect: Make, mapped: Make) -> None:
    id = shop.org.put(
        "Sales_Orders",
        {
            "Subject": "Spring order",
            "Currency": "EUR",
            "Status": "Approved",
            "Contact_Name": {"id": shop.buyer},
            "Account_Name": {"id": shop.firm},
            "Billing_Country": "Germany",
            "Discount": 5,
            "Adjustment": -0.01,
            "Ordered_Items": [
                {"Product_Name": {"id": shop.widget}, "Quantity": 3, "List_Price": 19.99, "Discount": 9.99}
                | {"Line_Tax": [{"name": "VAT", "percentage": 19}]},
                {"Product_Name": {"id": shop.gadget}, "Quantity": 0.5, "List_Price": 3},
            ],
        },
    )
    (page, *_) = connect().pull("order", None)
    (record,) = page.records
    assert record.external_id == id and mapped("order").unmapped(record.raw) == {"Hub_ID", "Loyalty_Tier"}
    (read,) = mapped("order").pull(record.raw)
    values = read.values
    assert read.customer_record == f"Contacts/{shop.buyer}" and not read.notes
    assert values["totals.items_subtotal"] == eur("61.47") and values["totals.item_discounts"] == eur("9.99")
    assert values["totals.order_discounts"] == eur("5.00") and values["totals.tax"] == eur("9.50")
    assert values["totals.grand_total"] == eur("55.97") and values["totals.rounding"] == eur("-0.01")
    assert totals_difference(values) == 0
    assert [one["sku"] for one in values["lines"]] == ["W-1", "G-2"] and values["lines"][1][
        "quantity"
    ] == "0.5"
    assert values["tax_lines"][0]["rate"] == "0.19" and values["tax_lines"][0]["amount"] == eur("9.50")
    assert values["status"] == "open" and values["fulfilment_status"] == "pending"
    assert values["billing_address.country"] == "DE"
    order = order_of(values, id="ord_1", connection="crm", external_id=id)
    assert to_json(order)["totals"]["grand_total"] == eur("55.97")
    assert order_values(order)["lines"] == values["lines"]


def test_an_order_for_a_firm_alone_is_the_firms(shop: Any, connect: Make, mapped: Make) -> None:
    lines = [{"Product_Name": {"id": shop.widget}, "Quantity": 1}]
    given = {"Subject": "Firm", "Currency": "EUR", "Account_Name": {"id": shop.firm}, "Ordered_Items": lines}
    id = shop.org.put("Sales_Orders", given)
    (read,) = mapped("order").pull(connect().fetch("order", [id])[0].raw)
    assert read.customer_record == f"Accounts/{shop.firm}"


def test_an_order_of_no_currency_is_rejected_with_its_cause(shop: Any, connect: Make) -> None:
    lines = [{"Product_Name": {"id": shop.widget}, "Quantity": 1}]
    shop.org.put("Sales_Orders", {"Subject": "Plain", "Ordered_Items": lines})
    (page, *_) = connect().pull("order", None)
    assert not page.records and "home_currency" in page.rejected[0].cause
    (page, *_) = connect(home_currency="CHF").pull("order", None)
    assert page.records[0].raw["currency"] == "CHF"


def test_a_store_order_comes_out_to_the_cent(shop: Any, connect: Make, mapped: Make) -> None:
    payload = placed(
        shop,
        mapped,
        line("W-1", "3", "19.99", discount_total=eur("9.99")),
        line("G-2", "2", "3.333"),
        {"kind": "shipping", "name": "DHL", "total": eur("4.90")},
        **{"totals.order_discounts": eur("5.00"), "totals.grand_total": eur("61.33"), "po_number": "PO-7"},
        **{"billing_address.line1": "1 High St", "billing_address.country": "GB"},
    )
    receipt = push(connect(marker_field="Hub_ID"), payload)
    row = there(shop)
    assert receipt.outcome == "done" and row["Subject"] == "#1001" and row["Hub_ID"] == "ord_1"
    assert row["Grand_Total"] == 61.33 and [one["Discount"] for one in row["Ordered_Items"]] == [9.99, 0]
    assert row["Contact_Name"]["id"] == shop.buyer and row["Account_Name"]["id"] == shop.firm
    assert row["Billing_Country"] == "United Kingdom" and row["Purchase_Order"] == "PO-7"
    (read,) = mapped("order").pull(receipt.record.raw)
    assert read.values["totals.grand_total"] == eur("61.33") and totals_difference(read.values) == 0
    assert read.values["external_ref[hub]"] == "ord_1"


def test_the_same_order_again_makes_no_second_one(shop: Any, connect: Make, mapped: Make) -> None:
    payload = placed(shop, mapped, line("W-1", "1", "10"))
    connector = connect(marker_field="Hub_ID")
    first, again = push(connector, payload), push(connector, payload)
    assert first.external_id == again.external_id
    found = connector.find("order", Change("k", None, payload, marker="ord_1"))
    assert [one.external_id for one in found] == [first.external_id]
    assert connector.find("order", Change("k", None, payload, marker="ord_2")) == []


def test_changed_lines_keep_their_rows_and_the_rest_goes(shop: Any, connect: Make, mapped: Make) -> None:
    connector = connect(marker_field="Hub_ID")
    begun = {"totals.grand_total": eur("16.00")}
    id = push(
        connector, placed(shop, mapped, line("W-1", "1", "10"), line("G-2", "2", "3"), **begun)
    ).external_id
    kept = there(shop)["Ordered_Items"][0]["id"]
    values = {"lines": [line("W-1", "2", "10")], "totals.grand_total": eur("22.50")}
    receipt = push(connector, mapped("order").push(values, create=False), id)
    row = there(shop)
    assert receipt.outcome == "done" and [one["id"] for one in row["Ordered_Items"]] == [kept]
    assert (
        row["Ordered_Items"][0]["Quantity"] == 2 and row["Grand_Total"] == 22.5 and row["Adjustment"] == 2.5
    )


def test_a_new_grand_total_alone_leaves_the_lines(shop: Any, connect: Make, mapped: Make) -> None:
    connector = connect(marker_field="Hub_ID")
    id = push(connector, placed(shop, mapped, line("W-1", "1", "10"))).external_id
    push(connector, mapped("order").push({"totals.grand_total": eur("11.90")}, create=False), id)
    assert there(shop)["Grand_Total"] == 11.9 and len(there(shop)["Ordered_Items"]) == 1


def test_states_are_written_in_zohos_words(shop: Any, connect: Make, mapped: Make) -> None:
    connector = connect(marker_field="Hub_ID")
    id = push(connector, placed(shop, mapped, line("W-1", "1", "10"))).external_id
    assert there(shop)["Status"] == "Created"
    for ours, theirs in (("completed", "Delivered"), ("cancelled", "Cancelled")):
        push(connector, mapped("order").push({"status": ours}, create=False), id)
        assert there(shop)["Status"] == theirs


def test_an_unknown_product_is_held_made_or_replaced(shop: Any, connect: Make, mapped: Make) -> None:
    payload = placed(shop, mapped, line("NEW-9", "1", "7.50"))
    held = push(connect(), payload)
    assert held.outcome == "refused" and "NEW-9" in held.cause and "unknown_product" in held.cause
    assert not shop.org.rows["Sales_Orders"]
    nameless = push(connect(unknown_product="create"), placed(shop, mapped, line(None, "1", "7.50")))
    assert nameless.outcome == "refused" and "no SKU" in nameless.cause
    assert push(connect(unknown_product="placeholder", placeholder_product="W-1"), payload).outcome == "done"
    (one,) = there(shop)["Ordered_Items"]
    assert one["Product_Name"]["id"] == shop.widget and one["Description"] == "NEW-9 Thing"
    shop.org.rows["Sales_Orders"].clear()
    assert push(connect(unknown_product="create"), payload).outcome == "done"
    product = next(row for row in shop.org.rows["Products"].values() if row["Product_Code"] == "NEW-9")
    assert product["Product_Name"] == "Thing" and product["Unit_Price"] == 7.5


def test_two_products_of_one_code_are_for_a_person_to_tell_apart(
    shop: Any, connect: Make, mapped: Make
) -> None:
    shop.org.put("Products", {"Product_Name": "Twin", "Product_Code": "W-1"})
    receipt = push(connect(), placed(shop, mapped, line("W-1", "1", "10")))
    assert receipt.outcome == "refused" and "2 products" in receipt.cause


def test_an_order_needs_a_customer_that_zoho_takes(shop: Any, connect: Make, mapped: Make) -> None:
    payload = placed(shop, mapped, line("W-1", "1", "10"))
    lead = push(connect(), {**payload, "customer": "Leads/7"})
    assert lead.outcome == "refused" and "lead" in lead.cause
    push(connect(orders_account=shop.firm), {**payload, "customer": f"Contacts/{shop.alone}"})
    assert there(shop)["Account_Name"]["id"] == shop.firm and there(shop)["Contact_Name"]["id"] == shop.alone


def test_nothing_is_converted(shop: Any, connect: Make, mapped: Make) -> None:
    tables = dict(shop.org.tables)
    tables["Sales_Orders"] = {name: one for name, one in tables["Sales_Orders"].items() if name != "Currency"}
    shop.org.tables = tables
    payload = placed(shop, mapped, line("W-1", "1", "10"))
    for settings, word in (({}, "home_currency"), ({"home_currency": "USD"}, "converted")):
        receipt = push(connect(**settings), payload)
        assert receipt.outcome == "refused" and word in receipt.cause
    assert push(connect(home_currency="EUR"), payload).outcome == "done"


def test_an_order_that_is_gone_is_told(shop: Any, connect: Make, mapped: Make) -> None:
    connector = connect(marker_field="Hub_ID")
    id = push(connector, placed(shop, mapped, line("W-1", "1", "10"))).external_id
    start = connector.deletes("order", None, ()).cursor
    shop.org.erase("Sales_Orders", id)
    assert connector.deletes("order", start, ()).external_ids == [id]
    assert push(connector, {"Status": "Created"}, id).outcome == "refused"


@pytest.mark.parametrize("price", ["0.1", "1234567.89", "0.005"])
def test_amounts_are_exact(shop: Any, connect: Make, mapped: Make, price: str) -> None:
    wanted = (Decimal(price) * 7).quantize(Decimal("0.01"))
    total = {"totals.grand_total": eur(str(wanted))}
    receipt = push(connect(), placed(shop, mapped, line("W-1", "7", price), **total))
    (read,) = mapped("order").pull(receipt.record.raw)
    assert read.values["totals.grand_total"] == eur(str(wanted)) and totals_difference(read.values) == 0
