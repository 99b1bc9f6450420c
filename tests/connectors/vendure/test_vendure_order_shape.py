"""Orders without a server: amounts, states and totals of real answers, and what a change asks for."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.vendure import order
from connectors.vendure.amounts import Money
from connectors.vendure.order_wish import bears, marked, wish
from hub.canonical.order import totals_difference
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import RecordRejected, Unsupported

FIXTURES = Path(__file__).parent / "fixtures"
NET, GROSS = Money(2, gross=False), Money(2, gross=True)
ORDERS = ("order_discounts", "order_partly_back", "order_cancelled")


def row(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def shipped() -> CompiledMap:
    content = map_text("vendure", "order")
    assert content
    return compile_map(load_map(content, file="order.toml"), context=Context())


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("money", [NET, GROSS], ids=["net", "gross"])
def test_totals_agree_in_both_forms(name: str, money: Money) -> None:
    (pulled,) = shipped().pull(order.raw(row(name), money))
    assert totals_difference(pulled.values) == 0
    assert pulled.values["taxes_included"] is money.gross
    assert pulled.notes == ()


def test_a_total_that_is_not_understood_shows_as_a_difference() -> None:
    strange = row("order_discounts")
    strange["totalWithTax"] += 100
    strange["total"] += 100
    (pulled,) = shipped().pull(order.raw(strange, NET))
    assert totals_difference(pulled.values) == Decimal("1.00")


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("money", [NET, GROSS], ids=["net", "gross"])
def test_lines_taxes_and_discounts_add_up_to_the_totals(name: str, money: Money) -> None:
    raw = order.raw(row(name), money)
    totals = {key: Decimal(value) for key, value in raw["totals"].items()}

    def summed(rows: list[dict[str, Any]], key: str) -> Decimal:
        return sum((Decimal(one[key]) for one in rows), Decimal(0))

    lines = raw["lines"]
    assert summed([one for one in lines if one["kind"] == "product"], "subtotal") == totals["items_subtotal"]
    assert summed([one for one in lines if one["kind"] == "shipping"], "subtotal") == totals["shipping"]
    assert summed(lines, "discount") == totals["item_discounts"] + totals["order_discounts"]
    assert summed(lines, "tax") == totals["tax"] == summed(raw["tax_lines"], "amount")
    whole = summed(lines, "total") + (0 if money.gross else totals["tax"])
    assert whole == totals["grand_total"]


def test_discounts_tell_their_code_and_owner() -> None:
    found = {one["kind"]: one for one in order.raw(row("order_discounts"), NET)["discounts"]}
    assert found["Ten off"] == {
        "kind": "Ten off",
        "code": "TEN",
        "method": "code",
        "owner": "order",
        "value": "6.46",
    }
    assert found["Books third"]["owner"] == "2" and found["Books third"]["value"] == "12.21"
    assert found["Free ship"]["owner"] == "shipping:1" and found["Free ship"]["value"] == "5.00"


def test_money_counts_the_same_decimals_in_every_currency() -> None:
    yen = row("order_discounts")
    yen["currencyCode"] = "JPY"
    for amounts in (yen, *yen["lines"], *yen["shippingLines"]):
        for name, value in amounts.items():
            if isinstance(value, int) and ("rice" in name or "otal" in name):
                amounts[name] = value * 100
    yen["payments"], yen["promotions"] = [], []
    for line in (*yen["lines"], *yen["shippingLines"]):
        line["discounts"] = []
    (pulled,) = shipped().pull(order.raw(yen, NET))
    assert pulled.values["lines"][0]["unit_price"] == {"amount": "1990", "currency": "JPY"}
    assert Money(3, gross=False).text(12345) == "12.345"
    assert NET.whole(Decimal("12.3")) == 1230 and NET.whole(Decimal("0.001")) is None


def test_states_follow_from_payments_and_parcels() -> None:
    back = order.raw(row("order_partly_back"), NET)
    assert (back["payment"], back["fulfilment"]) == ("partially_refunded", "delivered")
    assert [one["fulfilled"] for one in back["lines"] if one["kind"] == "product"] == [2, 2]
    assert back["totals"]["refunded"] == "5.00" and back["totals"]["outstanding"] == "-8.00"
    gone = order.raw(row("order_cancelled"), NET)
    assert gone["fulfilment"] == "cancelled" and gone["cancel_reason"] == "no stock" and gone["cancelled"]


@pytest.mark.parametrize(
    ("parcels", "expected"),
    [
        ([], "pending"),
        ([("Pending", 2, 3)], "pending"),
        ([("Shipped", 1, 0)], "partial"),
        ([("Shipped", 2, 3)], "shipped"),
        ([("Delivered", 2, 0), ("Shipped", 0, 3)], "shipped"),
        ([("Delivered", 2, 3)], "delivered"),
        ([("Cancelled", 2, 3)], "pending"),
    ],
)
def test_fulfilment_status(parcels: list[tuple[str, int, int]], expected: str) -> None:
    one = row("order_discounts")
    one["fulfillments"] = [
        {
            "id": str(number),
            "state": state,
            "lines": [{"orderLineId": "1", "quantity": first}, {"orderLineId": "2", "quantity": second}],
        }
        for number, (state, first, second) in enumerate(parcels)
    ]
    assert order.fulfilment_status(one) == expected


@pytest.mark.parametrize(
    ("state", "payments", "paid", "returned", "expected"),
    [
        ("ArrangingPayment", [], 0, 0, "pending"),
        ("PaymentAuthorized", ["Authorized"], 0, 0, "authorized"),
        ("PaymentSettled", ["Settled"], 6649, 0, "paid"),
        ("ArrangingAdditionalPayment", ["Settled"], 6000, 0, "partially_paid"),
        ("Shipped", ["Settled"], 6649, 100, "partially_refunded"),
        ("Cancelled", ["Settled"], 6649, 6649, "refunded"),
        ("Cancelled", ["Cancelled"], 0, 0, "voided"),
    ],
)
def test_payment_status(state: str, payments: list[str], paid: int, returned: int, expected: str) -> None:
    one = {**row("order_discounts"), "state": state}
    one["payments"] = [{"state": word, "amount": 6649} for word in payments]
    assert order.payment_status(one, paid=paid, returned=returned) == expected


def test_the_order_of_what_the_store_lists_does_not_matter() -> None:
    one, other = row("order_partly_back"), row("order_partly_back")
    for name in ("lines", "payments", "fulfillments", "promotions"):
        other[name].reverse()
    assert order.record(one, NET) == order.record(other, NET)


def test_nothing_of_the_raw_order_is_unmapped() -> None:
    map, found = shipped(), set[str]()
    for name in ORDERS:
        found |= map.unmapped(order.raw(row(name), NET))
    assert found == set()


def test_a_row_of_another_shape_is_rejected() -> None:
    broken = deepcopy(row("order_discounts"))
    del broken["lines"][0]["linePrice"]
    with pytest.raises(RecordRejected, match="as agreed"):
        order.record(broken, NET)


RAW = order.raw(row("order_partly_back"), NET)


def test_a_wish_is_read_by_line_or_sku() -> None:
    parcel = {"reference": "CU-1", "lines": [{"sku": "WID-1", "quantity": "1"}, {"line": "6", "quantity": 2}]}
    (found,) = wish({"fulfilments": [parcel]}, RAW).parcels
    assert found.lines == {"5": 1, "6": 2} and found.state == "Shipped"


def test_what_became_of_an_order_elsewhere_is_written_and_read_back_by_its_reference() -> None:
    map = shipped()
    assert map.push_paths == {"status", "cancel_reason", "fulfilments", "refunds"}
    euro = {"amount": "12.34", "currency": "EUR"}
    values: dict[str, Any] = {
        "fulfilments": [
            {
                "reference": "erp:7",
                "status": "shipped",
                "tracking": ["1Z", "2Z"],
                "lines": [{"line": "5", "sku": "WID-1", "quantity": "1"}],
            },
            {"reference": "shop:1", "status": "delivered"},
        ],
        "refunds": [
            {"reference": "shop:3", "status": "settled", "amount": euro},
            {"reference": "erp:9", "status": "settled", "amount": euro, "reason": "late", "lines": []},
        ],
    }
    wanted = wish(map.push(values, create=False), RAW, name="shop")
    ((parcel,), (refund,)) = wanted.parcels, wanted.refunds
    assert (parcel.reference, parcel.tracking, parcel.state, parcel.lines) == (
        "erp:7",
        "1Z, 2Z",
        "Shipped",
        {"5": 1},
    )
    assert (refund.reference, refund.amount, refund.reason) == ("erp:9", Decimal("12.34"), "late")
    assert wish(map.push({"status": "cancelled"}, create=False), RAW).cancelled
    one = row("order_partly_back")
    one["fulfillments"][0]["method"] = marked("DHL", "erp:7")
    one["payments"][0]["refunds"][0]["reason"] = marked("late", "erp:9")
    (pulled,) = map.pull(order.raw(one, NET))
    assert pulled.values["fulfilments"][0]["reference"] == "erp:7"
    assert {line["sku"] for line in pulled.values["fulfilments"][0]["lines"]} <= {
        line["sku"] for line in pulled.values["lines"]
    }
    (back,) = pulled.values["refunds"]
    assert (back["reference"], back["reason"], back["status"]) == ("erp:9", "late", "settled")
    (plain,) = map.pull(RAW)
    assert "reference" not in plain.values["refunds"][0]


@pytest.mark.parametrize(
    ("payload", "error", "said"),
    [
        ({"note": "x"}, Unsupported, "note"),
        ({"status": "completed"}, Unsupported, "only `cancelled`"),
        ({"fulfilments": [{"status": "shipped"}]}, RecordRejected, "could be made twice"),
        ({"fulfilments": [{"reference": "a", "carrier": "x"}]}, Unsupported, "carrier"),
        ({"fulfilments": [{"reference": "a", "status": "lost"}]}, RecordRejected, "no status"),
        ({"fulfilments": [{"reference": "a", "lines": [{"sku": "NO"}]}]}, RecordRejected, "no line with sku"),
        ({"quantities": [{"sku": "WID-1", "quantity": "1.5"}]}, RecordRejected, "whole pieces"),
        ({"refunds": [{"amount": "1.00"}]}, RecordRejected, "could be made twice"),
        ({"refunds": [{"reference": "r", "amount": "-1"}]}, RecordRejected, "amount"),
        ({"refunds": [{"reference": "r", "amount": "NaN"}]}, RecordRejected, "amount"),
        (
            {"refunds": [{"reference": "r", "amount": {"amount": "1", "currency": "USD"}}]},
            RecordRejected,
            "not in EUR",
        ),
        ({"payments": [{"id": "3", "status": "voided"}]}, Unsupported, "only `settled`"),
        ({"refunds": "all"}, RecordRejected, "list of objects"),
    ],
)
def test_what_cannot_be_asked_is_told(payload: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        wish(payload, RAW)


def test_a_reference_is_found_again_in_the_text_it_was_written_to() -> None:
    assert (
        marked("DHL", "CU-1") == "DHL [CU-1]"
        and marked(None, "CU-1") == "[CU-1]"
        and marked("DHL", None) == "DHL"
    )
    assert bears("DHL [CU-1]", "CU-1") and not bears("DHL [CU-11]", "CU-1") and not bears(None, "CU-1")
