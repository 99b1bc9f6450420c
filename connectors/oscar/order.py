"""An order as one record: the list's row, its lines, what was sold, and the sums that belong together.

Amounts are taken with tax, as Oscar adds them up. What an offer or voucher says it gave is not what a line fell by
(16.35 against 19.30, seen 2026-11-24 with net prices); the lines say what the totals are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.oscar.rest import Row, identity, linked_id
from hub.sdk import RecordRejected, RemoteRecord

PATH = "admin/orders/"

# Where they are shown, not what they are: a shop reached by another name has not changed its orders.
_ADDRESSES_OF_PAGES = ("url", "lines", "payment_url", "basket")
_SNAPSHOTS = ("billing_address", "shipping_address")
_NEEDED = ("total_incl_tax", "total_excl_tax", "shipping_incl_tax", "shipping_excl_tax", "currency")

Product = Mapping[str, Any]
Goods = Callable[[str], Product]
"""The product with this id as the API shows it now; empty if it is not there any more."""


def record(row: Row, lines: Sequence[Row], *, goods: Goods) -> RemoteRecord:
    """Raises RecordRejected for an order that does not show what its totals are made of."""
    missing = [name for name in _NEEDED if row.get(name) in (None, "")]
    if missing:
        raise RecordRejected(
            f"the order does not show {', '.join(missing)}", fix="keep them in OSCARAPI_ORDER_FIELDS"
        )
    id = identity(row)
    raw: dict[str, Any] = {"id": id}
    raw |= {name: value for name, value in row.items() if name not in (*_ADDRESSES_OF_PAGES, "id")}
    raw["owner"] = linked_id(row.get("owner"))
    for name in _SNAPSHOTS:
        raw[name] = _snapshot(row.get(name))
    raw["lines"] = [_line(one, goods=goods) for one in lines]
    surcharges = [one for one in row.get("surcharges") or () if isinstance(one, dict)]
    raw["totals"] = _totals(row, raw["lines"], surcharges)
    raw["taxes"] = _taxes(row, raw["lines"], surcharges)
    raw["discounts"] = _discounts(row)
    return RemoteRecord(id, raw)


def _snapshot(address: Any) -> dict[str, Any] | None:
    """The address as it was given; its own number and what is only for searching left out."""
    if not isinstance(address, dict):
        return None
    kept = {name: value for name, value in address.items() if name not in ("id", "search_text")}
    return {**kept, "country": linked_id(address.get("country"))}


def _line(row: Row, *, goods: Goods) -> dict[str, Any]:
    product = linked_id(row.get("product"))
    stock = linked_id(row.get("stockrecord"))
    sold = goods(product) if product else {}
    before, after = _amount(row, "price_incl_tax_excl_discounts"), _amount(row, "price_incl_tax")
    return {
        **{name: value for name, value in row.items() if name not in ("url", "order", "attributes")},
        "id": identity(row),
        "product": product,
        "stockrecord": stock,
        "sku": row.get("partner_sku") or _sku(sold, stock),
        "upc": row.get("upc") or sold.get("upc"),
        "name": row.get("title") or sold.get("title"),
        "options": [str(one.get("value")) for one in row.get("attributes") or () if isinstance(one, dict)],
        "unit_price": _unit_price(before, row.get("quantity")),
        "discount": str(before - after),
        "tax": str(after - _amount(row, "price_excl_tax")),
    }


def _sku(product: Product, stock: str | None) -> str | None:
    """The seller's number: that of the stock record that was sold from."""
    for one in product.get("stockrecords") or ():
        if isinstance(one, dict) and stock is not None and linked_id(one.get("url")) == stock:
            return str(one.get("partner_sku"))
    return None


def _unit_price(before: Decimal, quantity: Any) -> str | None:
    """What one costs, where that is a whole number of cents: the API shows the line's price only."""
    if not isinstance(quantity, int) or quantity < 1:
        return None
    price = (before / quantity).quantize(Decimal("0.01"))
    return str(price) if price * quantity == before else None


def _totals(row: Row, lines: Sequence[Row], surcharges: Sequence[Row]) -> dict[str, str]:
    zero = Decimal("0.00")
    return {
        "items": str(sum((_amount(one, "price_incl_tax_excl_discounts") for one in lines), zero)),
        "discounts": str(sum((Decimal(one["discount"]) for one in lines), zero)),
        "shipping": str(_amount(row, "shipping_incl_tax")),
        "surcharges": str(sum((_amount(one, "incl_tax") for one in surcharges), zero)),
        "tax": str(_amount(row, "total_incl_tax") - _amount(row, "total_excl_tax")),
        "grand": str(_amount(row, "total_incl_tax")),
    }


def _taxes(row: Row, lines: Sequence[Row], surcharges: Sequence[Row]) -> list[dict[str, str]]:
    """The tax in each part of the order; its rate the API does not tell."""
    parts = [(str(one["id"]), Decimal(one["tax"])) for one in lines]
    parts.append(("shipping", _amount(row, "shipping_incl_tax") - _amount(row, "shipping_excl_tax")))
    parts += [("order", _amount(one, "incl_tax") - _amount(one, "excl_tax")) for one in surcharges]
    return [{"owner": owner, "amount": str(amount)} for owner, amount in parts if amount]


def _discounts(row: Row) -> list[dict[str, Any]]:
    """Which offers and vouchers were used, with what they say they gave."""
    found: list[dict[str, Any]] = []
    for kind in ("offer", "voucher"):
        for one in row.get(f"{kind}_discounts") or ():
            if isinstance(one, dict):
                code = (one.get("voucher") or {}).get("code")
                amount = str(_amount(one, "amount"))
                found.append({"kind": kind, "name": one.get("name"), "code": code, "amount": amount})
    return found


def _amount(row: Row, name: str) -> Decimal:
    given = row.get(name)
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise RecordRejected(f"{name} of the order is no amount: {given!r}")
    return amount
