from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.flat import order_of
from hub.canonical.order import Order, totals_difference


def eur(amount: object) -> dict[str, str]:
    return {"amount": str(amount), "currency": "EUR"}


def totals(**amounts: object) -> dict[str, Any]:
    return {f"totals.{name}": eur(amount) for name, amount in amounts.items()}


SHIPPED = [{"subtotal": eur(10)}, {"kind": "shipping", "subtotal": eur(2)}]
LINES = [{"unit_price": eur("3.335"), "quantity": "3"}, {"subtotal": eur("2.50"), "quantity": "1"}]


@pytest.mark.parametrize(
    ("values", "difference"),
    [
        (totals(items_subtotal=100, grand_total=100), "0"),
        (totals(items_subtotal=100, shipping=5, fees=1, tip=2, duties=3, grand_total=111), "0"),
        (totals(items_subtotal=100, item_discounts=10, order_discounts=5, rounding="0.01", grand_total="85.01"), "0"),
        ({**totals(items_subtotal=100, tax=19, grand_total=119), "taxes_included": False}, "0"),
        ({**totals(items_subtotal=119, tax=19, grand_total=119), "taxes_included": True}, "0"),
        (totals(items_subtotal=119, tax=19, grand_total=119), "0"),  # not said: either will do
        (totals(items_subtotal=100, tax=19, grand_total=119), "0"),
        (totals(items_subtotal=100, tax=19, grand_total=120), "1"),
        ({**totals(items_subtotal=100, tax=19, grand_total=119), "taxes_included": True}, "19"),
        (totals(items_subtotal=100, grand_total="99.99"), "-0.01"),
        ({**totals(grand_total="12.51"), "lines": LINES}, "0"),
        ({**totals(grand_total="12.50"), "lines": LINES}, "-0.01"),
        ({**totals(grand_total=12, shipping=2), "lines": SHIPPED}, "0"),
        ({**totals(grand_total=12), "lines": SHIPPED}, "0"),
        ({**totals(grand_total=12), "lines": [{"name": "no price"}]}, "0"),
        (totals(grand_total=12), "0"),
        (totals(items_subtotal=12), "0"),
        ({**totals(items_subtotal=12), "totals.grand_total": {"amount": "9", "currency": "USD"}}, "0"),
        ({}, "0"),
    ],
)  # fmt: skip
def test_the_totals_agree_or_the_difference_is_told(values: dict[str, Any], difference: str) -> None:
    assert totals_difference(values) == Decimal(difference)
    assert totals_difference(order_of(values)) == Decimal(difference)


AMOUNT = st.decimals(min_value=0, max_value=10_000, places=2)


@given(items=AMOUNT, shipping=AMOUNT, tax=AMOUNT, discount=AMOUNT, off=AMOUNT, included=st.booleans())
def test_the_difference_is_exactly_what_is_off(**drawn: Any) -> None:
    right = (
        drawn["items"] + drawn["shipping"] - drawn["discount"] + (0 if drawn["included"] else drawn["tax"])
    )
    values = {
        **totals(
            items_subtotal=drawn["items"],
            shipping=drawn["shipping"],
            tax=drawn["tax"],
            order_discounts=drawn["discount"],
            grand_total=right + drawn["off"],
        ),
        "taxes_included": drawn["included"],
    }
    assert totals_difference(values) == drawn["off"]


def test_an_empty_order_agrees() -> None:
    assert totals_difference(Order()) == 0
