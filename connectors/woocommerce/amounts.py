"""The amounts of an order: lines, taxes, discounts, totals.

The API gives every amount without tax, and its tax beside it. Where the store's prices include tax, the sum of both is
taken throughout, for that is what the customer saw; else the first. Lines are rounded one by one and totals are not
always made of them, so a few of the smallest units may lie between: `rounding` has them. A difference beyond what
rounding can make is left to be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.woocommerce.record import meta
from connectors.woocommerce.rest import Row
from hub.sdk import RecordRejected

ZERO = Decimal(0)
_KINDS = (("line_items", "product"), ("shipping_lines", "shipping"), ("fee_lines", "fee"))
_ITEM_OF_REFUND = "_refunded_item_id"
_PRICE_DIGITS = Decimal("0.000001")


def amount(row: Mapping[str, Any], name: str) -> Decimal:
    """An amount of theirs; nothing for a blank. Raises RecordRejected for what is no number."""
    given = row.get(name)
    if given is None or given == "":
        return ZERO
    try:
        found = Decimal(str(given).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(given, bool) or not found.is_finite():
        raise RecordRejected(f"{name} of the order is no amount: {given!r}")
    return found


def rows(order: Row, name: str) -> list[Row]:
    found = order.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def gross(order: Row) -> bool:
    return bool(order.get("prices_include_tax"))


def text(value: Decimal) -> str:
    return f"{value:f}"


def lines(order: Row, refunds: Sequence[Row]) -> list[Row]:
    """Products, then shipping and fees as lines of their own."""
    back = _returned(refunds)
    found: list[Row] = []
    for name, kind in _KINDS:
        for row in rows(order, name):
            found.append({"position": len(found) + 1, "kind": kind, **_line(order, row, back)})
    return found


def _line(order: Row, row: Row, back: Mapping[str, Decimal]) -> Row:
    id = str(row["id"])
    total = _with_tax(order, row, "total", "total_tax")
    before = _with_tax(order, row, "subtotal", "subtotal_tax") if "subtotal" in row else total
    quantity = amount(row, "quantity") if "quantity" in row else Decimal(1)
    product = row.get("variation_id") or row.get("product_id")
    return {
        "id": id,
        "product": str(product) if product else None,
        "sku": row.get("sku") or None,
        "gtin": row.get("global_unique_id") or None,
        "name": row.get("name") or row.get("method_title") or None,
        "method": row.get("method_id") or None,
        "options": _options(row),
        "quantity": text(quantity),
        "refunded": text(back.get(id, ZERO)),
        "unit_price": text(_unit(before, quantity)) if quantity else None,
        "subtotal": text(before),
        "discount": text(before - total),
        "total": text(total),
        "tax": text(amount(row, "total_tax")),
        "tax_class": row.get("tax_class") or None,
        "meta": meta(row.get("meta_data")),
    }


def _options(row: Row) -> list[str]:
    """What the customer chose, in the store's words; keys with an underscore are for machines."""
    found: list[str] = []
    for one in rows(row, "meta_data"):
        key, shown = one.get("display_key"), one.get("display_value")
        if isinstance(key, str) and isinstance(shown, str) and shown and not key.startswith("_"):
            found.append(f"{key}: {shown}")
    return found


def _unit(total: Decimal, quantity: Decimal) -> Decimal:
    price = (total / quantity).quantize(_PRICE_DIGITS)
    return price.quantize(Decimal("0.01")) if price == price.quantize(Decimal("0.01")) else price.normalize()


def _with_tax(order: Row, row: Row, name: str, tax: str) -> Decimal:
    return amount(row, name) + (amount(row, tax) if gross(order) else ZERO)


def _returned(refunds: Iterable[Row]) -> dict[str, Decimal]:
    """How many of each line were given back; refunds count below zero."""
    found: dict[str, Decimal] = {}
    for refund in refunds:
        for one in refunded_lines(refund):
            found[one["line"]] = found.get(one["line"], ZERO) + Decimal(one["quantity"])
    return found


def refunded_lines(refund: Row) -> list[Row]:
    found: list[Row] = []
    for row in rows(refund, "line_items"):
        item = meta(row.get("meta_data")).get(_ITEM_OF_REFUND)
        quantity = abs(amount(row, "quantity"))
        if item and quantity:
            found.append({"line": str(item), "quantity": text(quantity)})
    return found


def tax_lines(order: Row) -> list[Row]:
    """The taxes of each line, where the lines tell them all; else those of the whole order."""
    known = {str(one.get("rate_id")): one for one in rows(order, "tax_lines")}
    found = list(_line_taxes(order, known))
    told = sum((Decimal(one["amount"]) for one in found), ZERO)
    items = sum((amount(row, "total_tax") for name, _ in _KINDS for row in rows(order, name)), ZERO)
    if found and abs(told - items) <= unit(order) * len(found):
        return found
    return [
        _tax("order", one, amount(one, "tax_total") + amount(one, "shipping_tax_total"), order)
        for one in known.values()
    ]


def _line_taxes(order: Row, known: Mapping[str, Row]) -> Iterator[Row]:
    for name, _ in _KINDS:
        for row in rows(order, name):
            for one in rows(row, "taxes"):
                value = amount(one, "total")
                if value:
                    yield _tax(str(row["id"]), known.get(str(one.get("id"))) or {}, value, order)


def _tax(owner: str, rate: Row, value: Decimal, order: Row) -> Row:
    percent = rate.get("rate_percent")
    return {
        "owner": owner,
        "name": rate.get("label") or rate.get("rate_code") or None,
        "rate": text((amount(rate, "rate_percent") / 100).normalize()) if percent is not None else None,
        "amount": text(value),
        "included": gross(order),
    }


def discounts(order: Row) -> list[Row]:
    """The coupons used, with what each took off."""
    return [
        {
            "owner": "order",
            "kind": "coupon",
            "code": one.get("code") or None,
            "method": "code",
            "value": text(_with_tax(order, one, "discount", "discount_tax")),
        }
        for one in rows(order, "coupon_lines")
    ]


def totals(order: Row, found: Sequence[Row], *, refunded: Decimal) -> Row:
    """Named as ours. `found`: the lines as `lines` gives them."""

    def summed(kind: str, name: str) -> Decimal:
        return sum((Decimal(one[name]) for one in found if one["kind"] == kind), ZERO)

    grand, tax = amount(order, "total"), amount(order, "total_tax")
    items, taken = summed("product", "subtotal"), _with_tax(order, order, "discount_total", "discount_tax")
    shipping, fees = _with_tax(order, order, "shipping_total", "shipping_tax"), summed("fee", "total")
    paid = grand if order.get("date_paid") or order.get("date_paid_gmt") else ZERO
    between = grand - (items + shipping + fees + (ZERO if gross(order) else tax) - taken)
    parts = len(found) * 2 + len(rows(order, "tax_lines")) + len(rows(order, "coupon_lines"))
    return {
        "items": text(items),
        "discounts": text(taken),
        "shipping": text(shipping),
        "fees": text(fees),
        "tax": text(tax),
        "rounding": text(between if abs(between) <= unit(order) * parts else ZERO),
        "grand": text(grand),
        "paid": text(paid),
        "refunded": text(refunded),
        "outstanding": text(grand - paid),
    }


def unit(order: Row) -> Decimal:
    """The smallest amount the store shows: 0.01, or 1 where it shows no decimals."""
    exponent = amount(order, "total").as_tuple().exponent
    return Decimal(1).scaleb(min(exponent if isinstance(exponent, int) else -2, 0))
