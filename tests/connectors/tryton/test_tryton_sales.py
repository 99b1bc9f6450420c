"""Sales on a real Tryton: made from orders to the cent, once, and with the right party, places and articles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.tryton.connector import TrytonConnector
from hub.errors import ConnectionBroken
from hub.sdk import Change

Connect = Callable[..., TrytonConnector]


def test_an_order_becomes_a_processed_sale(desk: Any) -> None:
    receipt = desk.create(comment="Ring\ntwice", date="2026-11-20T23:30:00Z")
    assert receipt.record, receipt.cause
    raw = receipt.record.raw
    assert (raw["order"], raw["hub"], raw["party"]) == ("T-1", desk.marker(), desk.party)
    assert (raw["status"], raw["state"], raw["fulfilment"]) == ("processing", "processing", "pending")
    assert (raw["date"], raw["comment"]) == ("2026-11-20", "Ring\ntwice")
    assert (raw["totals"]["total"], raw["totals"]["tax"]) == ("246.00", "41.00")
    assert [(one["sku"], one["quantity"], one["unit_price"]) for one in raw["lines"]] == [
        ("LAMP", "3", "15.0000"),
        ("DESK", "1", "160.0000"),
    ]
    assert raw["billing"]["line1"] == raw["shipping"]["line1"] == "Weg 1"
    assert receipt.record == desk.tryton.fetch("order", [receipt.external_id])[0]
    # What the ERP's own people see of it.
    (sale,) = desk.rows(
        "sale.sale",
        [["id", "=", int(receipt.external_id)]],
        *("reference", "invoices.state", "invoices.total_amount", "shipments.state"),
    )
    assert sale["reference"] == "T-1"
    assert [one["total_amount"]["decimal"] for one in sale["invoices."]] == ["246.00"]
    assert [one["state"] for one in sale["shipments."]] == ["waiting"]


def test_discount_shipping_and_cents_are_lines_and_the_total_is_the_stores(desk: Any) -> None:
    lines = [
        {"id": "1", "sku": "LAMP", "name": "Lamp", "quantity": "3", "unit_price": "19.99", "subtotal": "59.97",
         "discount": "6.00", "total": "53.97", "tax": "9.00"},
        {"id": "2", "sku": "NUT", "name": "Nut", "quantity": "7", "unit_price": "0.33", "subtotal": "2.31",
         "total": "2.31", "tax": "0.15"},
        {"id": "shipping:1", "kind": "shipping", "sku": "std", "name": "Standard", "quantity": "1",
         "unit_price": "4.99", "subtotal": "4.99", "total": "4.99", "tax": "0.83"},
    ]  # fmt: skip
    taxes = [
        {"owner": "1", "rate": "0.2"},
        {"owner": "2", "rate": "0.07"},
        {"owner": "shipping:1", "rate": "0.2"},
    ]
    totals = {"totals.grand_total": "61.27", "totals.shipping": "4.99", "totals.order_discounts": "6.00"}
    raw = desk.raw(desk.made(lines=lines, tax_lines=taxes, **totals))
    assert raw["totals"]["total"] == "61.27"
    assert [(one["kind"], one["sku"], one["rate"]) for one in raw["lines"]] == [
        ("product", "LAMP", "0.2"),
        ("product", "NUT", "0.07"),
        ("shipping", "std", "0.2"),
    ]
    (off,) = raw["discounts"]
    assert (off["owner"], off["value"]) == ("1", "5.01")
    codes = desk.rows("sale.line", [["sale", "=", raw["id"]]], "product.code", "description")
    assert {one["product."]["code"] for one in codes if one["product."]} == {
        "LAMP",
        "NUT",
        "SHIPPING",
        "DISCOUNT",
    }
    assert sum(float(raw["totals"][name]) for name in ("items", "shipping", "rounding", "tax")) - 5.01 == (
        pytest.approx(61.27)
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"totals.grand_total": "247.00"}, "make 246.00, its total is 247.00: a difference of 1.00"),
        ({"party": "999999"}, "party 999999, is not there"),
        ({"party": ""}, "no customer"),
        ({"currency": "XAU"}, "no currency XAU"),
        (
            {"taxes_included": False, "tax_lines": [], "totals.grand_total": ""},
            "0 taxes of the ERP make that",
        ),
        ({"lines": []}, "no lines"),
        ({"billing.country": "QQ"}, 'no country "QQ"'),
        ({"carrier": "x"}, "carrier of a sale cannot be written"),
        ({"totals.grand_total": "much"}, "no number"),
    ],
)
def test_what_cannot_be_right_is_refused_and_leaves_nothing(
    desk: Any, more: dict[str, Any], told: str
) -> None:
    receipt = desk.create(**more)
    assert receipt.outcome == "refused" and told in (receipt.cause or ""), receipt
    assert desk.sales() == []


def test_a_no_of_the_erp_takes_the_draft_back(desk: Any) -> None:
    """An article without accounts: the ERP says so only when it makes the invoice, in the confirmation."""
    code = f"FREE-{desk.name}"
    article = {"name": "No accounts", "type": "goods", "salable": True, "default_uom": 1, "sale_uom": 1}
    desk.erp.call("POST", "product.template", {**article, "products": [["create", [{"suffix_code": code}]]]})
    (line, _) = desk.order()["lines"]
    odd = {"lines": [{**line, "sku": code}], "totals.grand_total": "54.00"}
    receipt = desk.create(**odd)
    assert receipt.outcome == "refused" and "No accounts" in (receipt.cause or ""), receipt
    assert desk.sales() == []


def test_an_unknown_article_is_held_made_or_placed(desk: Any, connect: Connect) -> None:
    code = f"NEW-{desk.name}"
    (line, _) = desk.order()["lines"]
    odd = {"lines": [{**line, "sku": code, "name": "Odd thing"}], "totals.grand_total": "54.00"}
    held = desk.create(1, tryton=connect(), **odd)
    assert held.outcome == "refused" and f'no product with the code "{code}"' in (held.cause or "")
    assert "unknown_product" in (held.cause or "")
    placed = desk.create(
        1, tryton=connect(unknown_product="placeholder", placeholder_product="UNKNOWN"), **odd
    )
    assert placed.record, placed.cause
    (shown,) = placed.record.raw["lines"]
    assert (shown["sku"], shown["name"]) == (code, f"Odd thing ({code})")
    assert desk.rows("product.product", [["code", "=", code]], "name") == []
    made = desk.create(2, **odd)
    assert made.record and made.record.raw["lines"][0]["sku"] == code, made.cause
    (product,) = desk.rows("product.product", [["code", "=", code]], "name")
    assert product["name"] == "Odd thing"
    again = desk.create(3, **odd)
    assert again.outcome == "done" and len(desk.rows("product.product", [["code", "=", code]], "name")) == 1


def test_places_are_the_partys_own_or_added_to_it(desk: Any) -> None:
    desk.made(1)
    other = {
        "shipping.recipient": "Bob",
        "shipping.line1": "Hof 2",
        "shipping.city": "Köln",
        "shipping.country": "DE",
    }
    raw = desk.raw(desk.made(2, **other))
    assert (raw["billing"]["line1"], raw["shipping"]["recipient"], raw["shipping"]["city"]) == (
        "Weg 1",
        "Bob",
        "Köln",
    )
    desk.made(3, **other)
    streets = [
        one["street"] for one in desk.rows("party.address", [["party", "=", int(desk.party)]], "street")
    ]
    assert sorted(filter(None, streets)) == ["Hof 2", "Weg 1"]


def test_another_currency_with_its_own_decimals(desk: Any) -> None:
    line = {"id": "1", "sku": "LAMP", "name": "灯", "quantity": "2", "unit_price": "1100", "subtotal": "2200"}
    yen = {"lines": [{**line, "total": "2200", "tax": "200"}], "tax_lines": [], "totals.grand_total": "2200"}
    refused = desk.create(currency="JPY", **yen)
    assert refused.outcome == "refused" and "0 taxes of the ERP make that" in (refused.cause or "")
    plain = {**yen, "lines": [{**line, "total": "2200", "tax": "0"}]}
    raw = desk.raw(desk.made(2, currency="JPY", **plain))
    assert (raw["currency"], raw["totals"]["total"]) == ("JPY", "2200")


def test_an_erp_that_rounds_taxes_by_document_gets_the_cents_as_a_line(desk: Any, connect: Connect) -> None:
    nuts = {
        "sku": "NUT",
        "name": "Nut",
        "quantity": "1",
        "unit_price": "0.10",
        "total": "0.10",
        "tax": "0.01",
    }
    lines = [{**nuts, "id": str(number)} for number in range(3)]
    taxes = [{"owner": "order", "rate": "0.07"}]
    many = {"lines": lines, "tax_lines": taxes, "taxes_included": False, "totals.grand_total": "0.33"}
    plain = desk.raw(desk.made(1, **many))
    assert (plain["totals"]["total"], plain["totals"]["rounding"]) == ("0.33", "0")
    books = desk.tryton._books.rest
    books.write("account.configuration", 1, {"tax_rounding": "document"}, fields=["tax_rounding"])
    try:
        receipt = desk.create(2, tryton=connect(unknown_product="create"), **many)
        assert receipt.record, receipt.cause
        totals = receipt.record.raw["totals"]
        assert (totals["total"], totals["tax"], totals["rounding"]) == ("0.33", "0.02", "0.01")
        stale = desk.create(3, **many)  # this one still believes in lines: the ERP's own sum is what counts
        assert stale.outcome == "refused" and "a difference of 0.01" in (stale.cause or "")
        assert desk.sales(3) == []
    finally:
        books.write("account.configuration", 1, {"tax_rounding": "line"}, fields=["tax_rounding"])


def test_the_same_order_again_meets_the_sale_it_made(desk: Any) -> None:
    first, again = desk.create(), desk.create()
    assert first.external_id == again.external_id and again.record == first.record
    change = Change("c", None, desk.order(), marker=desk.marker())
    assert [one.external_id for one in desk.tryton.find("order", change)] == [first.external_id]
    assert len(desk.sales()) == 1


def test_the_erps_own_sale_is_an_order_too(desk: Any) -> None:
    (address,) = desk.rows("party.address", [["party", "=", int(desk.party)]], "street")[:1] or [{"id": None}]
    if address["id"] is None:
        address = desk.erp.call("POST", "party.address", {"party": int(desk.party)})
    (product,) = desk.rows("product.product", [["code", "=", "UNKNOWN"]], "name")
    price = {"__class__": "Decimal", "decimal": "10.00"}
    line = {"type": "line", "product": product["id"], "unit": 1, "quantity": 2.0, "unit_price": price}
    places = {"invoice_address": address["id"], "shipment_address": address["id"]}
    row = {
        "party": int(desk.party),
        "company": 1,
        "reference": "PO-9",
        "lines": [["create", [line]]],
        **places,
    }
    id = str(desk.erp.call("POST", "sale.sale", {**row, "currency": 1, "description": "By phone"})["id"])
    raw = desk.raw(id)
    assert (raw["hub"], raw["description"], raw["reference"], raw["status"]) == (
        None,
        "By phone",
        "PO-9",
        "draft",
    )
    desk.press("sale.sale", id, "quote", "confirm")
    raw = desk.raw(id)
    assert (raw["status"], raw["order"] == raw["number"], raw["totals"]["total"]) == (
        "processing",
        True,
        "20.00",
    )


def test_check_names_the_setting_that_is_wrong(connect: Connect) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"company": "Nobody"}, 'no company "Nobody"'),
        ({"warehouse": "Moon"}, 'no stock.location "Moon"'),
        ({"payment_term": "Never"}, 'no account.invoice.payment_term "Never"'),
        ({"taxes": ["19 %"]}, 'the line "19 %"'),
        ({"unknown_product": "guess"}, 'unknown_product is "guess"'),
        ({"unknown_product": "placeholder"}, 'no product ""'),
        ({"shipping_product": "NO"}, 'no product "NO"'),
        ({"unknown_product": "create", "default_uom": "cubit"}, 'no product.uom "cubit"'),
    ]
    for settings, told in cases:
        *_, last = connect(**settings).check()
        assert (last.step, last.ok) == ("sales", False) and told in last.detail, last
        assert last.fix
    right = {"company": "Crane & Co", "warehouse": "WH", "payment_term": "Paid in the store"}
    *_, last = connect(**right, taxes=["0.2=VAT 20 %"]).check()
    assert last.ok and "sales of Crane & Co" in last.detail
    with pytest.raises(ConnectionBroken, match="Nobody"):
        list(connect(company="Nobody").pull("order", None))
