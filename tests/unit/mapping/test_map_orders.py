from __future__ import annotations

from typing import Any

import pytest

from hub.canonical.order import totals_difference
from hub.errors import RecordRejected
from hub.mapping.engine import CompiledMap, Context, compile_map
from hub.mapping.load import load_map

FILES = """
object = "order"
ignore = ["Row"]
[pull]
number = "Order"
customer_record = "Customer"
placed_at = { from = "Date", via = ["datetime(%d.%m.%Y)"] }
currency = "Currency"
status = "State"
totals.grand_total = { from = "Total", via = ["decimal(,)"] }
[pull."lines[]"]
sku = "SKU"
kind = { const = "product" }
quantity = "Qty"
unit_price = { from = "Price", via = ["decimal(,)"] }
[values.status]
done = "completed"
"""

NESTED = """
object = "order"
[pull]
number = "id"
currency = { const = "EUR" }
totals.grand_total = { from = "total", via = ["minor"] }
billing_address.locality = "billing.city"
[pull."lines[]"]
from = "order.items"
sku = "product.sku"
kind = "type"
total = { from = "amount", currency = "amount_currency" }
tax_total = { from = "tax", via = ["minor"] }
"custom.shop.note" = "note"
[pull."payments[]"]
amount = "value"
external_id = "id"
[values."lines[].kind"]
simple = "product"
ship = "shipping"
"""


def compiled(text: str, *, context: Context = Context()) -> CompiledMap:  # noqa: B008  a constant
    return compile_map(load_map(text, file="orders.toml"), context=context)


def row(sku: str, quantity: str, price: str) -> dict[str, Any]:
    head = {
        "Order": "A1",
        "Customer": "007",
        "Date": "14.05.2026",
        "Currency": "eur",
        "State": "Done",
        "Total": "21,50",
    }
    return {**head, "SKU": sku, "Qty": quantity, "Price": price, "Row": "1"}


def test_rows_of_a_file_become_the_lines_of_an_order() -> None:
    rows = [row("x", "2", "10,00"), row("y", "1", "1,50"), row("", "", "")]
    map = compiled(FILES, context=Context(timezone="Europe/Berlin"))
    (order,) = map.pull({**rows[0], "lines": rows})
    eur = [{"amount": amount, "currency": "EUR"} for amount in ("10.00", "1.50", "21.50")]
    assert order.values == {
        "number": "A1",
        "customer_record": "007",
        "placed_at": "2026-05-13T22:00:00Z",
        "currency": "EUR",
        "status": "completed",
        "totals.grand_total": eur[2],
        "lines": [
            {"kind": "product", "sku": "x", "quantity": "2", "unit_price": eur[0]},
            {"kind": "product", "sku": "y", "quantity": "1", "unit_price": eur[1]},
        ],
    }
    assert order.customer_record == "007"
    assert order.seen["customer_record"] == "007"
    assert order.seen["totals.grand_total"] == ["21,50", "eur"]
    assert order.seen["lines"][0] == ["x", "2", ["10,00", "eur"]]
    assert totals_difference(order.values) == 0
    assert map.unmapped({**rows[0], "lines": rows}) == set()
    more = {**rows[0], "New": "?"}
    assert map.unmapped({**more, "lines": [more]}) == {"New", "lines[].New"}


def test_nested_lists_have_their_own_currency_and_words() -> None:
    items = [
        {"product": {"sku": "x"}, "type": "simple", "amount": "9.99", "amount_currency": "USD", "tax": 190},
        {"type": "odd", "amount": 5, "amount_currency": None, "note": "n"},
    ]
    raw = {
        "id": 7,
        "total": 1499,
        "billing": {"city": "Bonn"},
        "order": {"items": items},
        "payments": [{"value": "14.99", "id": 5}],
    }
    (order,) = compiled(NESTED).pull(raw)
    assert order.values["lines"] == [
        {
            "sku": "x",
            "kind": "product",
            "total": {"amount": "9.99", "currency": "USD"},
            "tax_total": {"amount": "1.90", "currency": "EUR"},
        },
        {"kind": "unknown", "total": {"amount": "5.00", "currency": "EUR"}, "custom.shop.note": "n"},
    ]
    assert order.values["payments"] == [
        {"amount": {"amount": "14.99", "currency": "EUR"}, "external_id": "5"}
    ]
    assert order.values["totals.grand_total"] == {"amount": "14.99", "currency": "EUR"}
    assert compiled(NESTED).unmapped(raw) == set()
    assert (
        compiled(NESTED).not_pushed["lines"] == 'a list is written by a sub-map of its own: [push."lines[]"]'
    )


@pytest.mark.parametrize(("items", "lines"), [([], None), (None, None), ([{}], None), ([{"sku": " "}], None)])
def test_an_order_without_lines(items: Any, lines: Any) -> None:
    map = compiled('object = "order"\n[pull]\nnumber = "n"\n[pull."lines[]"]\nsku = "sku"')
    (order,) = map.pull({"n": 1, "lines": items})
    assert order.values.get("lines") == lines
    assert order.blanks == ("lines",)
    (order,) = map.pull({"n": 1})
    assert "lines" not in order.seen


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Currency": "EURO"}, "currency: 'EURO' is no currency. Fix: Expected an ISO 4217 code"),
        ({"Total": "a lot"}, "totals.grand_total: "),
        ({"Price": "a lot"}, "lines[].unit_price: "),
        ({"Qty": "few"}, "lines[].quantity: 'few' is not a number."),
        ({"Date": "2026"}, "placed_at: '2026' is not an instant. Fix: Expected the format %d.%m.%Y."),
    ],
)
def test_a_wrong_order_is_rejected_with_its_cause(changed: dict[str, str], told: str) -> None:
    wrong = {**row("x", "1", "1"), **changed}
    with pytest.raises(RecordRejected) as caught:
        compiled(FILES).pull({**wrong, "lines": [wrong]})
    assert told in str(caught.value)


def test_a_list_that_is_none_is_rejected() -> None:
    with pytest.raises(RecordRejected, match="is not a list of objects"):
        compiled(FILES).pull({"lines": ["x"]})


def test_the_lines_have_one_digest() -> None:
    first = compiled(FILES)
    other = compiled(FILES.replace('"Qty"', '"Quantity"'))
    assert {path for path in first.line_digest if first.line_digest[path] != other.line_digest[path]} == {
        "lines"
    }
