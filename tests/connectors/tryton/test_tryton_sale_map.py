"""The shipped map with real sales: an order written through it is read back through it as the hub's own."""

from __future__ import annotations

from typing import Any

import pytest

from hub.canonical.order import totals_difference
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change


def shipped() -> CompiledMap:
    text = map_text("tryton", "order")
    assert text
    return compile_map(load_map(text, file="order.toml"), context=Context())


def euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def lines() -> list[dict[str, Any]]:
    lamp = {
        "external_id": "7",
        "position": 1,
        "kind": "product",
        "sku": "LAMP",
        "name": "Lamp",
        "quantity": "3",
    }
    lamp |= {"unit_price": euro("10.00"), "subtotal": euro("30.00"), "discount_total": euro("3.00")}
    ship = {
        "external_id": "shipping:1",
        "kind": "shipping",
        "sku": "std",
        "name": "Standard",
        "quantity": "1",
    }
    ship |= {"unit_price": euro("5.00"), "subtotal": euro("5.00")}
    return [
        {**lamp, "total": euro("27.00"), "tax_total": euro("5.40")},
        {**ship, "total": euro("5.00"), "tax_total": euro("1.00")},
    ]


def values(desk: Any) -> dict[str, Any]:
    taxes = [("7", "5.40"), ("shipping:1", "1.00")]
    totals = {"items_subtotal": "30.00", "item_discounts": "3.00", "shipping": "5.00", "tax": "6.40"}
    paid = {"external_id": "1", "reference": "shop:1", "status": "settled", "amount": euro("38.40")}
    return {
        "number": "T-1001",
        "external_ref[hub]": desk.marker(),
        "customer_record": desk.party,
        "placed_at": "2026-11-20T10:00:00Z",
        "status": "open",
        "payment_status": "paid",
        "currency": "EUR",
        "taxes_included": False,
        "note": "By the back door",
        "billing_address.recipient": "Ann",
        "billing_address.line1": "Weg 1",
        "billing_address.postal_code": "53111",
        "billing_address.locality": "Bonn",
        "billing_address.country": "DE",
        "lines": lines(),
        "tax_lines": [{"owner": owner, "rate": "0.2", "amount": euro(amount)} for owner, amount in taxes],
        **{f"totals.{name}": euro(amount) for name, amount in totals.items()},
        "totals.grand_total": euro("38.40"),
        "payments": [paid],
    }


def test_an_order_goes_through_the_map_and_comes_back(desk: Any) -> None:
    map, given = shipped(), values(desk)
    payload = map.push(
        {path: value for path, value in given.items() if path in map.create_paths}, create=True
    )
    (made,) = desk.tryton.push("order", [Change("c", None, payload, marker=desk.marker())])
    assert made.record, made.cause
    (pulled,) = map.pull(made.record.raw)
    same = [path for path in given if path.startswith(("billing", "external", "totals.")) or path in (
        "number", "customer_record", "status", "currency", "note", "taxes_included")]  # fmt: skip
    there = {**pulled.values, "totals.item_discounts": pulled.values["totals.order_discounts"]}
    assert {path: there[path] for path in same} == {path: given[path] for path in same}
    assert totals_difference(pulled.values) == 0
    assert pulled.customer_record == desk.party and pulled.notes == ()
    assert [(one["kind"], one["sku"], one["quantity"]) for one in pulled.values["lines"]] == [
        ("product", "LAMP", "3"),
        ("shipping", "std", "1"),
    ]
    assert map.unmapped(made.record.raw) == set()


def test_states_go_through_the_map_and_come_back(desk: Any) -> None:
    map, id = shipped(), desk.made()
    states = {
        "fulfilments": [
            {
                "external_id": "4",
                "reference": "shop:4",
                "status": "delivered",
                "tracking": ["1Z"],
                "shipped_at": "2026-11-21T08:00:00Z",
                "lines": [{"line": "7", "sku": "LAMP", "quantity": "3"}],
            }
        ],
        "refunds": [{"reference": "shop:6", "status": "settled", "amount": euro("1.20"), "reason": "late"}],
    }
    (receipt,) = desk.tryton.push("order", [Change("u", id, map.push(states, create=False))])
    assert receipt.record, receipt.cause
    (pulled,) = map.pull(receipt.record.raw)
    (parcel,), (refund,) = pulled.values["fulfilments"], pulled.values["refunds"]
    assert (parcel["reference"], parcel["tracking"], parcel["lines"]) == (
        "shop:4",
        ["1Z"],
        states["fulfilments"][0]["lines"],
    )
    assert (refund["reference"], refund["amount"], refund["reason"]) == ("shop:6", euro("1.20"), "late")
    assert pulled.values["fulfilment_status"] == "partial"
    (gone,) = desk.tryton.push(
        "order", [Change("u", desk.made(2), map.push({"status": "cancelled"}, create=False))]
    )
    assert map.pull(gone.record.raw)[0].values["status"] == "cancelled"


def test_lines_take_along_what_they_cost() -> None:
    map = shipped()
    needed = map.push_needs["lines"]
    assert {"taxes_included", "tax_lines", "totals.grand_total", "currency"} <= set(needed) <= map.push_paths
    assert map.not_pushed["payments"] and "payment_status" not in map.create_paths


@pytest.mark.parametrize("word", ["open", "completed", "cancelled", "draft", "archived"])
def test_every_status_has_a_word_there(word: str) -> None:
    assert shipped().push({"status": word}, create=False)["status"]
