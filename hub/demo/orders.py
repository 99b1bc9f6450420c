"""The shop's orders: a row per line, amounts as the shop writes them, sums that add up, and a few that do not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import NamedTuple

from hub.demo.views import Row
from hub.demo.words import GOODS

ORDER_COLUMNS = (
    *(
        "order_no",
        "customer_no",
        "placed",
        "state",
        "payment",
        "delivery",
        "currency",
        "position",
        "sku",
        "article",
    ),
    *("quantity", "price", "line_total", "discount", "shipping", "vat", "total"),
)
ORDERS = 1_000
_CENT = Decimal("0.01")
_STATES = (
    *(
        (("open", "unpaid", "pending"), 8),
        (("open", "paid", "shipped"), 12),
        (("done", "paid", "delivered"), 70),
    ),
    *((("cancelled", "refunded", "cancelled"), 6), (("done", "partly refunded", "returned"), 4)),
)


class Orders(NamedTuple):
    """Rows of the order export, and the numbers of the orders whose totals do not add up."""

    rows: list[Row]
    wrong: tuple[str, ...]


def orders(seed: int, customers: Sequence[str]) -> Orders:
    """1,000 orders of these customers: many have none, a few have many."""
    rng = Random(f"{seed}/orders")
    weights = [1 / (1 + rng.randrange(40)) for _ in customers]
    rows: list[Row] = []
    wrong = tuple(f"S-{number}" for number in sorted(rng.sample(range(20_001, 20_001 + ORDERS), 6)))
    for number in range(20_001, 20_001 + ORDERS):
        customer = rng.choices(customers, weights=weights)[0]
        order = f"S-{number}"
        rows += _order(rng, order, customer, off=Decimal("10.00") if order in wrong else Decimal(0))
    return Orders(rows, wrong)


def _order(rng: Random, order: str, customer: str, *, off: Decimal) -> list[Row]:
    """The rows of one order. off: by how much its total is wrong."""
    (state, payment, delivery), _ = rng.choices(_STATES, weights=[share for _, share in _STATES])[0]
    lines = [
        (*rng.choice(GOODS), rng.randint(1, 4))
        for _ in range(rng.choices((1, 2, 3, 4), weights=(5, 3, 2, 1))[0])
    ]
    amounts = [Decimal(price) * quantity for _, _, price, quantity in lines]
    items = sum(amounts, Decimal(0))
    discount = (items * Decimal("0.10")).quantize(_CENT, ROUND_HALF_UP) if rng.random() < 0.15 else Decimal(0)
    shipping = Decimal("0.00") if items >= 100 else Decimal("4.90")
    total = items - discount + shipping
    vat = (total * 19 / 119).quantize(_CENT, ROUND_HALF_UP)
    head = {
        "order_no": order,
        "customer_no": customer,
        "placed": _placed(rng),
        "state": state,
        "payment": payment,
        "delivery": delivery,
        "currency": "EUR",
    }
    foot = {
        "discount": comma(discount),
        "shipping": comma(shipping),
        "vat": comma(vat),
        "total": comma(total + off),
    }
    return [
        {
            **head,
            "position": str(position),
            "sku": sku,
            "article": name,
            "quantity": str(quantity),
            "price": comma(Decimal(price)),
            "line_total": comma(amount),
            **foot,
        }
        for position, ((sku, name, price, quantity), amount) in enumerate(
            zip(lines, amounts, strict=True), start=1
        )
    ]


def comma(amount: Decimal) -> str:
    """1234.5 → 1.234,50"""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _placed(rng: Random) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.choice((2024, 2025))
    return f"{day:02}.{month:02}.{year} {rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
