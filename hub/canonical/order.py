"""An order with all that belongs to it (canonical-model.md, "order"), and the invariant of its totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from hub.canonical.address import Address
from hub.canonical.money import CURRENCIES, Money
from hub.canonical.references import ExternalRef


@dataclass(frozen=True, slots=True)
class ProductRef:
    """What was sold, as far as an order needs to say; the hub is no product catalogue."""

    id: str | None = None
    title: str | None = None
    sku: str | None = None
    gtin: str | None = None
    external_refs: tuple[ExternalRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of an order in its currency; discounts are positive and taken off."""

    items_subtotal: Money | None = None
    item_discounts: Money | None = None
    order_discounts: Money | None = None
    shipping: Money | None = None
    fees: Money | None = None
    tax: Money | None = None
    duties: Money | None = None
    tip: Money | None = None
    rounding: Money | None = None
    grand_total: Money | None = None
    paid: Money | None = None
    refunded: Money | None = None
    outstanding: Money | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One position. subtotal is before discount, total after; kind: product, shipping, fee, gift_card, tip, …"""

    external_id: str | None = None
    position: int | None = None
    kind: str = "product"
    product_ref: ProductRef | None = None
    sku: str | None = None
    name: str | None = None
    options: tuple[str, ...] = ()
    quantity: Decimal | None = None
    quantity_fulfilled: Decimal | None = None
    quantity_refunded: Decimal | None = None
    unit: str | None = None
    unit_price: Money | None = None
    subtotal: Money | None = None
    discount_total: Money | None = None
    total: Money | None = None
    tax_total: Money | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax. owner: the line's external id, `order` or `shipping`; rate: 0.19 for 19 %."""

    owner: str | None = None
    name: str | None = None
    rate: Decimal | None = None
    amount: Money | None = None
    included: bool | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """The share of a discount that one line bears."""

    line: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Discount:
    """A reduction. method: how it came about (code, automatic, manual); percentage: 0.1 for 10 %."""

    owner: str | None = None
    kind: str | None = None
    code: str | None = None
    method: str | None = None
    percentage: Decimal | None = None
    value: Money | None = None
    allocations: tuple[Allocation, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentTransaction:
    """A movement of money; external_id is unique per connection. reference: as of a Fulfilment."""

    reference: str | None = None
    kind: str | None = None
    status: str | None = None
    gateway: str | None = None
    method: str | None = None
    amount: Money | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """How much of which line: line is its external id where the order was placed, if that is known."""

    line: str | None = None
    sku: str | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """A parcel or pick-up; status: pending, shipped, delivered or cancelled.

    reference: `<connection>:<external_id>` of the system that made it; the same wherever the hub brings it.
    """

    reference: str | None = None
    status: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    tracking: tuple[str, ...] = ()
    lines: tuple[Piece, ...] = ()
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back; status: settled or pending. reference: as of a Fulfilment; transactions: external ids."""

    reference: str | None = None
    status: str | None = None
    reason: str | None = None
    amount: Money | None = None
    lines: tuple[Piece, ...] = ()
    transactions: tuple[str, ...] = ()
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order of one system. customer_record: its customer's external id there; the customer is derived from it.

    Closed enumerations (status, payment_status, fulfilment_status) also have `unknown`; their raw word is in the
    contribution. email and phone: what a guest gave.
    """

    id: str | None = None
    connection: str | None = None
    external_id: str | None = None
    number: str | None = None
    channel: str | None = None
    customer_record: str | None = None
    email: str | None = None
    phone: str | None = None
    placed_at: datetime | None = None
    source_created_at: datetime | None = None
    source_updated_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    status: str = "unknown"
    payment_status: str = "unknown"
    fulfilment_status: str = "unknown"
    currency: str | None = None
    presentment_currency: str | None = None
    taxes_included: bool | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    po_number: str | None = None
    version: str | None = None
    totals: Totals = Totals()
    test: bool | None = None
    lines: tuple[Line, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()
    discounts: tuple[Discount, ...] = ()
    payments: tuple[PaymentTransaction, ...] = ()
    fulfilments: tuple[Fulfilment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    external_refs: tuple[ExternalRef, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)


_ADDED = ("shipping", "fees", "tip", "duties", "rounding")
_TAKEN = ("item_discounts", "order_discounts")
_APART = {"shipping": "shipping", "fee": "fees", "tip": "tip"}
"""Kinds of lines that a total of their own counts."""


def totals_difference(order: Order | Mapping[str, Any]) -> Decimal:
    """grand_total minus what the other totals make of it; 0 if they agree or too little is known to say.

    Takes an Order or its flat values. items + shipping + fees + tip + duties + (tax when not included) − discounts
    + rounding = grand_total (canonical-model.md, "order"). Without items_subtotal the lines are summed; a total that
    is not given counts as nothing; if it is not known whether prices include tax, either will do. Nothing is said
    of totals in different currencies.
    """
    totals, lines, included = _of_order(order) if isinstance(order, Order) else _of_values(order)
    grand = totals.get("grand_total")
    items = totals.get("items_subtotal") or _sum_of(lines, totals)
    if grand is None or items is None:
        return Decimal(0)
    tax = totals.get("tax")
    parts = [(items, 1)]
    parts += [(found, 1) for name in _ADDED if (found := totals.get(name))]
    parts += [(found, -1) for name in _TAKEN if (found := totals.get(name))]
    if any(
        money.currency != grand.currency
        for money in [*(money for money, _ in parts), *([tax] if tax else [])]
    ):
        return Decimal(0)
    without = grand.amount - sum((money.amount * sign for money, sign in parts), Decimal(0))
    plus_tax = without - (tax.amount if tax else 0)
    if included is None and 0 in (without, plus_tax):
        return Decimal(0)
    return without if included else plus_tax


class _Line(NamedTuple):
    """What a line adds up to, and of which kind it is."""

    kind: str
    amount: Money | None


def _of_order(order: Order) -> tuple[dict[str, Money], list[_Line], bool | None]:
    totals = {name: found for name in Totals.__slots__ if (found := getattr(order.totals, name)) is not None}
    lines = [_Line(line.kind, _amount(line.subtotal, line.unit_price, line.quantity)) for line in order.lines]
    return totals, lines, order.taxes_included


def _of_values(values: Mapping[str, Any]) -> tuple[dict[str, Money], list[_Line], bool | None]:
    totals = {
        path.removeprefix("totals."): Money.from_json(value)
        for path, value in values.items()
        if value and path.startswith("totals.")
    }
    lines = [
        _Line(
            line.get("kind", "product"),
            _amount(
                _money(line.get("subtotal")), _money(line.get("unit_price")), _number(line.get("quantity"))
            ),
        )
        for line in values.get("lines") or ()
    ]
    return totals, lines, values.get("taxes_included")


def _money(value: Any) -> Money | None:
    return Money.from_json(value) if value else None


def _number(value: Any) -> Decimal | None:
    return Decimal(value) if value is not None else None


def _amount(subtotal: Money | None, price: Money | None, quantity: Decimal | None) -> Money | None:
    if subtotal is not None or price is None:
        return subtotal
    exact = price.amount * (Decimal(1) if quantity is None else quantity)
    unit = Decimal(1).scaleb(-CURRENCIES[price.currency])
    return Money(exact.quantize(unit, ROUND_HALF_UP), price.currency)


def _sum_of(lines: list[_Line], totals: Mapping[str, Money]) -> Money | None:
    """The sum of the lines; None if there are none, one has no amount, or they differ in currency."""
    counted = [line.amount for line in lines if _APART.get(line.kind) not in totals]
    known = [amount for amount in counted if amount is not None]
    if not known or len(known) < len(counted) or len({amount.currency for amount in known}) > 1:
        return None
    return Money(sum((amount.amount for amount in known), Decimal(0)), known[0].currency)
