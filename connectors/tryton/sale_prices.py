"""From a store's amounts to the lines of a sale: net prices and tax rates with which the ERP arrives at the very same
amounts. Pure arithmetic; nothing is rounded in silence.

The ERP knows a net price per piece (four decimals) and a rate; it rounds each line's amount, and the tax by line or by
document, half to even. So a store's price with tax becomes the net price that gives its net and its tax again. Where no
price does (a tie, or tax by document), the cents between them become a line of their own without tax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from hub.sdk import RecordRejected

PRICE = Decimal("0.0001")
ZERO = Decimal(0)
Step = Callable[[Decimal], Decimal]


class Sold(NamedTuple):
    """A line as the store has it; amounts with tax if its order says so. `tax` None: the store does not say."""

    kind: str
    line: str | None
    sku: str | None
    name: str
    quantity: Decimal
    unit: str | None
    unit_price: Decimal | None
    subtotal: Decimal
    total: Decimal
    tax: Decimal | None
    rate: Decimal | None


class Order(NamedTuple):
    """What the prices of an order depend on. `extra`: totals that no line stands for, by name; discounts below zero.
    `extra_taxes`: the tax in them, where the store says that and no rate."""

    sold: Sequence[Sold]
    included: bool
    digits: int
    total: Decimal | None
    extra: Mapping[str, Decimal] = {}
    extra_rates: Mapping[str, Decimal] = {}
    extra_taxes: Mapping[str, Decimal] = {}


class Priced(NamedTuple):
    """A line for the ERP. kind: the store's word for it, `discount` or `rounding`."""

    kind: str
    line: str | None
    sku: str | None
    name: str
    quantity: Decimal
    unit: str | None
    price: Decimal
    rate: Decimal


def rounder(digits: int) -> Step:
    """Rounds as the ERP does, in a currency with so many decimals."""
    quantum = Decimal(1).scaleb(-digits)
    return lambda amount: amount.quantize(quantum, ROUND_HALF_EVEN)


def gross(lines: Sequence[Priced], digits: int, *, by_line: bool) -> Decimal:
    """What the ERP will say these lines cost, tax included."""
    cut = rounder(digits)
    net = sum((cut(one.quantity * one.price) for one in lines), ZERO)
    taxes: dict[Decimal, Decimal] = {}
    for one in lines:
        tax = one.quantity * one.price * one.rate
        taxes[one.rate] = taxes.get(one.rate, ZERO) + (cut(tax) if by_line else tax)
    return net + sum((cut(tax) for tax in taxes.values()), ZERO)


def price_lines(order: Order, rates: Sequence[Decimal], *, by_line: bool) -> list[Priced]:
    """The ERP's lines. `rates`: those it has taxes of, for lines whose store does not say theirs; `by_line`: it rounds
    taxes so.

    Raises RecordRejected where the order's own amounts do not add up to its total, with the difference.
    """
    cut = rounder(order.digits)
    found: list[Priced] = []
    said = ZERO
    for sold in order.sold:
        lines = _line(sold, order.included, cut, rates=rates)
        net, tax = _parts(sold.total, sold.tax, lines[0].rate, included=order.included, cut=cut)
        said += net + tax
        found += lines
    for name, amount in order.extra.items():
        if amount:
            sold = _extra(name, amount, order, found)
            found += _line(sold, order.included, cut, rates=rates)
            said += sum(_parts(amount, sold.tax, found[-1].rate, included=order.included, cut=cut))
    total = said if order.total is None else order.total
    if said != total:
        raise RecordRejected(
            f"the lines of the order make {said}, its total is {total}: a difference of {total - said}",
            fix="correct the order where it was placed, or make the sale by hand",
        )
    cents = total - gross(found, order.digits, by_line=by_line)
    if cents:
        found.append(Priced("rounding", None, None, "Rounding", Decimal(1), None, cents, ZERO))
    return found


def _line(sold: Sold, included: bool, cut: Step, *, rates: Sequence[Decimal]) -> list[Priced]:
    rate = _rate(sold, included, cut, rates)
    net, tax = _parts(sold.total, sold.tax, rate, included=included, cut=cut)
    wish = sold.unit_price if sold.unit_price is None or not included else sold.unit_price / (1 + rate)
    whole = Priced(sold.kind, sold.line, sold.sku, sold.name, sold.quantity, sold.unit, ZERO, rate)
    if sold.subtotal > sold.total:
        full, full_tax = _parts(sold.subtotal, None, rate, included=included, cut=cut)
        price = _fit(sold.quantity, full, full_tax, rate=rate, cut=cut, wish=wish)
        whole = whole._replace(price=_plain(sold.quantity, full) if price is None else price)
        return [whole, _cheaper(whole, net, tax, cut=cut)]
    price = _fit(sold.quantity, net, tax, rate=rate, cut=cut, wish=wish)
    return [whole._replace(price=_plain(sold.quantity, net) if price is None else price)]


def _plain(quantity: Decimal, net: Decimal) -> Decimal:
    return (net / quantity).quantize(PRICE, ROUND_HALF_EVEN)


def _cheaper(whole: Priced, net: Decimal, tax: Decimal, *, cut: Step) -> Priced:
    """The discount with which a line comes down to these amounts, at least to their sum if any price makes that."""
    amount = whole.quantity * whole.price
    off, tax_off = net - cut(amount), tax - cut(amount * whole.rate)
    price = _fit(Decimal(1), off, tax_off, rate=whole.rate, cut=cut, wish=None)
    if price is None:
        fitting = (
            one
            for one in _near(Decimal(1), off, tax_off, rate=whole.rate, wish=None)
            if cut(one) + cut(one * whole.rate) == off + tax_off
        )
        price = next(fitting, _plain(Decimal(1), off))
    return Priced("discount", whole.line, None, whole.name, Decimal(1), None, price, whole.rate)


def _parts(
    amount: Decimal, tax: Decimal | None, rate: Decimal, *, included: bool, cut: Step
) -> tuple[Decimal, Decimal]:
    """Net and tax of an amount of the store's."""
    if not included:
        return amount, cut(amount * rate) if tax is None else tax
    net = cut(amount / (1 + rate)) if tax is None else amount - tax
    return net, amount - net


def _rate(sold: Sold, included: bool, cut: Step, rates: Sequence[Decimal]) -> Decimal:
    """The rate the store says if it makes the tax it says; else the one that does. Nothing is guessed between two."""
    if sold.tax is None:
        return sold.rate or ZERO
    if not sold.tax:
        return ZERO
    net = sold.total - sold.tax if included else sold.total
    if sold.rate is not None and abs(net * sold.rate - sold.tax) <= Decimal("0.02"):
        return sold.rate
    near = [rate for rate in sorted(set(rates)) if abs(cut(net * rate) - sold.tax) <= cut(Decimal("0.01"))]
    exact = [rate for rate in near if cut(net * rate) == sold.tax]
    fitting = exact if len(exact) == 1 else near
    if len(fitting) != 1:
        raise RecordRejected(
            f'"{sold.name}" bears a tax of {sold.tax} on {net}, and {len(fitting)} taxes of the ERP make that',
            fix="let the store say the rate (tax_lines), or have the tax in the ERP",
        )
    return fitting[0]


def _fit(
    quantity: Decimal, net: Decimal, tax: Decimal, *, rate: Decimal, cut: Step, wish: Decimal | None
) -> Decimal | None:
    """A price with which the ERP makes just these two amounts, the wished one if it does."""
    for price in _near(quantity, net, tax, rate=rate, wish=wish):
        if cut(quantity * price) == net and cut(quantity * price * rate) == tax:
            return price
    return None


def _near(
    quantity: Decimal, net: Decimal, tax: Decimal, *, rate: Decimal, wish: Decimal | None
) -> Iterator[Decimal]:
    starts = [net / quantity, (net + tax) / (1 + rate) / quantity]
    starts += [tax / rate / quantity] if rate else []
    if wish is not None:
        yield wish.quantize(PRICE, ROUND_HALF_EVEN)
    for start in starts:
        middle = start.quantize(PRICE, ROUND_HALF_EVEN)
        yield from (middle, middle + PRICE, middle - PRICE)
    if quantity == 1:  # any price that rounds to these amounts will do
        low = net.quantize(PRICE) - Decimal("0.005")
        yield from (low + PRICE * step for step in range(101))


def _extra(name: str, amount: Decimal, order: Order, found: Sequence[Priced]) -> Sold:
    """What is in the totals only, as a line."""
    kind = {"shipping": "shipping", "tip": "tip", "order_discounts": "discount"}.get(name, "fee")
    label = name.replace("_", " ").capitalize()
    tax = None if name in order.extra_rates else order.extra_taxes.get(name)
    rate = _rate_of_extra(name, order, found) if tax is None else None
    return Sold(kind, None, None, label, Decimal(1), None, None, amount, amount, tax, rate)


def _rate_of_extra(name: str, order: Order, found: Sequence[Priced]) -> Decimal:
    """The rate of what is in the totals only: its own, or the one rate that all lines have."""
    if name in order.extra_rates:
        return order.extra_rates[name]
    if name == "rounding":
        return ZERO
    rates = {one.rate for one in found}
    if len(rates) != 1:
        raise RecordRejected(
            f"nothing says at which rate the {name} of the order is taxed, and its lines have {len(rates)}",
            fix="let the store say it (tax_lines), or make the sale by hand",
        )
    return rates.pop()
