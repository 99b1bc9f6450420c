"""Sale orders against the fake Odoo of 15, 17 and 19: from a store into the ERP, and what happens to them there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from odoo_fake_server import WRITES, FakeOdoo

from hub.canonical.order import totals_difference
from hub.errors import Unsupported
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change, RemoteRecord
from hub.testkit.loopback import Fault
from hub.testkit.proxy import Proxy

ORDER = "sale.order"


def shipped() -> CompiledMap:
    text = map_text("odoo", "order")
    assert text
    return compile_map(load_map(text, file="order.toml"), context=Context())


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def golden(customer: int, *, gross: bool = False, **more: Any) -> dict[str, Any]:
    """Two chairs and a desk with 19 %, delivery as a total only: 130.00 without, 154.70 with tax."""
    factor = Decimal("1.19") if gross else Decimal(1)

    def line(sku: str, quantity: int, total: str, tax: str) -> dict[str, Any]:
        whole = money(str((Decimal(total) * factor).quantize(Decimal("0.01"))))
        common = {"kind": "product", "sku": sku, "name": sku.title(), "quantity": str(quantity)}
        return {**common, "subtotal": whole, "total": whole, "tax_total": money(tax)}

    return {
        "number": "WEB-1001",
        "status": "open",
        "placed_at": "2026-11-01T10:00:00+00:00",
        "customer_record": str(customer),
        "currency": "EUR",
        "taxes_included": gross,
        "lines": [line("CHAIR", 2, "20.00", "3.80"), line("DESK", 1, "100.00", "19.00")],
        "totals.shipping": money("11.90" if gross else "10.00"),
        "totals.tax": money("24.70"),
        "totals.grand_total": money("154.70"),
        **more,
    }


def buyer(odoo: FakeOdoo) -> int:
    return int(odoo.engine.create("res.partner", {"name": "Ann", "email": "ann@example.org"}))


def make(connector: Any, values: dict[str, Any], marker: str = "ord_1") -> Any:
    payload = shipped().push(values, create=True)
    (receipt,) = connector.push("order", [Change("k", None, payload, marker=marker)])
    return receipt


def later(odoo: FakeOdoo) -> None:
    odoo.clock_ahead += 1000
    odoo.engine.ahead = timedelta(seconds=odoo.clock_ahead)
    odoo.engine.tick()


def pulled(connector: Any, cursor: Any = None) -> tuple[dict[str, RemoteRecord], Any]:
    pages = list(connector.pull("order", cursor))
    return {one.external_id: one for page in pages for one in page.records}, pages[-1].cursor


@pytest.mark.parametrize("gross", [False, True], ids=["net", "gross"])
def test_an_order_of_a_store_comes_in_whole(odoo: FakeOdoo, connect: Any, gross: bool) -> None:
    made = make(connect(), golden(buyer(odoo), gross=gross))
    assert made.outcome == "done", made.cause
    row = odoo.engine.rows[ORDER][int(made.external_id)]
    assert (row["state"], row["amount_total"], row["amount_tax"]) == ("sale", 154.70, 24.70)
    assert (row["origin"], row["client_order_ref"]) == ("ord_1", "WEB-1001")
    assert row["date_order"].isoformat() == "2026-11-01T10:00:00", "confirming set it to now"
    (back,) = shipped().pull(made.record.raw)
    assert back.values["external_ref[hub]"] == "ord_1" and back.values["status"] == "open"
    assert totals_difference(back.values) == 0
    assert [one["kind"] for one in back.values["lines"]].count("product") >= 2
    assert shipped().unmapped(made.record.raw) == set()


def test_another_total_is_refused_with_the_difference_and_leaves_nothing(
    odoo: FakeOdoo, connect: Any
) -> None:
    values = golden(buyer(odoo), **{"totals.grand_total": money("154.71")})
    made = make(connect(), values)
    assert made.outcome == "refused" and "-0.01" in (made.cause or ""), made.cause
    assert odoo.engine.rows[ORDER] == {}


def test_a_user_who_may_not_delete_cancels_instead(odoo: FakeOdoo, connect: Any) -> None:
    odoo.rights[ORDER] = {"read", "write", "create"}
    values = golden(buyer(odoo), **{"totals.grand_total": money("154.71")})
    assert make(connect(), values).outcome == "refused"
    (row,) = odoo.engine.rows[ORDER].values()
    assert (row["state"], row["origin"]) == ("cancel", False)
    good = make(connect(), golden(row["partner_id"]))
    assert good.outcome == "done" and good.record.raw["state"] == "sale"


def test_a_price_that_does_not_divide(odoo: FakeOdoo, connect: Any) -> None:
    line = {"kind": "product", "sku": "CHAIR", "name": "Chair", "quantity": "3", "total": money("10.00")}
    values = golden(buyer(odoo), **{"totals.grand_total": money("10.00"), "lines": [line]})
    for name in ("totals.shipping", "totals.tax"):
        del values[name]
    made = make(connect(), values)
    assert made.outcome == "done", made.cause
    lines = odoo.engine.rows["sale.order.line"].values()
    assert sorted((one["product_uom_qty"], one["price_unit"]) for one in lines) == [(1.0, 3.34), (2.0, 3.33)]


def test_discounts_of_lines_and_of_the_order(odoo: FakeOdoo, connect: Any) -> None:
    odoo.engine.create("product.product", {"name": "Discount", "default_code": "DISCOUNT"})
    line = {
        "kind": "product",
        "sku": "CHAIR",
        "name": "Chair",
        "quantity": "2",
        "subtotal": money("20.00"),
        "discount_total": money("2.00"),
        "total": money("18.00"),
    }
    totals = {
        "totals.order_discounts": money("3.00"),
        "totals.grand_total": money("15.00"),
        "totals.tax": money("0"),
    }
    values = golden(buyer(odoo), lines=[line], **totals)
    del values["totals.shipping"]
    made = make(connect(), values)
    assert made.outcome == "done", made.cause
    first = next(iter(odoo.engine.rows["sale.order.line"].values()))
    assert (first["price_unit"], first["discount"]) == (10.0, 10.0)
    (back,) = shipped().pull(made.record.raw)
    assert totals_difference(back.values) == 0
    assert back.values["totals.order_discounts"]["amount"] in ("3", "3.00")


@pytest.mark.parametrize("policy", ["hold", "create", "placeholder"])
def test_unknown_products(odoo: FakeOdoo, connect: Any, policy: str) -> None:
    line = {"kind": "product", "sku": "LAMP", "name": "Lamp", "quantity": "1", "total": money("10.00")}
    values = golden(buyer(odoo), lines=[line], **{"totals.grand_total": money("10.00")})
    for name in ("totals.shipping", "totals.tax"):
        del values[name]
    made = make(connect(unknown_product=policy, placeholder_product="CHAIR"), values)
    codes = [one["default_code"] for one in odoo.engine.rows["product.product"].values()]
    if policy == "hold":
        assert made.outcome == "refused" and '"LAMP"' in (made.cause or "")
        return
    assert made.outcome == "done", made.cause
    assert made.record.raw["lines"][0]["sku"] == ("LAMP" if policy == "create" else "CHAIR")
    assert ("LAMP" in codes) == (policy == "create")


def test_no_fitting_tax_is_said(odoo: FakeOdoo, connect: Any) -> None:
    line = {"kind": "product", "sku": "CHAIR", "name": "Chair", "quantity": "1", "total": money("10.00")}
    values = golden(buyer(odoo), lines=[{**line, "tax_total": money("2.50")}])
    made = make(connect(), values)
    assert made.outcome == "refused" and "25.00 %" in (made.cause or "")


def test_another_currency_needs_a_price_list(odoo: FakeOdoo, connect: Any) -> None:
    values = golden(buyer(odoo), currency="USD")
    made = make(connect(), values)
    assert made.outcome == "refused" and "price list in USD" in (made.cause or "")
    odoo.engine.create("product.pricelist", {"name": "US", "currency_id": 2})
    made = make(connect(), values)
    assert made.outcome == "done" and made.record.raw["currency"] == "USD", made.cause


def test_an_order_that_cannot_be_confirmed_is_taken_back(odoo: FakeOdoo, connect: Any) -> None:
    odoo.engine.confirm_fails = "Unable to find Wkhtmltopdf on this system. The PDF can not be created."
    made = make(connect(), golden(buyer(odoo)))
    assert made.outcome == "refused" and "Wkhtmltopdf" in (made.cause or "")
    assert odoo.engine.rows[ORDER] == {}
    assert make(connect(confirm_orders=False), golden(2)).record.raw["state"] == "draft"


@pytest.mark.parametrize("after", [0, 1, 2], ids=["create", "confirm", "date"])
def test_a_server_that_dies_half_way(odoo: FakeOdoo, connect: Any, after: int) -> None:
    """The answer to one of the three calls is lost; the same create again finishes the one order."""
    values = golden(buyer(odoo))

    def writes(request: Any) -> bool:
        return any(
            f'"{name}"'.encode() in request.body or request.path.endswith(f"/{name}") for name in WRITES
        )

    with Proxy(odoo.url) as proxy:
        proxy.arm(Fault("lost", when=writes, skip=after))
        first = make(connect(url=proxy.address), values)
        assert first.outcome == "unknown", first
    again = make(connect(), values)
    assert again.outcome == "done", again.cause
    (row,) = odoo.engine.rows[ORDER].values()
    assert row["state"] == "sale" and row["amount_total"] == 154.70
    found = connect().find("order", Change("k", None, {}, marker="ord_1"))
    assert [one.external_id for one in found] == [again.external_id]


def test_parcels_and_money_come_though_they_leave_no_stamp(odoo: FakeOdoo, connect: Any) -> None:
    made = make(connect(), golden(buyer(odoo)))
    id = int(made.external_id)
    assert made.record.raw["fulfilment"] == "pending" and made.record.raw["payment"] == "pending"
    later(odoo)
    _, cursor = pulled(connect())
    later(odoo)
    (picking,) = odoo.engine.rows["stock.picking"]
    odoo.engine.ship(picking, "TRACK-1")
    found, cursor = pulled(connect(), cursor)
    (order,) = shipped().pull(found[str(id)].raw)
    assert order.values["fulfilment_status"] == "shipped"
    (parcel,) = order.values["fulfilments"]
    assert parcel["tracking"] == ["TRACK-1"] and parcel["status"] == "shipped"
    assert {one["sku"]: one["quantity"] for one in parcel["lines"]} == {"CHAIR": "2", "DESK": "1"}
    later(odoo)
    invoice = odoo.engine.invoice(id)
    _, cursor = pulled(connect(), cursor)
    later(odoo)
    odoo.engine.pay(invoice, 100.0)
    found, cursor = pulled(connect(), cursor)
    assert found[str(id)].raw["payment"] == "partially_paid"
    later(odoo)
    odoo.engine.pay(invoice, 54.70)
    odoo.engine.invoice(id, refund=54.70)
    found, _ = pulled(connect(), cursor)
    (order,) = shipped().pull(found[str(id)].raw)
    assert order.values["payment_status"] == "partially_refunded"
    assert totals_difference(order.values) == 0
    assert [one["status"] for one in order.values["refunds"]] == ["settled"]


def test_cancelling(odoo: FakeOdoo, connect: Any) -> None:
    made = make(connect(), golden(buyer(odoo)))
    change = Change("u", made.external_id, shipped().push({"status": "cancelled"}, create=False))
    (receipt,) = connect().push("order", [change])
    assert receipt.outcome == "done" and receipt.record.raw["state"] == "cancel", receipt.cause
    assert connect().push("order", [change])[0].outcome == "done"
    second = make(connect(), golden(buyer(odoo)), "ord_2")
    odoo.engine.ship(max(odoo.engine.rows["stock.picking"]))
    (refused,) = connect().push("order", [change._replace(external_id=second.external_id)])
    assert refused.outcome == "refused" and "left the house" in (refused.cause or "")


def test_what_is_in_work_is_not_written_over(odoo: FakeOdoo, connect: Any) -> None:
    values = golden(buyer(odoo))
    made = make(connect(), values)
    same = shipped().push(
        {"lines": values["lines"], "currency": "EUR", "taxes_included": False}, create=False
    )
    (receipt,) = connect().push("order", [Change("u", made.external_id, same)])
    assert receipt.outcome == "done", receipt.cause
    fewer = {"lines": values["lines"][:1], "currency": "EUR", "taxes_included": False}
    (receipt,) = connect().push("order", [Change("u", made.external_id, shipped().push(fewer, create=False))])
    assert receipt.outcome == "refused" and "lines" in (receipt.cause or "")
    (receipt,) = connect().push("order", [Change("u", made.external_id, {"fulfilments": []})])
    assert receipt.outcome == "refused" and "cannot be written" in (receipt.cause or "")


def test_without_the_sales_app_there_are_customers_only(odoo: FakeOdoo, connect: Any) -> None:
    for model in (ORDER, "sale.order.line"):
        del odoo.engine.models[model]
    assert all(one.ok for one in connect().check())
    assert {one.object for one in connect().discover()} == {"customer"}
    with pytest.raises(Unsupported, match="Sales"):
        pulled(connect())


def test_without_stock_and_invoices_an_order_still_comes(odoo: FakeOdoo, connect: Any) -> None:
    odoo.rights |= {"stock.picking": set(), "account.move": set()}
    made = make(connect(), golden(buyer(odoo)))
    assert made.record.raw["payment"] is None and made.record.raw["fulfilment"] == "pending"
    _, cursor = pulled(connect())
    pulled(connect(), cursor)
