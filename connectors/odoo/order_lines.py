"""From the lines of a hub order to lines of a sale order that Odoo adds up to the same amounts.

Odoo computes totals by itself, from unit price, quantity, discount and taxes: the art is to choose these so that its
sum is ours to the cent. What it made of them is compared afterwards (order_write.py); nothing is trusted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple

from connectors.odoo.rpc import Row
from hub.sdk import RecordRejected

_PERCENT = Decimal("0.01")
_ZERO = Decimal(0)
_EVER = Decimal("0.01")


class Piece(NamedTuple):
    """A line to be: `code` of its product, amounts without tax, and the tax on them."""

    kind: str
    code: str | None
    name: str
    quantity: Decimal
    subtotal: Decimal
    net: Decimal
    tax: Decimal


class Books(NamedTuple):
    """What Odoo counts with. `digits`: decimals of a unit price; `cent`: the currency's smallest unit."""

    taxes: Sequence[Row]
    tax_field: str
    digits: int
    cent: Decimal


def pieces(payload: Mapping[str, Any]) -> list[Piece]:
    """The order's lines; shipping, fees, tips and discounts as further ones where only the totals tell them."""
    listed = payload.get("lines")
    if (
        not isinstance(listed, list | tuple)
        or not listed
        or not all(isinstance(one, Mapping) for one in listed)
    ):
        raise RecordRejected("an order without lines cannot be made in Odoo")
    gross = bool(payload.get("taxes_included"))
    found = [_piece(one, gross=gross) for one in listed if one.get("kind") != "bundle_child"]
    return [*found, *_rest(payload, found, gross=gross)]


def _piece(line: Mapping[str, Any], *, gross: bool) -> Piece:
    total, tax = amount(line.get("total")), amount(line.get("tax"))
    subtotal = amount(line.get("subtotal")) if line.get("subtotal") is not None else total
    quantity = amount(line.get("quantity", 1))
    if line.get("total") is None:
        subtotal = amount(line.get("unit_price")) * quantity
        total = subtotal - amount(line.get("discount"))
    net = total - tax if gross else total
    before = subtotal - tax if gross and subtotal == total else subtotal
    if gross and subtotal != total:
        before = subtotal * net / total if total else subtotal
    name = str(line.get("name") or line.get("sku") or line.get("kind") or "")
    kind = str(line.get("kind") or "product")
    return Piece(kind, str(line["sku"]) if line.get("sku") else None, name, quantity, before, net, tax)


def _rest(payload: Mapping[str, Any], found: Sequence[Piece], *, gross: bool) -> list[Piece]:
    """What the totals hold beyond the lines, each with its share of the tax that no line bears."""
    totals = payload.get("totals") or {}
    spare = amount(totals.get("tax")) - sum((one.tax for one in found), _ZERO)
    here = {one.kind for one in found}
    extra: list[tuple[str, str, Decimal]] = []
    for kind, name in (("shipping", "Shipping"), ("fee", "Fees"), ("tip", "Tip"), ("duties", "Duties")):
        value = amount(totals.get({"fee": "fees"}.get(kind, kind)))
        if value and kind not in here:
            extra.append((kind, name, value))
    if off := amount(totals.get("order_discounts")):
        extra.append(("discount", "Discount", -off))
    if rounding := amount(totals.get("rounding")):
        extra.append(("rounding", "Rounding", rounding))
    if not extra:
        return []
    bearers = [one for one in extra if one[0] not in ("tip", "rounding", "duties")] or extra
    result = []
    for one in extra:
        # One bearer takes the tax; several cannot be told apart, and the comparison afterwards will say so.
        tax = spare if bearers and one == bearers[0] else _ZERO
        net = one[2] - tax if gross else one[2]
        result.append(Piece(one[0], None, one[1], Decimal(1), net, net, tax))
    return result


def amount(value: Any) -> Decimal:
    """A decimal of ours, plain or `{amount, currency}`."""
    if isinstance(value, Mapping):
        value = value.get("amount")
    if value in (None, ""):
        return _ZERO
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise RecordRejected(f"{value!r} is no amount") from None
    if not found.is_finite():
        raise RecordRejected(f"{value!r} is no amount")
    return found


def line_values(
    piece: Piece, product: int, *, books: Books, own_taxes: Sequence[int]
) -> list[dict[str, Any]]:
    """The values of the sale order line, or of the two that a price which does not divide takes."""
    tax = _tax(piece, books, own_taxes)
    inside = bool(tax and tax.get("price_include"))
    whole = piece.net + piece.tax if inside else piece.net
    common: dict[str, Any] = {
        "product_id": product,
        "name": piece.name,
        "discount": 0.0,
        books.tax_field: [[6, 0, [tax["id"]] if tax else []]],
    }
    before = piece.subtotal + (piece.tax * piece.subtotal / piece.net if inside and piece.net else _ZERO)
    return [
        {**common, "product_uom_qty": float(count), "price_unit": float(price), "discount": float(share)}
        for count, price, share in _prices(piece.quantity, before, whole, books=books)
    ]


def _prices(
    quantity: Decimal, before: Decimal, whole: Decimal, *, books: Books
) -> list[tuple[Decimal, Decimal, Decimal]]:
    """(quantity, unit price, discount in percent) whose sums are `whole`."""
    step = Decimal(1).scaleb(-books.digits)
    if not quantity:
        return [(quantity, _ZERO, _ZERO)]
    if before != whole and before > 0:
        unit = (before / quantity).quantize(step, ROUND_HALF_UP)
        share = ((before - whole) * 100 / before).quantize(_PERCENT, ROUND_HALF_UP)
        if (unit * quantity * (100 - share) / 100).quantize(books.cent, ROUND_HALF_UP) == whole:
            return [(quantity, unit, share)]
    unit = (whole / quantity).quantize(step, ROUND_HALF_UP)
    if (unit * quantity).quantize(books.cent, ROUND_HALF_UP) == whole or quantity <= 1:
        return [(quantity, unit, _ZERO)]
    low = (whole / quantity).quantize(step, ROUND_DOWN)
    most = quantity - 1
    return [(most, low, _ZERO), (Decimal(1), whole - low * most, _ZERO)]


def _tax(piece: Piece, books: Books, own: Sequence[int]) -> Row | None:
    """The tax of the books that makes this amount: the product's own first, then those with the tax in the price."""
    if not piece.tax:
        return None
    slack = max(books.cent, _EVER)
    fitting = [
        one
        for one in books.taxes
        if one.get("active", True)
        and one.get("amount_type") == "percent"
        and abs(piece.net * Decimal(str(one["amount"])) / 100 - piece.tax) <= slack
    ]
    if not fitting:
        rate = piece.tax * 100 / piece.net if piece.net else _ZERO
        raise RecordRejected(
            f'Odoo has no sales tax of about {rate:.2f} %, which "{piece.name}" bears',
            fix="make that tax in Odoo (type: sales, a percentage of the price)",
        )

    def rank(one: Row) -> tuple[bool, bool, Decimal]:
        off = abs(piece.net * Decimal(str(one["amount"])) / 100 - piece.tax)
        return (one["id"] not in own, not one.get("price_include"), off)

    return min(fitting, key=rank)
