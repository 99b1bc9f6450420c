"""Amounts of orders: both forms, rounding, coupons, fees, taxes, refunds; the invariant of the totals holds exactly."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from woo_store import Store

from connectors.woocommerce import order
from hub.canonical.order import totals_difference
from hub.mapping.engine import CompiledMap
from hub.sdk import RecordRejected

Row = dict[str, Any]


def item(id: int, **given: Any) -> Row:
    plain = {"id": id, "name": "Thing", "product_id": 7, "variation_id": 0, "quantity": 1, "sku": f"S{id}"}
    return {**plain, "subtotal_tax": "0.00", "total_tax": "0.00", "taxes": [], "meta_data": [], **given}


def taxed(id: int, total: str, tax: str, **given: Any) -> Row:
    return {"id": id, "total": total, "total_tax": tax, "taxes": [{"id": 3, "total": tax}], **given}


VAT = {"id": 6, "rate_id": 3, "rate_code": "DE-VAT", "label": "MwSt", "rate_percent": 19}
SUMS = {
    "discount_total": "2.52",
    "discount_tax": "0.48",
    "shipping_total": "4.12",
    "shipping_tax": "0.78",
    "cart_tax": "4.74",
    "total": "34.57",
    "total_tax": "5.52",
}


def placed(**given: Any) -> Row:
    """An order as the API shows it: three books at 9.99 with 19 % in them, shipping, a fee and a coupon."""
    book = item(1, quantity=3, subtotal="25.18", subtotal_tax="4.79", total="22.66", total_tax="4.31")
    base: Row = {
        "id": 5,
        "status": "processing",
        "currency": "EUR",
        "number": "2026-5",
        "customer_id": 0,
        "prices_include_tax": True,
        "date_created_gmt": "2026-11-20T10:00:00",
        "date_modified_gmt": "2026-11-20T10:00:01",
        "date_paid_gmt": "2026-11-20T10:00:01",
        **SUMS,
        "line_items": [{**book, "taxes": [{"id": 3, "total": "4.306"}]}],
        "shipping_lines": [taxed(2, "4.12", "0.78", method_title="Parcel", method_id="flat_rate")],
        "fee_lines": [taxed(3, "2.27", "0.43", name="Gift wrap")],
        "coupon_lines": [{"id": 4, "code": "three", "discount": "2.52", "discount_tax": "0.48"}],
        "tax_lines": [{**VAT, "tax_total": "4.74", "shipping_tax_total": "0.78"}],
        "refunds": [],
        "billing": {"email": "guest@example.org", "first_name": "Gu", "last_name": "Est", "country": "DE"},
        "shipping": [],
        "meta_data": [],
    }
    return {**base, **given}


def read(row: Row, maps: dict[str, CompiledMap]) -> Row:
    (pulled,) = maps["order"].pull(order.record(row).raw)
    assert pulled.notes == ()
    return dict(pulled.values)


def amounts(values: Row, *names: str) -> list[str]:
    return [values[f"totals.{name}"]["amount"] for name in names]


def test_a_store_with_tax_in_its_prices(maps: dict[str, CompiledMap]) -> None:
    values = read(placed(), maps)
    assert totals_difference(values) == 0 and values["taxes_included"] is True
    names = ("items_subtotal", "item_discounts", "shipping", "fees", "rounding", "grand_total", "tax")
    assert amounts(values, *names) == ["29.97", "3.00", "4.90", "2.70", "0.00", "34.57", "5.52"]
    book, shipping, fee = values["lines"]
    assert (book["unit_price"]["amount"], book["discount_total"]["amount"], book["total"]["amount"]) == (
        "9.99",
        "3.00",
        "26.97",
    )
    assert [line["kind"] for line in values["lines"]] == ["product", "shipping", "fee"]
    assert (shipping["total"]["amount"], fee["name"]) == ("4.90", "Gift wrap")
    assert values["discounts"] == [
        {
            "owner": "order",
            "kind": "coupon",
            "code": "three",
            "method": "code",
            "value": {"amount": "3.00", "currency": "EUR"},
        }
    ]
    assert [(tax["owner"], tax["rate"], tax["included"]) for tax in values["tax_lines"]] == [
        ("1", "0.19", True),
        ("2", "0.19", True),
        ("3", "0.19", True),
    ]


def test_the_same_order_without_tax_in_the_prices(maps: dict[str, CompiledMap]) -> None:
    values = read(placed(prices_include_tax=False), maps)
    assert totals_difference(values) == 0 and values["taxes_included"] is False
    names = ("items_subtotal", "item_discounts", "shipping", "fees", "tax", "rounding", "grand_total")
    assert amounts(values, *names) == ["25.18", "2.52", "4.12", "2.27", "5.52", "0.00", "34.57"]
    # 25.18 / 3 is no whole number of cents: the price keeps what it needs.
    assert values["lines"][0]["unit_price"]["amount"] == "8.393333"


def test_cents_between_rounded_lines_and_the_total_are_rounding(maps: dict[str, CompiledMap]) -> None:
    values = read(placed(total="34.59"), maps)
    assert amounts(values, "rounding", "grand_total") == ["0.02", "34.59"]
    assert totals_difference(values) == 0


@pytest.mark.parametrize("total", ["35.57", "33.00", "0.00"])
def test_more_than_rounding_can_make_is_shown_as_a_mismatch(maps: dict[str, CompiledMap], total: str) -> None:
    values = read(placed(total=total), maps)
    assert amounts(values, "rounding") == ["0.00"]
    assert totals_difference(values) == Decimal(total) - Decimal("34.57")


def test_a_currency_without_decimals(maps: dict[str, CompiledMap]) -> None:
    line = item(1, quantity=2, subtotal="2000", total="2000")
    none = {
        "discount_total": "0",
        "discount_tax": "0",
        "shipping_total": "0",
        "shipping_tax": "0",
        "total_tax": "0",
    }
    row = placed(currency="JPY", total="2001", line_items=[line], **none)
    values = read({**row, "shipping_lines": [], "fee_lines": [], "coupon_lines": [], "tax_lines": []}, maps)
    assert amounts(values, "grand_total", "rounding") == ["2001", "1"]
    assert values["lines"][0]["unit_price"]["amount"] == "1000" and totals_difference(values) == 0


def test_a_fee_below_zero_takes_off(maps: dict[str, CompiledMap]) -> None:
    row = placed(total="29.17")
    row["fee_lines"] = [{"id": 3, "name": "Loyal", "total": "-2.27", "total_tax": "-0.43", "taxes": []}]
    values = read(row, maps)
    assert amounts(values, "fees", "rounding") == ["-2.70", "0.00"] and totals_difference(values) == 0


def test_taxes_of_the_whole_order_where_the_lines_do_not_tell_them(maps: dict[str, CompiledMap]) -> None:
    row = deepcopy(placed())
    row["line_items"][0]["taxes"] = []
    (tax,) = read(row, maps)["tax_lines"]
    assert (tax["owner"], tax["name"], tax["amount"]["amount"]) == ("order", "MwSt", "5.52")


def test_refunds_with_their_lines(store: Store, maps: dict[str, CompiledMap]) -> None:
    row = placed(refunds=[{"id": 90, "reason": "broken [erp:5]", "total": "-9.99"}])
    refunds = [
        {
            "id": 90,
            "amount": "9.99",
            "reason": "broken [erp:5]",
            "date_created_gmt": "2026-11-21T09:00:00",
            "line_items": [{"quantity": -1, "meta_data": [{"key": "_refunded_item_id", "value": "1"}]}],
        }
    ]
    (pulled,) = maps["order"].pull(order.record(row, refunds).raw)
    values = pulled.values
    (refund,) = values["refunds"]
    assert (refund["external_id"], refund["reference"], refund["amount"]["amount"]) == ("90", "erp:5", "9.99")
    assert refund["lines"] == [{"line": "1", "quantity": "1"}]
    assert values["lines"][0]["quantity_refunded"] == "1" and values["payment_status"] == "partially_refunded"
    assert amounts(values, "paid", "refunded", "outstanding") == ["34.57", "9.99", "0.00"]
    # Without their own list the summary is taken: amounts, no lines.
    (plain,) = maps["order"].pull(order.record(row).raw)
    assert plain.values["refunds"][0]["amount"]["amount"] == "9.99"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, ("open", "paid", "pending")),
        ({"status": "on-hold", "date_paid_gmt": None}, ("open", "pending", "pending")),
        ({"status": "pending", "date_paid_gmt": None}, ("open", "pending", "pending")),
        ({"status": "failed", "date_paid_gmt": None}, ("draft", "voided", "pending")),
        ({"status": "checkout-draft", "date_paid_gmt": None}, ("draft", "pending", "pending")),
        ({"status": "cancelled", "date_paid_gmt": None}, ("cancelled", "voided", "cancelled")),
        ({"status": "completed"}, ("completed", "paid", "shipped")),
        ({"status": "refunded"}, ("completed", "refunded", None)),
    ],
)
def test_states(maps: dict[str, CompiledMap], given: Row, wanted: tuple[str | None, ...]) -> None:
    values = read(placed(**given), maps)
    found = tuple(values.get(name) for name in ("status", "payment_status", "fulfilment_status"))
    assert found == wanted


def test_a_status_of_a_plugin_is_unknown_and_told(maps: dict[str, CompiledMap]) -> None:
    (pulled,) = maps["order"].pull(order.record(placed(status="awaiting-pickup")).raw)
    assert pulled.values["status"] == "unknown" and "awaiting-pickup" in str(pulled.notes)


def test_a_guest_has_no_customer_there_but_an_e_mail(maps: dict[str, CompiledMap]) -> None:
    (pulled,) = maps["order"].pull(order.record(placed()).raw)
    assert pulled.customer_record is None and pulled.values["email"] == "guest@example.org"
    (pulled,) = maps["order"].pull(order.record(placed(customer_id=12)).raw)
    assert pulled.customer_record == "12"


def test_what_opens_the_orders_pages_is_left_out() -> None:
    raw = order.record(placed(order_key="wc_order_x", payment_url="https://shop.test/?key=wc_order_x")).raw
    assert "wc_order_x" not in str(raw)


@pytest.mark.parametrize(
    "row", [{"id": 1}, placed(total="much"), placed(line_items=[{"name": "no id"}]), placed(total=True)]
)
def test_an_order_of_another_shape_is_rejected(row: Row) -> None:
    with pytest.raises(RecordRejected):
        order.record(row)


def test_numbers_as_numbers_and_unknown_fields_do_no_harm(maps: dict[str, CompiledMap]) -> None:
    row = placed(
        total=34.57, total_tax=5.52, mystery={"a": 1}, line_items=placed()["line_items"], fee_lines=None
    )
    row["total"] = 31.87
    values = read(row, maps)
    assert totals_difference(values) == 0 and amounts(values, "grand_total", "fees") == ["31.87", "0.00"]


def test_options_and_meta_of_lines(maps: dict[str, CompiledMap]) -> None:
    row = placed()
    row["line_items"][0] |= {
        "variation_id": 71,
        "meta_data": [
            {"id": 1, "key": "pa_color", "value": "red", "display_key": "Colour", "display_value": "Red"},
            {
                "id": 2,
                "key": "_reduced_stock",
                "value": "3",
                "display_key": "_reduced_stock",
                "display_value": "3",
            },
        ],
    }
    line = read(row, maps)["lines"][0]
    assert line["options"] == ["Colour: Red"] and line["product_ref"] == "71"
