"""The amounts of an order: from the store's whole numbers to decimal texts, lines, totals, taxes and discounts.

Vendure gives each amount twice, without and with tax. Where the channel's prices include tax the hub takes the second
form throughout, else the first; in both the sums agree to the cent, for the store itself makes its totals of them. An
amount is rounded per line, so a unit price times the quantity may differ from the line's subtotal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from connectors.vendure.graphql import Row

_WHOLE_ORDER = "DISTRIBUTED_ORDER_PROMOTION"


class Money(NamedTuple):
    """How this store counts. `precision`: decimals of its whole numbers, the same for every currency."""

    precision: int
    gross: bool

    def text(self, amount: int | float) -> str:
        return str(Decimal(str(amount)).scaleb(-self.precision).quantize(Decimal(1).scaleb(-self.precision)))

    def whole(self, amount: Decimal) -> int | None:
        """The inverse; None for an amount that has more decimals than the store."""
        scaled = amount.scaleb(self.precision)
        return int(scaled) if scaled == scaled.to_integral_value() else None

    def form(self, row: Row, name: str) -> int:
        """The amount `name` in the form of this store."""
        return int(row[f"{name}WithTax" if self.gross else name])


def tax(row: Row, name: str) -> int:
    return int(row[f"{name}WithTax"]) - int(row[name])


def lines(row: Row, money: Money, *, fulfilled: Mapping[str, int], refunded: Mapping[str, int]) -> list[Row]:
    """Products, then shipping and surcharges as lines of their own kind; quantities as they are after cancellations."""
    found = [_product(line, money) for line in row["lines"]]
    for line in found:
        line["fulfilled"] = fulfilled.get(line["id"], 0)
        line["refunded"] = refunded.get(line["id"], 0)
    found += [_shipping(line, money) for line in row["shippingLines"]]
    found += [_surcharge(line, money) for line in row["surcharges"]]
    return [{**line, "position": position} for position, line in enumerate(found, 1)]


def _product(line: Row, money: Money) -> Row:
    subtotal, total = money.form(line, "linePrice"), money.form(line, "proratedLinePrice")
    variant = line["productVariant"]
    return {
        "id": str(line["id"]),
        "kind": "product",
        "product": str(variant["id"]),
        "sku": variant["sku"],
        "name": variant["name"],
        "quantity": line["quantity"],
        "ordered": line["orderPlacedQuantity"],
        "unit_price": money.text(money.form(line, "unitPrice")),
        "subtotal": money.text(subtotal),
        "discount": money.text(subtotal - total),
        "total": money.text(total),
        "tax": money.text(tax(line, "proratedLinePrice")),
    }


def _shipping(line: Row, money: Money) -> Row:
    price, total = money.form(line, "price"), money.form(line, "discountedPrice")
    method = line["shippingMethod"]
    return {
        "id": f"shipping:{line['id']}",
        "kind": "shipping",
        "sku": method["code"],
        "name": method["name"],
        "quantity": 1,
        "unit_price": money.text(price),
        "subtotal": money.text(price),
        "discount": money.text(price - total),
        "total": money.text(total),
        "tax": money.text(tax(line, "discountedPrice")),
    }


def _surcharge(line: Row, money: Money) -> Row:
    price = money.text(money.form(line, "price"))
    return {
        "id": f"surcharge:{line['id']}",
        "kind": "fee",
        "sku": line["sku"] or None,
        "name": line["description"],
        "quantity": 1,
        "unit_price": price,
        "subtotal": price,
        "discount": money.text(0),
        "total": price,
        "tax": money.text(tax(line, "price")),
    }


def totals(row: Row, money: Money, *, paid: int, refunded: int) -> Row:
    """Each sum made of its own parts, so that the invariant of canonical-model.md can fail if one is not understood."""

    def summed(rows: Sequence[Row], name: str) -> int:
        return sum(money.form(one, name) for one in rows)

    items, shipping = row["lines"], row["shippingLines"]
    before, after = summed(items, "linePrice"), summed(items, "discountedLinePrice")
    of_order = after - summed(items, "proratedLinePrice")
    of_shipping = summed(shipping, "price") - summed(shipping, "discountedPrice")
    grand = int(row["totalWithTax"])
    amounts = {
        "items_subtotal": before,
        "item_discounts": before - after,
        "order_discounts": of_order + of_shipping,
        "shipping": summed(shipping, "price"),
        "fees": summed(row["surcharges"], "price"),
        "tax": tax(row, "total"),
        "grand_total": grand,
        "paid": paid,
        "refunded": refunded,
        "outstanding": grand - paid + refunded,
    }
    return {name: money.text(amount) for name, amount in amounts.items()}


def tax_lines(row: Row, money: Money) -> list[Row]:
    """One per line that bears tax. Several taxes on one line cannot be told apart in the store's amounts: one entry."""
    found: list[Row] = []
    for prefix, rows, name in (
        ("", row["lines"], "proratedLinePrice"),
        ("shipping:", row["shippingLines"], "discountedPrice"),
        ("surcharge:", row["surcharges"], "price"),
    ):
        for line in rows:
            taxes = line.get("taxLines") or []
            amount = tax(line, name)
            if not amount and not taxes:
                continue
            rate = sum((Decimal(str(one["taxRate"])) for one in taxes), Decimal(0))
            found.append(
                {
                    "owner": f"{prefix}{line['id']}",
                    "name": " + ".join(str(one["description"]) for one in taxes) or None,
                    "rate": f"{rate / 100:f}" if taxes else None,
                    "amount": money.text(amount),
                    "included": money.gross,
                }
            )
    return found


def discounts(row: Row, money: Money) -> list[Row]:
    """Of single lines by line, of shipping by shipping line; what was spread over the order is one entry again."""
    codes = {f"PROMOTION:{one['id']}": one["couponCode"] for one in row["promotions"]}
    found: list[Row] = []
    spread: dict[str, Row] = {}
    for prefix, rows in (("", row["lines"]), ("shipping:", row["shippingLines"])):
        for line in rows:
            for one in line["discounts"]:
                amount = -money.form(one, "amount")
                entry = _discount(one, codes.get(one["adjustmentSource"]))
                if one["type"] == _WHOLE_ORDER:
                    known = spread.setdefault(
                        one["adjustmentSource"], {**entry, "owner": "order", "value": 0}
                    )
                    known["value"] += amount
                else:
                    found.append({**entry, "owner": f"{prefix}{line['id']}", "value": amount})
    return [{**one, "value": money.text(one["value"])} for one in (*found, *spread.values())]


def _discount(one: Row, code: str | None) -> Row:
    promotion = str(one["adjustmentSource"]).startswith("PROMOTION")
    method = ("code" if code else "automatic") if promotion else "manual"
    return {"kind": one["description"], "code": code, "method": method}
