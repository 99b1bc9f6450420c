"""What a change asks of a sale, read from its payload before anything is written. The shape: README.md, "Sales: what is
written".

Lists name the state to be reached, not acts; each parcel and refund carries a reference by which it is found again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from connectors.tryton.sale_prices import ZERO, Order, Sold
from connectors.tryton.write import flat, one_line
from hub.sdk import RecordRejected, Unsupported

PLACE = ("recipient", "company", "line1", "line2", "line3", "postal_code", "city", "country", "subdivision")
_EXTRA = ("shipping", "fees", "tip", "duties", "rounding")
_HEAD = ("party", "reference", "hub", "date", "currency", "comment", "status", "cancel_reason")
_LISTS = ("lines", "tax_lines", "discounts", "payments", "fulfilments", "refunds")
_TOTALS = ("grand_total", "order_discounts", *_EXTRA)
_KEYS = frozenset(
    {
        *(*_HEAD, *_LISTS, "taxes_included"),
        *(f"totals.{name}" for name in _TOTALS),
        *(f"{side}.{name}" for side in ("billing", "shipping") for name in PLACE),
    }
)
_PARCEL_STATES = ("pending", "shipped", "delivered", "cancelled")


class Piece(NamedTuple):
    """How much of a line: by the store's line id if the ERP has it, else by code."""

    line: str | None
    sku: str | None
    quantity: Decimal


class Parcel(NamedTuple):
    """Goods that have left. `pieces` None: all that is in no parcel yet."""

    reference: str
    status: str
    tracking: str
    shipped: date | None
    pieces: Sequence[Piece] | None


class Refund(NamedTuple):
    reference: str
    amount: Decimal
    reason: str | None
    pieces: Sequence[Piece]


class Wish(NamedTuple):
    """`head`: the plain fields that are given; `places`: billing and shipping, the parts given of each; `order`: given
    if lines are."""

    head: Mapping[str, Any]
    places: Mapping[str, Mapping[str, str | None]]
    order: Order | None
    parcels: Sequence[Parcel]
    refunds: Sequence[Refund]

    @property
    def cancelled(self) -> bool:
        return self.head.get("status") == "cancelled"


def wish(payload: Mapping[str, Any], *, currency: str | None, digits: int) -> Wish:
    """Read a payload. `currency`: that of the sale if it stands already, with its decimals.

    Raises Unsupported for what cannot be written, RecordRejected for what makes no sense.
    """
    given = flat(payload)
    for name in given:
        if name not in _KEYS:
            raise Unsupported(
                f"{name} of a sale cannot be written", fix="take its line out of the map's push"
            )
    places = {
        side: {name: one_line(given[key], key) for name in PLACE if (key := f"{side}.{name}") in given}
        for side in ("billing", "shipping")
    }
    return Wish(
        {name: _blank(given[name]) for name in _HEAD if name in given},
        {side: found for side, found in places.items() if found},
        _order(given, digits) if given.get("lines") else None,
        [_parcel(one) for one in _objects(given, "fulfilments")],
        [_refund(one, str(given.get("currency") or currency)) for one in _objects(given, "refunds")],
    )


def _blank(value: Any) -> Any:
    return None if value == "" else value


def day(value: Any, what: str) -> date | None:
    """The day of an ISO date or instant. Raises RecordRejected."""
    if value is None or value == "":
        return None
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        raise RecordRejected(f"{what}: {value!r} is no date") from None


def _order(given: Mapping[str, Any], digits: int) -> Order:
    taxes, amounts = _taxes(given)
    sold = [_sold(one, taxes) for one in _objects(given, "lines")]
    kinds = {one.kind for one in sold}
    apart = {"shipping": "shipping", "fees": "fee", "tip": "tip"}
    extra = {
        name: number(given[key], key)
        for name in _EXTRA
        if given.get(key := f"totals.{name}") and apart.get(name) not in kinds
    }
    off = number(given.get("totals.order_discounts") or 0, "order_discounts")
    included = bool(given.get("taxes_included"))
    total = _maybe(given.get("totals.grand_total"), "grand_total")
    if off and total is not None:
        # Some stores spread it over the lines, others take it off behind them: the total tells which.
        made = sum((one.total + (ZERO if included else one.tax or ZERO) for one in sold), ZERO)
        over = made + sum(extra.values(), ZERO) - total
        if abs(over - off) < abs(over):
            extra["order_discounts"] = -off
    return Order(
        [one for one in sold if one.quantity],
        included,
        digits,
        total,
        extra,
        {name: taxes[name] for name in extra if name in taxes},
        {name: amounts[name] for name in extra if name in amounts},
    )


def _taxes(given: Mapping[str, Any]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Rates and amounts by owner, as far as they are said."""
    rates: dict[str, Decimal] = {}
    amounts: dict[str, Decimal] = {}
    for one in _objects(given, "tax_lines"):
        owner = str(one.get("owner") or "order")
        for found, key in ((rates, "rate"), (amounts, "amount")):
            if one.get(key) is not None:
                found[owner] = found.get(owner, ZERO) + number(one[key], f"{key} of a tax")
    return rates, amounts


def _sold(one: Mapping[str, Any], taxes: Mapping[str, Decimal]) -> Sold:
    id = _text(one.get("id"))
    name = str(one.get("name") or one.get("sku") or one.get("kind") or "")
    quantity = number(one.get("quantity", 1), f'quantity of "{name}"')
    price = _maybe(one.get("unit_price"), f'unit price of "{name}"')
    subtotal = _maybe(one.get("subtotal"), f'subtotal of "{name}"')
    total = _maybe(one.get("total"), f'total of "{name}"')
    off = _maybe(one.get("discount"), f'discount of "{name}"') or ZERO
    if subtotal is None:
        subtotal = total + off if total is not None else (price or ZERO) * quantity
    if total is None:
        total = subtotal - off
    if quantity < 0:
        raise RecordRejected(f'the line "{name}" has a quantity below zero')
    tax = _maybe(one.get("tax"), f'tax of "{name}"')
    rate = taxes.get(id or "", taxes.get("order"))
    kind = str(one.get("kind") or "product")
    return Sold(
        kind,
        id,
        _text(one.get("sku")),
        name,
        quantity,
        _text(one.get("unit")),
        price,
        subtotal,
        total,
        tax,
        rate,
    )


def _parcel(one: Mapping[str, Any]) -> Parcel:
    status = str(one.get("status") or "shipped")
    if status not in _PARCEL_STATES:
        raise RecordRejected(f'a fulfilment has no status "{status}"', fix=f"use {', '.join(_PARCEL_STATES)}")
    codes = one.get("tracking") or []
    codes = [codes] if isinstance(codes, str) else codes
    pieces = _pieces(one, "fulfilment") if one.get("lines") is not None else None
    shipped = day(one.get("shipped"), "shipped")
    return Parcel(
        _reference(one, "fulfilment"), status, ", ".join(str(code) for code in codes), shipped, pieces
    )


def _refund(one: Mapping[str, Any], currency: str) -> Refund:
    amount = number(one.get("amount"), "amount of a refund")
    if amount <= 0:
        raise RecordRejected(f"a refund cannot have the amount {amount}")
    if one.get("currency") not in (None, "", currency):
        raise RecordRejected(f"the refund is in {one['currency']}, the sale in {currency}")
    reason = one_line(one.get("reason"), "reason")
    return Refund(_reference(one, "refund"), amount, reason, _pieces(one, "refund"))


def _reference(one: Mapping[str, Any], what: str) -> str:
    found = one_line(one.get("reference"), "reference")
    if not found:
        raise RecordRejected(f"a {what} needs a reference, or it could be made twice")
    return found


def _pieces(one: Mapping[str, Any], what: str) -> list[Piece]:
    found = []
    for piece in _objects(one, "lines"):
        quantity = number(piece.get("quantity"), f"quantity in a {what}")
        if quantity > 0:
            found.append(Piece(_text(piece.get("line")), _text(piece.get("sku")), quantity))
    return found


def _objects(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = given.get(name) or []
    if not isinstance(found, list | tuple) or not all(isinstance(one, Mapping) for one in found):
        raise RecordRejected(f"{name} is not a list of objects")
    return list(found)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _maybe(value: Any, what: str) -> Decimal | None:
    return None if value is None or value == "" else number(value, what)


def number(value: Any, what: str) -> Decimal:
    """An exact number from text or an integer. Raises RecordRejected."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or isinstance(value, bool):
        raise RecordRejected(f"{what}: {value!r} is no number")
    return found
